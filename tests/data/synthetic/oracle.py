"""What any readout must agree with: mixed differences of the true logit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import combinations

import numpy as np

Columns = Mapping[str, np.ndarray]


def swap_strengths(logit: Callable[[Columns], np.ndarray], a: Columns, b: Columns) -> dict[frozenset[str], float]:
    """For each pair of columns i, j the root mean square of f(b_i b_j) − f(b_i a_j) − f(a_i b_j) + f(a).

    ``a`` and ``b`` hold as many points each; the difference is zero on all points where i and j do not interact.
    """
    base = logit(a)
    one = {name: logit({**a, name: b[name]}) for name in a}
    found = {}
    for i, j in combinations(a, 2):
        both = logit({**a, i: b[i], j: b[j]})
        found[frozenset((i, j))] = float(np.sqrt(np.mean((both - one[i] - one[j] + base) ** 2)))
    return found


def interacting(strengths: Mapping[frozenset[str], float], rounding: float = 1e-9) -> set[frozenset[str]]:
    """The pairs whose mixed difference is more than rounding."""
    return {pair for pair, strength in strengths.items() if strength > rounding}
