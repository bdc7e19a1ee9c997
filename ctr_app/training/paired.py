"""How much better or worse other scores of the same rows are, with the error that these rows leave."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

# Of a normal distribution, nineteen in twenty lie within so many standard errors.
NINETEEN_IN_TWENTY = 1.96


@dataclass(frozen=True)
class Change:
    """By how much a metric changed, and the standard error of that."""

    value: float
    error: float

    @property
    def margin(self) -> float:
        """Half the width of the 95 % interval."""
        return NINETEEN_IN_TWENTY * self.error

    @property
    def is_clear(self) -> bool:
        """Whether the 95 % interval leaves out zero."""
        return abs(self.value) > self.margin


def auc_change(
    labels: np.ndarray,
    before: np.ndarray,
    after: np.ndarray,
    weights: np.ndarray | None = None,
    group_ids: np.ndarray | None = None,
) -> Change | None:
    """AUC of the scores ``after`` less that of ``before``, each (n,) of the same rows; None without both labels.

    The error is that of DeLong et al. (1988), carried over to labels that are probabilities and to rows with weights:
    each row's influence on the difference, squared and summed. Where rows have a group, whole groups are taken as drawn
    at random, since one user's rows are alike: the influences within each are added before they are squared.
    """
    clicks = np.asarray(labels, dtype=np.float64) * (1.0 if weights is None else weights)
    others = (1.0 - np.asarray(labels, dtype=np.float64)) * (1.0 if weights is None else weights)
    if clicks.sum() == 0 or others.sum() == 0:
        return None
    clicks, others = clicks / clicks.sum(), others / others.sum()
    (first, of_first), (second, of_second) = (_auc_influences(clicks, others, s) for s in (before, after))
    return Change(second - first, _error(of_second - of_first, group_ids))


def logloss_change(
    labels: np.ndarray,
    before: np.ndarray,
    after: np.ndarray,
    weights: np.ndarray | None = None,
    group_ids: np.ndarray | None = None,
) -> Change:
    """Logloss in nats of the logits ``after`` less that of ``before``, as ``auc_change`` for the AUC."""
    shares = np.ones(len(labels)) if weights is None else np.asarray(weights, dtype=np.float64)
    shares = shares / shares.sum()
    differences = np.logaddexp(0.0, after) - np.logaddexp(0.0, before) - labels * (after - before)
    mean = float(shares @ differences)
    return Change(mean, _error(shares * (differences - mean), group_ids))


def _error(influences: np.ndarray, group_ids: np.ndarray | None) -> float:
    """Standard error of a sum over rows, or over groups of rows, of influences (n,)."""
    if group_ids is not None:
        _, codes = np.unique(group_ids, return_inverse=True)
        influences = np.bincount(codes, weights=influences)
    return float(np.sqrt((influences**2).sum()))


def _auc_influences(clicks: np.ndarray, others: np.ndarray, scores: np.ndarray) -> tuple[float, np.ndarray]:
    """AUC and each row's influence on it, (n,); ``clicks`` and ``others`` (n,) are shares that sum to 1."""
    _, places = np.unique(scores, return_inverse=True)
    beaten = _below(places, others)[places]  # share of the opposites that score lower
    beating = 1.0 - _below(places, clicks)[places]  # share of the clicks that score higher
    auc = float(clicks @ beaten)
    return auc, clicks * (beaten - auc) + others * (beating - auc)


def _below(places: np.ndarray, shares: np.ndarray) -> np.ndarray:
    """For each of K distinct scores, (K,), the share that lies below it; equal scores count half."""
    at = np.bincount(places, weights=shares)
    return np.cumsum(at) - at / 2
