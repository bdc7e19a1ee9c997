"""Putting what stands for codes where it belongs."""

from __future__ import annotations

import numpy as np

from . import compiled


@compiled
def put(codes: np.ndarray, by_code: np.ndarray, places: np.ndarray, column: int, array: np.ndarray) -> None:
    """Write ``by_code[codes[r]]`` into row ``places[r]`` int32 and a column of ``array``, but where that is below 0."""
    for row in range(len(codes)):
        if places[row] >= 0:
            array[places[row], column] = by_code[codes[row]]
