"""When each pair of fields emerged while a model was trained: from which epoch on it stood out."""

from __future__ import annotations

import numpy as np
import pandas as pd

NUM_STRONGEST = 5


def strengths_by_epoch(frame: pd.DataFrame) -> pd.DataFrame:
    """One row per epoch and one column per pair (field_a, field_b), those strongest at the end first.

    ``frame`` has epoch, field_a, field_b, strength: one readout of ``snapshots``.
    """
    wide = frame.pivot(index="epoch", columns=["field_a", "field_b"], values="strength")
    return wide[wide.iloc[-1].sort_values(ascending=False, kind="stable").index]


def emergence(frame: pd.DataFrame, k: int = NUM_STRONGEST) -> pd.DataFrame:
    """The ``k`` pairs that are strongest at the end, strongest first, with the epoch since when each stands out.

    A pair stands out while it is among the ``k`` strongest and at least half as strong as at the end. Columns field_a,
    field_b, strength (at the end), epoch; ``frame`` as for ``strengths_by_epoch``.
    """
    wide = strengths_by_epoch(frame)
    strengths = wide.to_numpy()  # (epochs, pairs)
    k = min(k, strengths.shape[1])
    kth = -np.sort(-strengths, axis=1)[:, [k - 1]]
    stands_out = (strengths >= kth) & (strengths >= strengths[-1] / 2)
    has_since = np.logical_and.accumulate(stands_out[::-1])[::-1]  # from this epoch to the end
    top = wide.iloc[-1, :k].rename("strength").reset_index()
    return top.assign(epoch=wide.index.to_numpy()[has_since[:, :k].argmax(axis=0)])
