"""The vectors that a field's values begin with, where something is known of them before training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..data.settings import setting

PAIRS, RANDOM = "pairs", "random"


@dataclass(frozen=True)
class FirstVectors:
    """Of one field so many values: ``ids`` int (K,), their ``vectors`` (K, D), and their ``shares`` of rows (K,).

    A numeric field has one vector, of id 0. The product of two fields' vectors is about what the two add to the logit.
    """

    ids: np.ndarray
    vectors: np.ndarray
    shares: np.ndarray

    @property
    def are_all(self) -> bool:
        """Whether every value of a categorical field that occurs is among these."""
        return bool(np.isclose(self.shares.sum(), 1.0))

    def directions(self, dim: int, size: float) -> np.ndarray:
        """The field's own leading directions, (K, dim), of root mean square length ``size`` over the rows."""
        weighted = self.vectors * np.sqrt(self.shares)[:, None]
        _, _, axes = np.linalg.svd(weighted, full_matrices=False)
        length = np.sqrt((weighted**2).sum())
        turned = self.vectors @ axes[:dim].T * (size / length if length else 0.0)  # (K, at most dim)
        return np.pad(turned, ((0, 0), (0, dim - turned.shape[1])))


def first_vectors_setting() -> Any:
    """The setting of the families whose values can begin so."""
    return setting(
        PAIRS,
        "Values begin with what pairs of fields hold beyond main effects in the training rows, or at random.",
        group="learning",
        choices=(PAIRS, RANDOM),
    )
