"""What can be drawn of scored rows: ROC, precision and recall, lift, calibration, and scores by label."""

from __future__ import annotations

import numpy as np
import pandas as pd

from ..data.intervals import wilson
from .scored import Scored

MOST_POINTS = 400
NUM_BINS = 10


def roc(scored: Scored) -> pd.DataFrame:
    """Columns fpr, tpr: from (0, 0) to (1, 1) as the threshold falls."""
    clicks, others = _cumulated(scored)
    return _thinned(pd.DataFrame({"fpr": others / others[-1], "tpr": clicks / clicks[-1]}))


def precision_recall(scored: Scored) -> pd.DataFrame:
    """Columns recall, precision, as the threshold falls."""
    clicks, others = (counts[1:] for counts in _cumulated(scored))
    return _thinned(pd.DataFrame({"recall": clicks / clicks[-1], "precision": clicks / (clicks + others)}))


def gains(scored: Scored) -> pd.DataFrame:
    """Columns rows, clicks, lift: the share of rows with the highest CTR, the share of clicks in it, their ratio."""
    clicks, others = _cumulated(scored)
    rows = (clicks + others) / (clicks[-1] + others[-1])
    found = pd.DataFrame({"rows": rows, "clicks": clicks / clicks[-1]})
    return _thinned(found.assign(lift=(found["clicks"] / found["rows"].where(found["rows"] > 0))))


def calibration(scored: Scored, num_bins: int = NUM_BINS) -> pd.DataFrame:
    """Bins of about equally many rows by CTR: columns predicted, observed, low, high, rows.

    ``predicted`` and ``observed`` are the means of CTR and label, ``low`` and ``high`` the 95 % interval of the latter
    (Wilson 1927, weighted rows counted by their effective number). Equal CTRs are never parted.
    """
    ctr = scored.ctr
    edges = np.unique(np.quantile(ctr, np.linspace(0, 1, num_bins + 1)[1:-1]))
    codes = np.unique(np.searchsorted(edges, ctr, side="right"), return_inverse=True)[1]
    return rates_by(codes, scored)


def rates_by(codes: np.ndarray, scored: Scored) -> pd.DataFrame:
    """For codes 0..K-1 int (n,), none empty, a line each: columns predicted, observed, low, high, rows."""
    weight = scored.weight
    total = np.bincount(codes, weights=weight)
    predicted = np.bincount(codes, weights=weight * scored.ctr) / total
    observed = np.bincount(codes, weights=weight * scored.labels) / total
    effective = total**2 / np.bincount(codes, weights=weight**2)
    low, high = wilson(observed, effective)
    return pd.DataFrame(
        {"predicted": predicted, "observed": observed, "low": low, "high": high, "rows": np.bincount(codes)}
    )


def histogram(scored: Scored, num_bins: int = 30) -> pd.DataFrame:
    """Columns start, stop, label (1 for clicks, 0 otherwise), share: how each label's rows spread over CTR.

    The shares of a label sum to 1. The bins are equally wide, up to the highest CTR.
    """
    edges = np.linspace(0.0, max(float(scored.ctr.max()), 1e-9), num_bins + 1)
    frames = []
    for label, weight in ((1, scored.labels), (0, 1 - scored.labels)):
        counts, _ = np.histogram(scored.ctr, bins=edges, weights=weight * scored.weight)
        frames.append(
            pd.DataFrame(
                {"start": edges[:-1], "stop": edges[1:], "label": label, "share": counts / max(counts.sum(), 1e-300)}
            )
        )
    return pd.concat(frames, ignore_index=True)


def _cumulated(scored: Scored) -> tuple[np.ndarray, np.ndarray]:
    """Weighted clicks and others above each threshold, from none to all, equal scores taken together."""
    order = np.argsort(-scored.logits, kind="stable")
    descending, weight = scored.logits[order], scored.weight[order]
    lasts = np.flatnonzero(np.r_[descending[1:] != descending[:-1], True])
    clicked = scored.labels[order] * weight
    return np.r_[0.0, np.cumsum(clicked)[lasts]], np.r_[0.0, np.cumsum(weight - clicked)[lasts]]


def _thinned(frame: pd.DataFrame, most: int = MOST_POINTS) -> pd.DataFrame:
    """At most ``most`` of the points, the first and the last among them."""
    kept = np.unique(np.linspace(0, len(frame) - 1, min(most, len(frame))).round().astype(int))
    return frame.iloc[kept].reset_index(drop=True)
