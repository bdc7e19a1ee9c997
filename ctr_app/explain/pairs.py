"""The one shape of every readout: a strength >= 0 for each pair of fields."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd


def pair_frame(names: Sequence[str], strengths: np.ndarray) -> pd.DataFrame:
    """Columns field_a, field_b, strength, strongest first, from a symmetric (F, F) matrix."""
    a, b = np.triu_indices(len(names), k=1)
    frame = pd.DataFrame(
        {
            "field_a": [names[i] for i in a],
            "field_b": [names[j] for j in b],
            "strength": strengths[a, b].astype(float),
        }
    )
    return frame.sort_values("strength", ascending=False, kind="stable", ignore_index=True)


def pair_matrix(names: Sequence[str], frame: pd.DataFrame) -> np.ndarray:
    """The symmetric (F, F) matrix of a readout, zeros on the diagonal."""
    index = {name: i for i, name in enumerate(names)}
    matrix = np.zeros((len(names), len(names)))
    for row in frame.itertuples():
        i, j = index[row.field_a], index[row.field_b]
        matrix[i, j] = matrix[j, i] = row.strength
    return matrix


def precision_at_k(frame: pd.DataFrame, true_pairs: Sequence[Sequence[str]]) -> float:
    """Share of the k true pairs among the k strongest of a readout."""
    truth = {frozenset(pair) for pair in true_pairs}
    top = frame.head(len(truth))
    found = sum(frozenset(pair) in truth for pair in zip(top["field_a"], top["field_b"], strict=True))
    return found / len(truth) if truth else float("nan")
