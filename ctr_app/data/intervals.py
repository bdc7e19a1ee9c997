"""Intervals of rates."""

from __future__ import annotations

import numpy as np

Z_95 = 1.959964


def wilson(rate: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The 95 % interval (Wilson 1927) of rates (K,) that were seen in ``rows`` (K,) rows."""
    spread = Z_95**2 / rows
    middle = (rate + spread / 2) / (1 + spread)
    half = Z_95 * np.sqrt(rate * (1 - rate) / rows + spread / (4 * rows)) / (1 + spread)
    return np.clip(np.minimum(middle - half, rate), 0, 1), np.clip(np.maximum(middle + half, rate), 0, 1)
