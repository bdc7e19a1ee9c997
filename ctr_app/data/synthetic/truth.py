"""What a planted table was made with, and the best AUC that can be reached on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np


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
