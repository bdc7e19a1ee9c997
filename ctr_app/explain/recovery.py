"""How well a readout tells the pairs that interact from those that do not, where that is known."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..training.metrics import auc

Pairs = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Recovery:
    """Pair AUC in [0, 1], and the precision in [0, 1] among the ``k`` strongest, k being how many pairs are true."""

    auc: float
    precision: float
    k: int

    @property
    def found(self) -> int:
        """How many of the k true pairs are among the k strongest."""
        return round(self.precision * self.k) if self.k else 0


def recovery(frame: pd.DataFrame, true_pairs: Pairs) -> Recovery:
    """Both scores of a readout (field_a, field_b, strength) against the pairs that interact."""
    return Recovery(pair_auc(frame, true_pairs), precision_at_k(frame, true_pairs), len(_as_sets(true_pairs)))


def pair_auc(frame: pd.DataFrame, true_pairs: Pairs) -> float:
    """The chance that a true pair is stronger than a false one, ties counted half (Tsang et al. 2018, section 5.2).

    NaN where all pairs of the readout are true, or none is.
    """
    found = auc(_is_true(frame, true_pairs).astype(float), frame["strength"].to_numpy(dtype=float))
    return float("nan") if found is None else found


def precision_at_k(frame: pd.DataFrame, true_pairs: Pairs) -> float:
    """Share of the k true pairs among the k strongest of a readout; NaN without a true pair.

    Pairs as strong as the k-th share the places that are left, so that the order of the fields does not count.
    """
    k = len(_as_sets(true_pairs))
    if not k:
        return float("nan")
    strengths, is_true = frame["strength"].to_numpy(dtype=float), _is_true(frame, true_pairs)
    if len(strengths) <= k:
        return is_true.sum() / k
    last = np.sort(strengths)[-k]
    above, level = strengths > last, strengths == last
    places = k - above.sum()
    return float((is_true[above].sum() + places * is_true[level].mean()) / k)


def recovery_by_epoch(film: pd.DataFrame, true_pairs: Pairs) -> pd.DataFrame:
    """Columns readout, epoch, auc, precision, found, of pairs by epoch (epoch, readout, field_a, field_b, strength)."""
    lines = []
    for (readout, epoch), frame in film.groupby(["readout", "epoch"], sort=True):
        scored = recovery(frame, true_pairs)
        lines.append((readout, epoch, scored.auc, scored.precision, scored.found))
    return pd.DataFrame(lines, columns=["readout", "epoch", "auc", "precision", "found"])


def _is_true(frame: pd.DataFrame, true_pairs: Pairs) -> np.ndarray:
    """Which lines of a readout are pairs that interact, bool (pairs,)."""
    truth = _as_sets(true_pairs)
    return np.array([{a, b} in truth for a, b in zip(frame["field_a"], frame["field_b"], strict=True)], dtype=bool)


def _as_sets(pairs: Pairs) -> set[frozenset[str]]:
    return set(map(frozenset, pairs))
