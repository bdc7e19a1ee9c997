"""The same metrics value by value: where a model is off, and on how many rows that rests."""

from __future__ import annotations

from collections.abc import Mapping
from statistics import NormalDist

import numpy as np
import pandas as pd

from ..data.encoding import Encoder
from ..training.metrics import auc
from .bins import quantile_bins, range_labels
from .curves import rates_by
from .scored import Scored

MOST_VALUES = 200
LEAST_ROWS = 30
REST = "(all others)"
COLUMNS = ("value", "rows", "predicted", "observed", "low", "high", "auc", "logloss", "gap", "surprise")


def slices(scored: Scored, encoder: Encoder, field: str, names: Mapping[str, str] | None = None) -> pd.DataFrame:
    """One line per value of ``field`` (the most frequent of them, the others as one), the most surprising first.

    Columns: value, rows, predicted and observed CTR with the interval low, high of the latter, auc (None where all
    rows have one label), logloss, gap = predicted - observed, and ``surprise``: the gap in standard errors that a
    calibrated model would have. A number is cut into bins, a history by its length. ``names`` are readable names.
    """
    codes, labels = _codes(scored, encoder, field, names or {})
    found = rates_by(codes, scored).assign(value=labels)
    parts = np.split(np.argsort(codes, kind="stable"), np.cumsum(np.bincount(codes))[:-1])
    found["auc"] = [auc(scored.labels[part], scored.logits[part], scored.weight[part]) for part in parts]
    of_row = np.logaddexp(0.0, scored.logits) - scored.labels * scored.logits
    found["logloss"] = [float(np.average(of_row[part], weights=scored.weight[part])) for part in parts]
    found["gap"] = found["predicted"] - found["observed"]
    found["surprise"] = found["gap"] / _expected_error(codes, scored)
    order = np.argsort(-found["surprise"].abs().to_numpy(), kind="stable")
    return found.iloc[order][list(COLUMNS)].reset_index(drop=True)


def worst_slices(
    scored: Scored, encoder: Encoder, names: Mapping[str, Mapping[str, str]] | None = None
) -> pd.DataFrame:
    """The slices of all fields, the most surprising first, with a column ``field`` in front.

    Only slices of at least LEAST_ROWS rows: of fewer nothing is known.
    """
    frames = [
        slices(scored, encoder, field, (names or {}).get(field)).assign(field=field)
        for field in encoder.layout.field_names
    ]
    found = pd.concat(frames, ignore_index=True)
    found = found[found["rows"] >= LEAST_ROWS]
    order = np.argsort(-found["surprise"].abs().to_numpy(), kind="stable")
    return found.iloc[order][["field", *COLUMNS]].reset_index(drop=True)


def surprise_of_chance(num_slices: int) -> float:
    """What the most surprising of so many slices exceeds in 5 % of cases by chance (Bonferroni), in standard errors."""
    return NormalDist().inv_cdf(1 - 0.05 / (2 * max(1, num_slices)))


def one_class_slices(found: pd.DataFrame) -> int:
    """How many slices have no AUC, since all their rows have one label."""
    return int(found["auc"].isna().sum())


def _expected_error(codes: np.ndarray, scored: Scored) -> np.ndarray:
    """Standard error of the observed CTR of each slice if every row were clicked with its predicted CTR."""
    weight, ctr = scored.weight, scored.ctr
    variance = np.bincount(codes, weights=weight**2 * np.maximum(ctr * (1 - ctr), 1e-12))
    return np.sqrt(variance) / np.bincount(codes, weights=weight)


def _codes(scored: Scored, encoder: Encoder, field: str, names: Mapping[str, str]) -> tuple[np.ndarray, list[str]]:
    """Code 0..K-1 of each row, and what the codes are called."""
    layout, rows = encoder.layout, scored.encoded
    if field in layout.categorical:
        return _of_values(np.asarray(rows.categorical[:, layout.categorical.index(field)]), encoder, field, names)
    if field in layout.numeric:
        encoded = np.asarray(rows.numeric[:, layout.numeric.index(field)])
        numbers = encoder.transforms[field].inverse(encoded)
    else:
        numbers = (np.asarray(rows.sequences[field]) > 0).sum(axis=1).astype(np.float64)
    codes = quantile_bins(numbers)
    ends = [(numbers[codes == code].min(), numbers[codes == code].max()) for code in range(codes.max() + 1)]
    labels = range_labels(*(np.array(side) for side in zip(*ends, strict=True)))
    return codes, labels if field in layout.numeric else [f"length {label}" for label in labels]


def _of_values(ids: np.ndarray, encoder: Encoder, field: str, names: Mapping[str, str]) -> tuple[np.ndarray, list[str]]:
    vocabulary = encoder.vocabulary_of(field)
    found, codes, counts = np.unique(ids, return_inverse=True, return_counts=True)
    rank = np.argsort(np.argsort(-counts, kind="stable"), kind="stable")
    labels = [vocabulary.name(int(found[place])) for place in np.argsort(rank)[:MOST_VALUES]]
    labels = [names.get(label, label) for label in labels]
    if len(found) > MOST_VALUES:
        labels[-1] = REST
    return np.minimum(rank[codes], MOST_VALUES - 1), labels
