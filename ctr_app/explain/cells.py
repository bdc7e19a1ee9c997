"""What rows hold of each pair of values of two fields: how many there are, their observed CTR, and some of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from .coded import Chosen

# Rows times cells that are looked at together.
BLOCK_SIZE = 2**24


@dataclass(frozen=True)
class Cells:
    """The pairs of K_a and K_b values.

    ``support`` int64 (K_a, K_b) is the number of rows that have both, ``observed`` float64 (K_a, K_b) their mean label
    by the rows' weights, NaN where there is none. ``rows`` int64 (S,) are rows drawn at random, cell by cell, and
    ``cells`` (S,) the cell of each, counted row by row; a row whose history has several of the values is in several.
    """

    support: np.ndarray
    observed: np.ndarray
    rows: np.ndarray
    cells: np.ndarray

    def mean(self, numbers: np.ndarray, weights: np.ndarray) -> np.ndarray:
        """The weighted mean in each cell, (K_a, K_b), of numbers (S,), one of each drawn row; NaN where none is."""
        sums, totals = (_sums(self.cells, part, self.support.size) for part in (numbers * weights, weights))
        return _ratio(sums, totals).reshape(self.support.shape)


def cells_of(a: Chosen, b: Chosen, labels: np.ndarray, most_rows: int) -> Cells:
    """Count the pairs of values over all rows with labels (n,), and draw at most ``most_rows`` rows of each."""
    size = len(a) * len(b)
    support, weight, clicks = np.zeros((3, size))
    keys = np.random.default_rng(0).random(len(labels))
    drawn = np.empty((2, 0), dtype=np.int64)
    for start, is_a, is_b in _blocks(a, b):
        rows, i, j = (is_a[:, :, None] & is_b[:, None, :]).nonzero()
        rows, cells = rows + start, i * len(b) + j
        weights = a.field.weights[rows]
        support += _sums(cells, np.ones(len(cells)), size)
        weight += _sums(cells, weights, size)
        clicks += _sums(cells, weights * labels[rows], size)
        drawn = _least(np.concatenate([drawn, [rows, cells]], axis=1), keys, most_rows)
    shape = (len(a), len(b))
    return Cells(support.astype(np.int64).reshape(shape), _ratio(clicks, weight).reshape(shape), *drawn)


def seen_pairs(a: Chosen, b: Chosen) -> np.ndarray:
    """The cells, counted row by row, of the pairs of values that some row has together: int64 (S,), ascending."""
    found = [np.empty(0, dtype=np.int64)]
    size = max(1, BLOCK_SIZE // (a.field.codes.shape[1] * b.field.codes.shape[1]))
    for start in range(0, len(a.field.codes), size):
        rows = slice(start, start + size)
        places_a, places_b = a.places(rows)[:, :, None], b.places(rows)[:, None, :]  # (rows, T_a, 1), (rows, 1, T_b)
        is_shown = (places_a < len(a)) & (places_b < len(b))
        found.append(np.unique((places_a * len(b) + places_b)[is_shown]))
    return np.unique(np.concatenate(found))


def _blocks(a: Chosen, b: Chosen) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
    """Where a block of rows starts, and which of them have each of the values: bool (rows, K_a) and (rows, K_b)."""
    size = max(1, BLOCK_SIZE // max(1, len(a) * len(b)))
    for start in range(0, len(a.field.codes), size):
        rows = slice(start, start + size)
        yield start, _members(a, rows), _members(b, rows)


def _members(chosen: Chosen, rows: slice) -> np.ndarray:
    """Which rows have each of K chosen values, bool (rows, K)."""
    places = chosen.places(rows)
    is_member = np.zeros((len(places), len(chosen) + 1), dtype=bool)
    np.put_along_axis(is_member, places, True, axis=1)
    return is_member[:, :-1]


def _least(drawn: np.ndarray, keys: np.ndarray, most: int) -> np.ndarray:
    """Of rows and their cells (2, S), in each cell the ``most`` rows of the least keys (n,), cell by cell."""
    rows, cells = drawn
    order = np.lexsort((keys[rows], cells))
    ordered = cells[order]
    place = np.arange(len(order)) - np.searchsorted(ordered, ordered)
    return drawn[:, order[place < most]]


def _sums(cells: np.ndarray, numbers: np.ndarray, count: int) -> np.ndarray:
    return np.bincount(cells, weights=numbers, minlength=count)


def _ratio(sums: np.ndarray, totals: np.ndarray) -> np.ndarray:
    """Sums over totals; NaN where the total is 0."""
    return np.divide(sums, totals, out=np.full(len(sums), np.nan), where=totals > 0)
