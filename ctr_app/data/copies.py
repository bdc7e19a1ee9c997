"""Rows that are equal in every field and the label."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from .facts import Facts, cell_hashes
from .schema import Schema
from .tables import Frame

# An odd number with its bits well mixed, for joining the hashes of a row's cells.
MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
FEW_COPIES = 0.01
# With fewer possible rows than this many for each one there is, equal rows are no wonder.
ROOM = 100


def row_hashes(frame: Frame, names: Sequence[str]) -> np.ndarray:
    """uint64 (rows,): equal for rows that are equal in these columns, and else different but for rare accidents."""
    hashes = np.zeros(frame.height, dtype=np.uint64)
    for name in names:
        hashes = hashes * MULTIPLIER + cell_hashes(frame[name])
    return hashes


def share_of_copies(frame: Frame, schema: Schema, facts: Mapping[str, Facts]) -> float:
    """The share of rows that another row equals; 0 where it is small, or where few different rows are possible.

    Columns are read from the one with the most values on, until hardly any two rows are equal any more.
    """
    names = sorted((column.name for column in schema.fields), key=lambda name: -facts[name].distinct)
    if sum(math.log(max(1, facts[name].distinct)) for name in names) < math.log(ROOM * frame.height):
        return 0.0
    hashes, share = np.zeros(frame.height, dtype=np.uint64), 1.0
    for name in (*names, schema.label):
        hashes = hashes * MULTIPLIER + cell_hashes(frame[name])
        share = repeated(hashes)
        if share < FEW_COPIES:
            return 0.0
    return share


def repeated(hashes: np.ndarray) -> float:
    """The share of rows whose hash another row has too."""
    _, counts = np.unique(hashes, return_counts=True)
    return float(counts[counts > 1].sum() / max(1, len(hashes)))
