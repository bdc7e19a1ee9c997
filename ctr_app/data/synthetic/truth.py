"""What a planted table was made with, and the best AUC that can be reached on it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
import polars as pl

from ..errors import InputError
from ..schema import Schema

LEAST_ROWS, MOST_ROWS = 100, 10_000_000
# Rows are made in blocks of so many, so that what they are made from is never all in memory.
BLOCK_ROWS = 2**18


@dataclass(frozen=True)
class Truth:
    """What the logit of a planted table is made of.

    ``sets`` are the groups of fields that it holds one term of each; ``pairs`` are all pairs within a set: the pairs
    that interact. ``strengths`` are the terms' root mean squares in logits, in the order of ``sets``, where the table
    was made with such numbers, and ``main_strength`` is that of each main effect. ``best_auc`` can be expected of the
    true probabilities, noise and all. ``correlated`` holds (field, field that it follows), and ``kinds`` the kind of
    each item, where items have one.
    """

    pairs: tuple[tuple[str, str], ...]
    best_auc: float
    kinds: dict[str, str] = field(default_factory=dict)
    sets: tuple[tuple[str, ...], ...] = ()
    strengths: tuple[float, ...] = ()
    main_strength: float | None = None
    correlated: tuple[tuple[str, str], ...] = ()

    def to_json(self) -> dict[str, object]:
        """A plain dictionary for ``truth.json``."""
        return {
            "pairs": [list(pair) for pair in self.pairs],
            "best_auc": self.best_auc,
            "kinds": self.kinds,
            "sets": [list(names) for names in self.sets or self.pairs],
            "strengths": list(self.strengths),
            "main_strength": self.main_strength,
            "correlated": [list(pair) for pair in self.correlated],
        }


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


def pairs_within(sets: Iterable[tuple[str, ...]]) -> tuple[tuple[str, str], ...]:
    """Every pair of fields that stand in a set together, each once, in the order of the sets.

    >>> pairs_within([("a", "b", "c"), ("c", "b")])
    (('a', 'b'), ('a', 'c'), ('b', 'c'))
    """
    found: dict[frozenset[str], tuple[str, str]] = {}
    for names in sets:
        for pair in combinations(names, 2):
            found.setdefault(frozenset(pair), pair)
    return tuple(found.values())


def best_auc(probabilities: np.ndarray) -> float:
    """The AUC that the true probabilities can be expected to reach on labels drawn from them.

    A pair of rows counts with the chance that the first is a click and the second is not; ties count half.
    """
    values, inverse = np.unique(probabilities, return_inverse=True)
    clicks = np.bincount(inverse, weights=probabilities, minlength=len(values))
    others = np.bincount(inverse, weights=1.0 - probabilities, minlength=len(values))
    below = np.cumsum(others) - others
    return float((clicks * (below + others / 2)).sum() / (clicks.sum() * others.sum()))


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """Probabilities of logits."""
    return np.exp(-np.logaddexp(0.0, -logits))


def check_rows(rows: int) -> None:
    """Raise InputError unless a planted sample may have so many rows."""
    if not LEAST_ROWS <= rows <= MOST_ROWS:
        raise InputError("A planted sample has between 100 and 10 000 000 rows, not {rows}.", rows=rows)
