"""Counting codes, and putting what stands for them where it belongs."""

from __future__ import annotations

import numpy as np

from . import compiled


@compiled
def put(codes: np.ndarray, by_code: np.ndarray, places: np.ndarray, column: int, array: np.ndarray) -> None:
    """Write ``by_code[codes[r]]`` into row ``places[r]`` int32 and a column of ``array``, but where that is below 0."""
    for row in range(len(codes)):
        if places[row] >= 0:
            array[places[row], column] = by_code[codes[row]]


@compiled
def count(codes: np.ndarray, rows: np.ndarray, start: int, counts: np.ndarray) -> None:
    """Add to ``counts`` int64 (V,) how often each of the codes (n,) occurs in ``rows`` - ``start``."""
    for row in rows:
        counts[codes[row - start]] += 1
