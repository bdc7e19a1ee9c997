"""Interactions by counts: what the label's two-way tables hold beyond main effects, without any model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..data.arrays import EncodedRows
from ..data.batch import FieldLayout
from .codes import field_codes
from .pairs import pair_frame

RIDGE = 0.05  # a value that was never clicked has no finite logit of its own
MOST_ROUNDS, LARGEST_STEP, CLOSE = 30, 3.0, 1e-8
MOST_ROWS = 1_000_000


def by_counts(layout: FieldLayout, rows: EncodedRows, most_rows: int = MOST_ROWS) -> pd.DataFrame:
    """Residual of each two-way label table after main effects on the logit scale, above chance; in logits (RMS).

    Main effects are a logistic regression on the two fields' values (``main_effects``). What a cell holds beyond it,
    in logits to first order, is the efficient score e / i, with e the residual of its sum of labels and i = n p (1 - p)
    its information. The strength is the root of the mean of (e / i)^2 weighted by i, less what sampling explains: the
    root of (Pearson's chi-square - its expectation) / information (McCullagh & Nelder 1989, section 4.4).

    Numeric fields are cut into eight quantile bins, a sequence is its most recent item, and the values beyond the 63
    most frequent are taken as one. Labels may be probabilities; row weights count. Of more than ``most_rows`` rows a
    random sample is taken, the same one each time.
    """
    names, data = layout.field_names, _sampled(layout, rows, most_rows)
    strengths = np.zeros((len(names), len(names)))
    for i in range(len(names)):
        for j in range(i + 1, len(names)):
            strengths[i, j] = strengths[j, i] = residual(data.table(i, j))
    return pair_frame(names, strengths)


@dataclass(frozen=True)
class LabelTable:
    """The two-way table of two fields, (K_a, K_b) each: sums over rows of w, w^2, w y and w y^2.

    w are the rows' weights, 1 on average, and y their labels.
    """

    counts: np.ndarray
    squared: np.ndarray
    labels: np.ndarray
    squared_labels: np.ndarray


def residual(table: LabelTable) -> float:
    """The strength of one table, in logits (RMS); zero where nothing is left above chance."""
    total, clicks = table.counts.sum(), table.labels.sum()
    if not 0 < clicks < total:
        return 0.0
    rates = main_effects(table.counts, table.labels)
    is_seen = table.counts > 0
    counts, rates = table.counts[is_seen], rates[is_seen]
    information = counts * rates * (1 - rates)
    chi_square = ((table.labels[is_seen] - counts * rates) ** 2 / information).sum()
    return float(np.sqrt(max(0.0, chi_square - _by_chance(table, is_seen, information)) / information.sum()))


def main_effects(counts: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """CTR of each cell (K_a, K_b) by logistic regression on the row's and the column's effect, by Newton's method.

    ``counts`` and ``labels`` are sums over the cell's rows; the overall CTR is neither 0 nor 1. A weak ridge keeps
    effects finite.
    """
    mean = labels.sum() / counts.sum()
    overall = np.log(mean / (1 - mean))
    effects = np.zeros(sum(counts.shape))
    for _ in range(MOST_ROUNDS):
        rates = _rates(overall, effects, len(counts))
        step = np.clip(_newton_step(counts, labels, rates, effects), -LARGEST_STEP, LARGEST_STEP)
        effects += step
        if np.abs(step).max() < CLOSE:
            break
    return _rates(overall, effects, len(counts))


def _rates(overall: float, effects: np.ndarray, num_rows: int) -> np.ndarray:
    logits = overall + effects[:num_rows, None] + effects[None, num_rows:]
    rates: np.ndarray = 1 / (1 + np.exp(-logits))
    return rates


def _newton_step(counts: np.ndarray, labels: np.ndarray, rates: np.ndarray, effects: np.ndarray) -> np.ndarray:
    residuals, information = labels - counts * rates, counts * rates * (1 - rates)
    slopes = np.concatenate([residuals.sum(axis=1), residuals.sum(axis=0)]) - RIDGE * effects
    curvature = np.diag(np.concatenate([information.sum(axis=1), information.sum(axis=0)]) + RIDGE)
    curvature[: len(counts), len(counts) :] = information
    curvature[len(counts) :, : len(counts)] = information.T
    return np.linalg.solve(curvature, slopes)


def _by_chance(table: LabelTable, is_seen: np.ndarray, information: np.ndarray) -> float:
    """What chi-square is expected to be without any interaction, main effects having taken their share of cells."""
    counts, squared = table.counts[is_seen], table.squared[is_seen]
    num_effects = int(is_seen.any(axis=1).sum() + is_seen.any(axis=0).sum()) - 1
    free = max(0, counts.size - num_effects) / counts.size
    return float(free * _dispersion(table, is_seen, information) * (squared / counts).sum())


def _dispersion(table: LabelTable, is_seen: np.ndarray, information: np.ndarray) -> float:
    """Variance of labels within cells as a share of p (1 - p): 1 for clicks, less where labels are probabilities."""
    if np.array_equal(table.labels, table.squared_labels):
        return 1.0
    counts, squared = table.counts[is_seen], table.squared[is_seen]
    within = (table.squared_labels[is_seen] - table.labels[is_seen] ** 2 / counts).sum()
    possible = ((1 - squared / counts**2) * information).sum()
    return float(np.clip(within / possible, 0.0, 1.0)) if possible > 0 else 1.0


@dataclass(frozen=True)
class _Data:
    """Rows to count: codes (n,) of each field; labels (n,); weights (n,), 1 on average, or None where all are alike."""

    codes: list[np.ndarray]
    labels: np.ndarray
    weights: np.ndarray | None
    is_binary: bool

    def table(self, i: int, j: int) -> LabelTable:
        """The two-way table of fields ``i`` and ``j``."""
        a, b = self.codes[i], self.codes[j]
        shape = (int(a.max()) + 1, int(b.max()) + 1)
        cells = a * shape[1] + b

        def sums(of: np.ndarray | None) -> np.ndarray:
            return np.bincount(cells, of, shape[0] * shape[1]).reshape(shape).astype(np.float64)

        w, y = self.weights, self.labels
        counts = sums(w)
        labels = sums(y if w is None else w * y)
        squared_labels = labels if self.is_binary else sums(y * y if w is None else w * y * y)
        return LabelTable(counts, counts if w is None else sums(w * w), labels, squared_labels)


def _sampled(layout: FieldLayout, rows: EncodedRows, most: int) -> _Data:
    chosen: slice | np.ndarray = slice(None)
    if len(rows) > most:
        chosen = np.sort(np.random.default_rng(0).choice(len(rows), size=most, replace=False))
    codes = [field_codes(layout, rows, name)[chosen] for name in layout.field_names]
    labels = np.asarray(rows.labels, dtype=np.float64)[chosen]
    is_binary = bool(((labels == 0) | (labels == 1)).all())
    if rows.weights is None:
        return _Data(codes, labels, None, is_binary)
    weights = np.asarray(rows.weights, dtype=np.float64)[chosen]
    return _Data(codes, labels, weights / weights.mean(), is_binary)
