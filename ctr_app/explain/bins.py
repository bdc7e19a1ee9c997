"""Numbers cut into bins of about equally many rows, with labels in the column's own unit."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

NUM_BINS = 8


@dataclass(frozen=True)
class Bins:
    """Where numbers are cut, ascending, and which of the cuts hold a bin's worth of rows themselves."""

    edges: np.ndarray
    plateaus: np.ndarray
    codes: np.ndarray  # those of the numbers it was fitted to, before the bins without any are passed over

    @classmethod
    def fit(cls, values: np.ndarray, num_bins: int = NUM_BINS) -> Bins:
        """Cut n >= 1 numbers into at most ``num_bins`` bins of about equally many.

        A number that holds a bin's worth of rows or more has a bin of its own, so that zeros do not hide what is above.
        """
        edges, repeats = np.unique(np.quantile(values, np.linspace(0, 1, num_bins + 1)[1:-1]), return_counts=True)
        plateaus = edges[repeats > 1]
        return cls(edges, plateaus, np.unique(_raw_codes(values, edges, plateaus)))

    def __len__(self) -> int:
        return len(self.codes)

    def __call__(self, values: np.ndarray) -> np.ndarray:
        """Code 0..K-1, int (n,), of any numbers, ascending; where none was fitted to, that of the bin below."""
        raw = _raw_codes(values, self.edges, self.plateaus)
        return np.maximum(np.searchsorted(self.codes, raw, side="right") - 1, 0)


def quantile_bins(values: np.ndarray, num_bins: int = NUM_BINS) -> np.ndarray:
    """Code 0..K-1, int (n,), of each of n >= 1 numbers, ascending; K <= ``num_bins``, and no bin is empty."""
    return Bins.fit(values, num_bins)(values)


def _raw_codes(values: np.ndarray, edges: np.ndarray, plateaus: np.ndarray) -> np.ndarray:
    """Twice the number of edges at or below each value, less one where the value is a plateau."""
    codes: np.ndarray = 2 * np.searchsorted(edges, values, side="right") - np.isin(values, plateaus)
    return codes


def range_labels(lows: np.ndarray, highs: np.ndarray) -> list[str]:
    """``1.2–3.4`` for each bin, or ``5`` where both ends are the same, to as few digits as tell the bins apart."""
    labels: list[str] = []
    for digits in range(2, 8):
        labels = [_range_label(low, high, digits) for low, high in zip(lows.tolist(), highs.tolist(), strict=True)]
        if len(set(labels)) == len(labels):
            return labels
    return [f"{label} ({number})" for number, label in enumerate(labels, start=1)]


def _range_label(low: float, high: float, digits: int) -> str:
    first, last = _short(low, digits), _short(high, digits)
    if first == last:
        return first
    return f"{first} – {last}" if "-" in first + last else f"{first}–{last}"


def _short(number: float, digits: int) -> str:
    """The number to so many significant digits; a whole part is never rounded below its ones."""
    if number == 0 or not 1e-4 <= abs(number) < 1e7:
        return f"{number:.{digits}g}"
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(number))))
    text = f"{number:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if decimals else text
