"""Each field as one number or id per row, so that two fields make a table: for counts and for support."""

from __future__ import annotations

import numpy as np

from ..data.arrays import EncodedRows
from ..data.batch import Batch, FieldLayout
from .bins import quantile_bins

MAX_VALUES = 64


def field_codes(layout: FieldLayout, rows: EncodedRows, name: str) -> np.ndarray:
    """int64 (n,) codes 0..K-1 of one field of n >= 1 rows.

    A numeric field is cut into eight quantile bins, ascending. Of other fields the most frequent value is 0, and the
    values beyond the 63 most frequent are taken as one; a history is its most recent item.
    """
    values = field_values(layout, rows, name)
    if name in layout.numeric:
        return quantile_bins(values)
    _, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
    rank = np.argsort(np.argsort(-counts, kind="stable"), kind="stable")
    ranked: np.ndarray = np.minimum(rank, MAX_VALUES - 1)[codes]
    return ranked


def field_values(layout: FieldLayout, rows: EncodedRows | Batch, name: str) -> np.ndarray:
    """The number or id of each row, (n,); of a history the most recent item, 0 where it is empty."""
    if name in layout.numeric:
        return np.asarray(rows.numeric[:, layout.numeric.index(name)])
    if name in layout.categorical:
        return np.asarray(rows.categorical[:, layout.categorical.index(name)])
    history = np.asarray(rows.sequences[name])
    last = np.maximum((history > 0).sum(axis=1) - 1, 0)
    return history[np.arange(len(history)), last]
