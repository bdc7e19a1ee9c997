"""Metrics of predicted logits, exact and in float64."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

NUM_CALIBRATION_BINS = 15


@dataclass(frozen=True)
class Metrics:
    """Metrics of one split: ``rows`` of it, AUC, logloss in nats, and GAUC where a group is known (else None)."""

    rows: int
    auc: float | None
    logloss: float
    gauc: float | None = None

    def to_json(self) -> dict[str, float | int]:
        """A plain dictionary; GAUC is left out where no group is known."""
        described: dict[str, float | int | None] = {"auc": self.auc, "logloss": self.logloss, "rows": self.rows}
        if self.gauc is not None:
            described["gauc"] = self.gauc
        return described  # type: ignore[return-value]


@dataclass(frozen=True)
class Calibration:
    """How well predicted CTRs agree with what happened.

    ``ratio`` is the mean predicted CTR over the observed one (None without a click), ``error`` the expected
    calibration error, in CTR.
    """

    ratio: float | None
    error: float


def measure(
    labels: np.ndarray, logits: np.ndarray, group_ids: np.ndarray | None = None, weights: np.ndarray | None = None
) -> Metrics:
    """All metrics of labels (n,), each 0/1 or the probability of a click, and logits (n,).

    ``weights`` (n,) say how much each row counts (None: all alike), ``group_ids`` (n,) whose it is.
    """
    gauc = None if group_ids is None else grouped_auc(labels, logits, group_ids, weights)
    return Metrics(len(labels), auc(labels, logits, weights), logloss(labels, logits, weights), gauc)


def auc(labels: np.ndarray, scores: np.ndarray, weights: np.ndarray | None = None) -> float | None:
    """Area under the ROC curve, exact, ties counted half; None if all labels are 0 or all are 1.

    A row whose label is a probability y counts as y of a click and 1 - y of the opposite.
    """
    won, clicks, others = pairs_won(labels, scores, weights, np.zeros(len(labels), dtype=np.int64))
    pairs = float((clicks * others).sum())
    return float(won.sum() / pairs) if pairs > 0 else None


def logloss(labels: np.ndarray, logits: np.ndarray, weights: np.ndarray | None = None) -> float:
    """Mean binary cross-entropy in nats, from logits, without overflow: log(1 + exp(z)) - y z."""
    z = np.asarray(logits, dtype=np.float64)
    return float(np.average(np.logaddexp(0.0, z) - labels * z, weights=weights))


def grouped_auc(
    labels: np.ndarray, scores: np.ndarray, group_ids: np.ndarray, weights: np.ndarray | None = None
) -> float | None:
    """Mean AUC within groups, weighted by rows (Zhou et al. 2018, equation 6); groups with one label are left out.

    None if no group has both labels.
    """
    _, groups = np.unique(group_ids, return_inverse=True)
    won, clicks, others = pairs_won(labels, scores, weights, groups)
    pairs = clicks * others
    mixed = pairs > 0
    if not mixed.any():
        return None
    return float(np.average(won[mixed] / pairs[mixed], weights=(clicks + others)[mixed]))


def calibration(
    labels: np.ndarray, logits: np.ndarray, weights: np.ndarray | None = None, num_bins: int = NUM_CALIBRATION_BINS
) -> Calibration:
    """Calibration of n >= 1 rows; ``labels`` and ``weights`` as for ``measure``.

    The expected calibration error is the mean of |predicted - observed| over ``num_bins`` bins of equally many rows,
    ordered by prediction (Naeini et al. 2015, with such bins).
    """
    weights = np.ones(len(labels)) if weights is None else np.asarray(weights, dtype=np.float64)
    predicted, observed = weights * sigmoid(logits), weights * np.asarray(labels, dtype=np.float64)
    parts = np.array_split(np.argsort(logits, kind="stable"), min(num_bins, len(labels)))
    error = sum(abs(predicted[part].sum() - observed[part].sum()) for part in parts) / weights.sum()
    clicks = observed.sum()
    return Calibration(float(predicted.sum() / clicks) if clicks > 0 else None, float(error))


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """CTR of logits, float64, without overflow."""
    z = np.asarray(logits, dtype=np.float64)
    return np.exp(-np.logaddexp(0.0, -z))


def pairs_won(
    labels: np.ndarray, scores: np.ndarray, weights: np.ndarray | None, groups: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """For each group 0..G-1: pairs of a click and an opposite in which the click scores higher, clicks, opposites.

    A pair of equal scores is half won. Whole numbers stay exact.
    """
    scores = np.asarray(scores)
    order = np.lexsort((scores, groups)) if groups.any() else np.argsort(scores, kind="stable")
    weights = np.ones(len(order)) if weights is None else np.asarray(weights, dtype=np.float64)[order]
    clicked = np.asarray(labels, dtype=np.float64)[order] * weights
    starts, run_groups = _runs(scores[order], groups[order])
    clicks = np.add.reduceat(clicked, starts) if len(order) else clicked
    others = np.add.reduceat(weights - clicked, starts) if len(order) else clicked
    below = np.cumsum(others) - others  # with the groups before, which are taken off again
    totals = [np.bincount(run_groups, weights=counts) for counts in (clicks, others, clicks * (below + others / 2))]
    before = np.cumsum(totals[1]) - totals[1]
    return totals[2] - totals[0] * before, totals[0], totals[1]


def _runs(scores: np.ndarray, groups: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where runs of equal scores of one group begin, for rows in the order of groups and scores; and whose they are."""
    is_first = np.ones(len(scores), dtype=bool)
    is_first[1:] = (scores[1:] != scores[:-1]) | (groups[1:] != groups[:-1])
    starts = np.flatnonzero(is_first)
    return starts, groups[starts]
