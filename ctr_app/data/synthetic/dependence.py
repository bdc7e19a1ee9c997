"""Fields that follow another one: in a share of the rows they take its rank among the values instead of their own.

Each field has a rank in [0, 1) that picks its value. Where c2 follows c1 with strength 0.6, c2 has c1's rank in 60 % of
the rows and one drawn anew in the others. Ranks stay even, so the values keep their shares whatever follows what, and
two fields of one tree have the same rank in the product of the strengths on the way between them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

CONVERGED = 1e-14
MOST_ROUNDS = 1000


@dataclass(frozen=True)
class Joint:
    """How two fields go together: with ``share`` they have one rank, otherwise they are independent.

    ``first`` (A,) and ``second`` (B,) are the shares of their values; under one rank ``cells`` are the values that
    meet, each with its share: two int (K,) and a float64 (K,) of sum 1.
    """

    first: np.ndarray
    second: np.ndarray
    share: float
    cells: tuple[np.ndarray, np.ndarray, np.ndarray]

    @classmethod
    def of(cls, first: np.ndarray, second: np.ndarray, share: float) -> Joint:
        """The joint distribution of fields whose values have these shares."""
        edges = [np.cumsum(weights)[:-1] for weights in (first, second)]
        cuts = np.unique(np.concatenate([[0.0], *edges, [1.0]]))
        inside = (cuts[1:] + cuts[:-1]) / 2
        one, other = (np.searchsorted(e, inside, side="right") for e in edges)
        return cls(first, second, share, (one, other, np.diff(cuts)))

    def table(self) -> np.ndarray:
        """The share of rows with each pair of values, (A, B)."""
        together = np.zeros((len(self.first), len(self.second)))
        np.add.at(together, self.cells[:2], self.cells[2])
        return (1 - self.share) * np.outer(self.first, self.second) + self.share * together

    def given_first(self, values: np.ndarray) -> np.ndarray:
        """The mean of a function of the second field (B, ...) where the first has each of its values: (A, ...)."""
        one, other, weights = self.cells
        return self._given(one, other, weights, self.first, self.second, values)

    def given_second(self, values: np.ndarray) -> np.ndarray:
        """The mean of a function of the first field (A, ...) where the second has each of its values: (B, ...)."""
        one, other, weights = self.cells
        return self._given(other, one, weights, self.second, self.first, values)

    def _given(
        self,
        known: np.ndarray,
        unknown: np.ndarray,
        weights: np.ndarray,
        known_shares: np.ndarray,
        unknown_shares: np.ndarray,
        values: np.ndarray,
    ) -> np.ndarray:
        flat = values.reshape(len(values), -1)
        sums = [np.bincount(known, weights * column[unknown], len(known_shares)) for column in flat.T]
        together = np.stack(sums, axis=1) / known_shares[:, None]
        apart = unknown_shares @ flat
        return ((1 - self.share) * apart + self.share * together).reshape(len(known_shares), *values.shape[1:])

    def mean_square(self, left: np.ndarray, right: np.ndarray) -> float:
        """The mean of the square of Σ left[a, k] right[b, k]; ``left`` is (A, K) and ``right`` (B, K)."""
        apart = ((left.T * self.first) @ left) * ((right.T * self.second) @ right)
        one, other, weights = self.cells
        together = weights @ (left[one] * right[other]).sum(axis=1) ** 2
        return float((1 - self.share) * apart.sum() + self.share * together)


def purified(joint: Joint, left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Factors (A, K + 2) and (B, K + 2) of Σ left[a, k] right[b, k] without main effects, of mean square 1.

    What is taken out is u[a] + v[b], so that the mean is zero where a is known and where b is known, under the joint
    distribution (Hooker 2007, "Generalized functional ANOVA diagnostics").
    """
    left, right = left - joint.first @ left, right - joint.second @ right
    mean_a = (left * joint.given_first(right)).sum(axis=1)
    mean_b = (right * joint.given_second(left)).sum(axis=1)
    u, v = mean_a, np.zeros_like(mean_b)
    for _ in range(MOST_ROUNDS):
        before, v = v, mean_b - joint.given_second(u)
        u = mean_a - joint.given_first(v)
        if np.abs(v - before).max() <= CONVERGED * (1 + np.abs(v).max()):
            break
    left = np.column_stack([left, -u, np.ones_like(u)])
    right = np.column_stack([right, np.ones_like(v), -v])
    return left / np.sqrt(joint.mean_square(left, right)), right


def shared_ranks(first: str, second: str, follows: Mapping[str, str], strength: float) -> float:
    """In which share of the rows two fields have one rank, given which field follows which."""
    one, other = _ancestors(first, follows), _ancestors(second, follows)
    meeting = next((name for name in one if name in other), None)
    return 0.0 if meeting is None else float(strength ** (one.index(meeting) + other.index(meeting)))


def drawn_ranks(
    generator: np.random.Generator, names: Sequence[str], follows: Mapping[str, str], strength: float, rows: int
) -> dict[str, np.ndarray]:
    """The ranks of each field, float64 (rows,)."""
    ranks = {name: generator.random(rows) for name in names}
    for name in sorted(follows, key=lambda name: len(_ancestors(name, follows))):
        copies = generator.random(rows) < strength
        ranks[name] = np.where(copies, ranks[follows[name]], ranks[name])
    return ranks


def _ancestors(name: str, follows: Mapping[str, str]) -> list[str]:
    """The field itself, the one that it follows, the one that that follows, and so on."""
    found = [name]
    while found[-1] in follows:
        found.append(follows[found[-1]])
    return found
