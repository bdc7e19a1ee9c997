"""Numbers as a model reads them: their quantiles in the training rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

NUM_QUANTILES = 1000
# The difference of two numbers up to this is still a finite one.
LARGEST_NUMBER = 1e300


@dataclass(frozen=True)
class NumericTransform:
    """Median imputation, then the training distribution's quantile scaled to mean 0 and variance 1.

    A uniform quantile q in [0, 1] becomes (q - 1/2) * sqrt(12), so a typical value is 0, as a typical
    embedding is. ``quantiles`` float64 (Q,) ascending.
    """

    quantiles: np.ndarray

    @classmethod
    def fit(cls, numbers: np.ndarray, counts: np.ndarray | None = None) -> NumericTransform:
        """Learn from float (V,) with NaN for missing, each seen ``counts`` (V,) times, by default once.

        A column without any number becomes 0 everywhere.
        """
        counts = np.ones(len(numbers), dtype=np.int64) if counts is None else counts
        is_seen = ~np.isnan(numbers) & (counts > 0)
        present, counts = np.clip(numbers[is_seen], -LARGEST_NUMBER, LARGEST_NUMBER), counts[is_seen]
        if counts.max(initial=1) == 1:
            ascending = np.sort(present)
        else:
            order = np.argsort(present)
            ascending, counts = present[order], counts[order]
        ends = np.cumsum(counts)
        if len(ascending) == 0:
            return cls(np.zeros(1))
        if ends[-1] <= NUM_QUANTILES:
            return cls(np.repeat(ascending, counts))  # exact, where interpolated ones may miss a plateau's ends
        return cls(np.maximum.accumulate(_quantiles(ascending, ends)))

    @property
    def median(self) -> float:
        """What stands for a missing number."""
        return float(np.interp(0.5, np.linspace(0, 1, len(self.quantiles)), self.quantiles))

    def __call__(self, numbers: np.ndarray) -> np.ndarray:
        """float32 (n,). Equal numbers on a plateau of the distribution get the plateau's middle.

        NOTE[DIFF]: scikit-learn's QuantileTransformer gives the plateaus at both ends 0 and 1, not their middles.
        """
        filled = np.where(np.isnan(numbers), self.median, numbers)
        if len(self.quantiles) < 2 or self.quantiles[0] == self.quantiles[-1]:
            return np.zeros(len(filled), dtype=np.float32)
        references = np.linspace(0.0, 1.0, len(self.quantiles))
        upper = np.interp(filled, self.quantiles, references)
        lower = -np.interp(-filled, -self.quantiles[::-1], -references[::-1])
        return (((upper + lower) / 2 - 0.5) * np.sqrt(12.0)).astype(np.float32)

    def inverse(self, encoded: np.ndarray) -> np.ndarray:
        """The numbers, float64 (n,), that encoded values stand for."""
        positions = np.asarray(encoded, dtype=np.float64) / np.sqrt(12.0) + 0.5
        return np.interp(positions, np.linspace(0, 1, len(self.quantiles)), self.quantiles)


def _quantiles(ascending: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """What ``np.quantile`` gives to the last bit of numbers (V,) that end before ranks ``ends`` (V,)."""
    places = np.linspace(0.0, 1.0, NUM_QUANTILES) * (ends[-1] - 1)
    before = np.floor(places).astype(np.int64)
    low, high = (
        ascending[np.searchsorted(ends, ranks, side="right")]
        for ranks in (before, np.minimum(before + 1, ends[-1] - 1))
    )
    share = places - before
    return np.where(share >= 0.5, high - (high - low) * (1 - share), low + (high - low) * share)
