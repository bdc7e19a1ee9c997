"""When each pair of fields emerged while a model was trained: from which epoch on it stood out."""

from __future__ import annotations

import numpy as np
import pandas as pd

MOST_NAMED = 5
GROWN = 0.25


def strengths_by_epoch(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per epoch and one column per pair (field_a, field_b), those strongest at the end first.

    ``frame`` has epoch, field_a, field_b, strength: one readout of ``snapshots``.
    """
    wide = frame.pivot(index="epoch", columns=["field_a", "field_b"], values="strength")
    return wide[wide.iloc[-1].sort_values(ascending=False, kind="stable").index]


def num_strongest(num_pairs: int) -> int:
    """How many of so many pairs are called strongest: five, of few pairs one in three."""
    return max(1, min(MOST_NAMED, num_pairs // 3))


def emergence(frame: pd.DataFrame, k: int | None = None) -> pd.DataFrame:
    """The ``k`` pairs that are strongest at the end, strongest first, with the epoch since when each stands out.

    A pair stands out while it is among the ``k`` (by default ``num_strongest``) strongest and has at least a quarter of
    the strength that it ends with. Columns field_a, field_b, strength (at the end), epoch; ``frame`` as for
    ``strengths_by_epoch``.
    """
    wide = strengths_by_epoch(frame)
    strengths = wide.to_numpy()  # (epochs, pairs)
    k = min(k or num_strongest(wide.shape[1]), wide.shape[1])
    kth = -np.sort(-strengths, axis=1)[:, [k - 1]]
    stands_out = (strengths >= kth) & (strengths >= GROWN * strengths[-1])
    has_since = np.logical_and.accumulate(stands_out[::-1])[::-1]  # from this epoch to the end
    top = wide.iloc[-1, :k].rename("strength").reset_index()
    return top.assign(epoch=wide.index.to_numpy()[has_since[:, :k].argmax(axis=0)])
