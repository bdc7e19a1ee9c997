"""Effects of one field or of two on the logit, centred and scaled under the values' own shares."""

from __future__ import annotations

import numpy as np


def zipf(count: int, exponent: float) -> np.ndarray:
    """Shares of ``count`` values that fall with their rank to the power of ``exponent``: float64 (count,), sum 1."""
    weights = 1.0 / np.arange(1, count + 1) ** exponent
    return weights / weights.sum()


def scaled(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Values of weighted mean 0 and weighted mean square 1."""
    values = values - weights @ values
    return values / np.sqrt(weights @ values**2)


def pair_effect(
    generator: np.random.Generator,
    first: str,
    second: str,
    weights: dict[str, np.ndarray],
    codes: dict[str, np.ndarray],
    centred: dict[str, np.ndarray],
) -> np.ndarray:
    """The effect of one pair on each row, (n,), of mean square 1 under independent fields and without main effects."""
    if first in centred and second in centred:
        return centred[first] * centred[second]
    if first in centred or second in centred:
        number, category = (first, second) if first in centred else (second, first)
        slopes = scaled(generator.normal(size=len(weights[category])), weights[category])
        return centred[number] * slopes[codes[category]]
    p, q = weights[first], weights[second]
    left, right = generator.normal(size=(len(p), 2)), generator.normal(size=(len(q), 2))
    table = (left - p @ left) @ (right - q @ right).T
    table /= np.sqrt(p @ table**2 @ q)
    return table[codes[first], codes[second]]
