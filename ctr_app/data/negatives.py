"""Items that a user was never seen with, drawn to stand beside each click as rows without one."""

from __future__ import annotations

import numpy as np

NEGATIVES_BY = ("uniform", "popularity")


class Untouched:
    """For each user the items never touched, to be drawn in proportion to whole-number weights of the items.

    Nothing is drawn and rejected: a place in the weight of a user's untouched items, all laid end to end, is found by
    two binary searches. So a user who has touched nearly everything costs no more than another, and the
    distribution is exact.
    """

    def __init__(self, users: np.ndarray, items: np.ndarray, weights: np.ndarray) -> None:
        """Learn from events: ``users``, ``items`` int (n,) from 0 on; ``weights`` int64 (I,) > 0 of all the items."""
        user, item = np.divmod(np.unique(users.astype(np.int64) * len(weights) + items), len(weights))
        self._before_item = np.append(0, np.cumsum(weights))
        self._total = int(self._before_item[-1])
        self._touched = np.append(0, np.cumsum(weights[item]))  # weight of all touched pairs before each
        self._first = np.searchsorted(user, np.arange(int(users.max(initial=-1)) + 2))
        free_before = self._before_item[item] - (self._touched[:-1] - self._touched[self._first[user]])
        self._keys = user * (self._total + 1) + free_before
        self.free = self._total - np.diff(self._touched[self._first])

    def draw(self, users: np.ndarray, generator: np.random.Generator) -> np.ndarray:
        """One item, int64 (m,), for each of ``users`` int (m,), who must have ``free`` weight left."""
        place = generator.integers(0, self.free[users])
        passed = np.searchsorted(self._keys, users * (self._total + 1) + place, side="right")
        skipped = self._touched[passed] - self._touched[self._first[users]]
        return np.searchsorted(self._before_item, place + skipped, side="right") - 1


def weights_by(method: str, items: np.ndarray, num_items: int) -> np.ndarray:
    """int64 (I,): 1 for each item, or, by popularity, the number of its events in ``items`` int (n,)."""
    if method == "popularity":
        return np.bincount(items, minlength=num_items)
    return np.ones(num_items, dtype=np.int64)
