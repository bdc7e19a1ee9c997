"""Metrics of predicted logits, exact and in float64."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


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


def measure(labels: np.ndarray, logits: np.ndarray, group_ids: np.ndarray | None = None) -> Metrics:
    """All metrics of labels 0/1 (n,) and logits (n,)."""
    gauc = None if group_ids is None else grouped_auc(labels, logits, group_ids)
    return Metrics(len(labels), auc(labels, logits), logloss(labels, logits), gauc)


def auc(labels: np.ndarray, scores: np.ndarray) -> float | None:
    """Area under the ROC curve, exact, ties counted half; None if all labels are alike."""
    positives = labels > 0.5
    num_positives = int(positives.sum())
    num_negatives = len(labels) - num_positives
    if num_positives == 0 or num_negatives == 0:
        return None
    rank_sum = _average_ranks(np.asarray(scores))[positives].sum()
    return float((rank_sum - num_positives * (num_positives + 1) / 2) / (num_positives * num_negatives))


def logloss(labels: np.ndarray, logits: np.ndarray) -> float:
    """Mean binary cross-entropy in nats, from logits, without overflow: log(1 + exp(z)) - y z."""
    z = np.asarray(logits, dtype=np.float64)
    return float((np.logaddexp(0.0, z) - labels * z).mean())


def grouped_auc(labels: np.ndarray, scores: np.ndarray, group_ids: np.ndarray) -> float | None:
    """Mean AUC within groups, weighted by rows (Zhou et al. 2018, equation 6); groups with one label are left out.

    None if no group has both labels.
    """
    _, groups = np.unique(group_ids, return_inverse=True)
    positives = (labels > 0.5).astype(np.float64)
    ranks = _average_ranks_within(np.asarray(scores), groups)
    size = np.bincount(groups).astype(np.float64)
    num_positives = np.bincount(groups, weights=positives)
    rank_sums = np.bincount(groups, weights=ranks * positives)
    pairs = num_positives * (size - num_positives)
    mixed = pairs > 0
    if not mixed.any():
        return None
    areas = (rank_sums[mixed] - num_positives[mixed] * (num_positives[mixed] + 1) / 2) / pairs[mixed]
    return float(np.average(areas, weights=size[mixed]))


def sigmoid(logits: np.ndarray) -> np.ndarray:
    """CTR of logits, float64, without overflow."""
    z = np.asarray(logits, dtype=np.float64)
    return np.exp(-np.logaddexp(0.0, -z))


def _average_ranks(scores: np.ndarray) -> np.ndarray:
    """Ranks from 1, tied scores sharing their mean rank."""
    return _average_ranks_within(scores, np.zeros(len(scores), dtype=np.int64))


def _average_ranks_within(scores: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Ranks from 1 within each group 0..G-1, tied scores sharing their mean rank."""
    order = np.lexsort((scores, groups)) if groups.any() else np.argsort(scores, kind="stable")
    sorted_scores, sorted_groups = scores[order], groups[order]
    is_first = np.ones(len(order), dtype=bool)
    is_first[1:] = (sorted_scores[1:] != sorted_scores[:-1]) | (sorted_groups[1:] != sorted_groups[:-1])
    run = np.cumsum(is_first) - 1
    starts = np.flatnonzero(is_first)
    ends = np.append(starts[1:], len(order))
    group_starts = np.searchsorted(sorted_groups, sorted_groups[starts])
    ranks = np.empty(len(order))
    ranks[order] = ((starts + ends - 1) / 2 + 1 - group_starts)[run]
    return ranks
