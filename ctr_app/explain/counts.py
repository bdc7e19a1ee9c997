"""Interactions by counts: what the label's two-way tables hold beyond main effects, without any model."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..data.arrays import EncodedRows
from ..data.batch import FieldLayout
from .bins import quantile_bins
from .pairs import pair_frame

MAX_VALUES = 64


def by_counts(layout: FieldLayout, rows: EncodedRows) -> pd.DataFrame:
    """Residual of the two-way click-rate table after main effects, above what chance would leave; in CTR (RMS).

    Numeric fields are cut into eight quantile bins, a sequence is its most recent item, and the values beyond the 63
    most frequent are taken as one. From each cell's squared residual its expected sampling variance is taken off, so
    that a pair of many rare cells does not win by noise.
    """
    names = layout.field_names
    codes = [_codes(layout, rows, name) for name in names]
    labels = np.asarray(rows.labels, dtype=np.float64)
    strengths = np.zeros((len(names), len(names)))
    for i in range(len(names)):
        for j in range(i + 1, len(names)):
            strengths[i, j] = strengths[j, i] = _residual(codes[i], codes[j], labels)
    return pair_frame(names, strengths)


def _codes(layout: FieldLayout, rows: EncodedRows, name: str) -> np.ndarray:
    """int (n,) codes 0..K-1 of one field."""
    if name in layout.numeric:
        return quantile_bins(np.asarray(rows.numeric[:, layout.numeric.index(name)]))
    if name in layout.categorical:
        ids = np.asarray(rows.categorical[:, layout.categorical.index(name)])
    else:
        sequence = np.asarray(rows.sequences[name])
        last = np.maximum((sequence > 0).sum(axis=1) - 1, 0)
        ids = sequence[np.arange(len(sequence)), last]
    _, codes, counts = np.unique(ids, return_inverse=True, return_counts=True)
    rank = np.argsort(np.argsort(-counts, kind="stable"), kind="stable")
    return np.minimum(rank, MAX_VALUES - 1)[codes]


def _residual(a: np.ndarray, b: np.ndarray, labels: np.ndarray) -> float:
    """Weighted RMS of the table's rates minus their additive fit, less the variance that sampling explains."""
    shape = (int(a.max()) + 1, int(b.max()) + 1)
    cells = a * shape[1] + b
    counts = np.bincount(cells, minlength=shape[0] * shape[1]).reshape(shape).astype(np.float64)
    rates = np.bincount(cells, weights=labels, minlength=counts.size).reshape(shape) / np.maximum(counts, 1.0)
    fit = _additive_fit(rates, counts)
    weight = counts.sum()
    explained = (counts * (rates - fit) ** 2).sum() / weight
    clipped = np.clip(fit, 0.0, 1.0)
    free_cells = max(0, int((counts > 0).sum()) - sum(shape) + 1)
    share = free_cells / max(1, int((counts > 0).sum()))
    chance = share * ((counts > 0) * clipped * (1 - clipped)).sum() / weight
    return float(np.sqrt(max(0.0, explained - chance)))


def _additive_fit(rates: np.ndarray, counts: np.ndarray, rounds: int = 20) -> np.ndarray:
    """Weighted least-squares fit of row plus column effects, by backfitting."""
    rows, columns = np.zeros(len(rates)), np.zeros(rates.shape[1])
    by_row, by_column = np.maximum(counts.sum(axis=1), 1.0), np.maximum(counts.sum(axis=0), 1.0)
    for _ in range(rounds):
        rows = (counts * (rates - columns[None, :])).sum(axis=1) / by_row
        columns = (counts * (rates - rows[:, None])).sum(axis=0) / by_column
    return rows[:, None] + columns[None, :]
