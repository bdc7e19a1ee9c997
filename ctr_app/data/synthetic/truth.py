"""What a planted table was made with, and the best AUC that can be reached on it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from ..errors import InputError
from ..schema import Schema


@dataclass(frozen=True)
class Truth:
    """What a planted table was made with: interacting pairs, best reachable AUC, and each item's kind if it has one."""

    pairs: tuple[tuple[str, str], ...]
    best_auc: float
    kinds: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """A plain dictionary for ``truth.json``."""
        return {"pairs": [list(pair) for pair in self.pairs], "best_auc": self.best_auc, "kinds": self.kinds}


@dataclass(frozen=True)
class Planted:
    """A planted table with its schema, its truth, and the true click probability of each row, float64 (n,)."""

    frame: pl.DataFrame
    schema: Schema
    truth: Truth
    probabilities: np.ndarray


def best_auc(probabilities: np.ndarray) -> float:
    """The AUC that the true probabilities can be expected to reach on labels drawn from them.

    A pair of rows counts with the chance that the first is a click and the second is not; ties count half.
    """
    values, inverse = np.unique(probabilities, return_inverse=True)
    clicks = np.bincount(inverse, weights=probabilities, minlength=len(values))
    others = np.bincount(inverse, weights=1.0 - probabilities, minlength=len(values))
    below = np.cumsum(others) - others
    return float((clicks * (below + others / 2)).sum() / (clicks.sum() * others.sum()))


def check_rows(rows: int) -> None:
    """Raise InputError unless a planted sample may have so many rows."""
    if not 100 <= rows <= 10_000_000:
        raise InputError("A planted sample has between 100 and 10 000 000 rows, not {rows}.", rows=rows)
