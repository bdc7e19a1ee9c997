"""The one shape of every readout: a strength >= 0 for each pair of fields."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np
import pandas as pd

# Strengths below this, in logits, are nothing: a decayed weight is never quite 0.
LEAST_STRENGTH = 1e-6


def pair_frame(names: Sequence[str], strengths: np.ndarray) -> pd.DataFrame:
    """Columns field_a, field_b, strength, strongest first, from a symmetric (F, F) matrix."""
    pairs = list(combinations(names, 2))
    frame = pd.DataFrame(
        {
            "field_a": [a for a, _ in pairs],
            "field_b": [b for _, b in pairs],
            "strength": strengths[np.triu_indices(len(names), k=1)].astype(float),
        }
    )
    return strongest_first(frame)


def strongest_first(frame: pd.DataFrame) -> pd.DataFrame:
    """The lines by strength, equals in the order they had."""
    return frame.sort_values("strength", ascending=False, kind="stable", ignore_index=True)


def pair_matrix(names: Sequence[str], frame: pd.DataFrame) -> np.ndarray:
    """The symmetric (F, F) matrix of a readout, zeros on the diagonal."""
    index = {name: i for i, name in enumerate(names)}
    matrix = np.zeros((len(names), len(names)))
    for a, b, strength in zip(frame["field_a"], frame["field_b"], frame["strength"], strict=True):
        i, j = index[a], index[b]
        matrix[i, j] = matrix[j, i] = strength
    return matrix
