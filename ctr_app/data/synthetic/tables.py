"""A planted table, and making one block of rows after another."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import polars as pl

from ..errors import InputError
from ..schema import Schema
from .truth import Truth

LEAST_ROWS, MOST_ROWS = 100, 10_000_000
# Rows are made in blocks of so many, so that what they are made from is never all in memory.
BLOCK_ROWS = 2**18


@dataclass(frozen=True)
class Planted:
    """A planted table with its schema, its truth, and the true click probability of each row, float64 (n,)."""

    frame: pl.DataFrame
    schema: Schema
    truth: Truth
    probabilities: np.ndarray


def in_blocks(rows: int, make: Callable[[int], tuple[pl.DataFrame, np.ndarray]]) -> tuple[pl.DataFrame, np.ndarray]:
    """A table of so many rows and their probabilities, from what ``make`` makes for the rows of each block."""
    sizes = [min(BLOCK_ROWS, rows - start) for start in range(0, rows, BLOCK_ROWS)]
    frames, probabilities = zip(*map(make, sizes), strict=True)
    return pl.concat(frames), np.concatenate(probabilities)


def check_rows(rows: int) -> None:
    """Raise InputError unless a planted sample may have so many rows."""
    if not LEAST_ROWS <= rows <= MOST_ROWS:
        raise InputError("A planted sample has between 100 and 10 000 000 rows, not {rows}.", rows=rows)
