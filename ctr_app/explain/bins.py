"""Numbers cut into bins of about equally many rows, with labels in the column's own unit."""

from __future__ import annotations

import math

import numpy as np

NUM_BINS = 8


def quantile_bins(values: np.ndarray, num_bins: int = NUM_BINS) -> np.ndarray:
    """Code 0..K-1, int (n,), of each of n >= 1 numbers, ascending; K <= ``num_bins``, and no bin is empty.

    A number that holds a bin's worth of rows or more has a bin of its own, so that zeros do not hide what is above.
    """
    edges, repeats = np.unique(np.quantile(values, np.linspace(0, 1, num_bins + 1)[1:-1]), return_counts=True)
    codes = 2 * np.searchsorted(edges, values, side="right")
    codes -= np.isin(values, edges[repeats > 1])
    return np.unique(codes, return_inverse=True)[1]


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
