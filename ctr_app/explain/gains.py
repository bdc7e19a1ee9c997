"""How much better one model is than another on the same rows, with the interval that chance leaves open.

Both metrics are averages of what each row brings (for AUC to first order), so one sum of squares serves both: the
infinitesimal jackknife, which for AUC is the estimate of DeLong et al. (1988) up to the factor (m - 1) / m.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy import special

from ..training.metrics import auc, logloss

LEVEL = 0.95


@dataclass(frozen=True)
class Gain:
    """``value`` is how much better the second model is, above 0 where it is; ``error`` its standard error.

    ``low`` and ``high`` are the ends of the 95 % interval.
    """

    value: float
    error: float
    low: float
    high: float

    @property
    def margin(self) -> float:
        """Half the width of the interval."""
        return (self.high - self.low) / 2

    @property
    def is_clear(self) -> bool:
        """Whether the interval leaves zero out."""
        return self.low > 0 or self.high < 0


@dataclass(frozen=True)
class Rows:
    """The n rows that are measured: labels 0/1 or probabilities (n,), weights (n,) or None, whose they are or None."""

    labels: np.ndarray
    weights: np.ndarray | None = None
    group_ids: np.ndarray | None = None


def gain_in_auc(rows: Rows, before: Sequence[np.ndarray], after: Sequence[np.ndarray]) -> Gain:
    """How much AUC rises from the logits ``before`` to those ``after``, (n,) for each seed.

    Raises:
        ValueError: if all labels are 0 or all are 1.
    """
    values = [_auc(rows, b) - _auc(rows, a) for a, b in zip(before, after, strict=True)]
    brought = [auc_by_row(rows, b) - auc_by_row(rows, a) for a, b in zip(before, after, strict=True)]
    return _gain(rows, values, brought)


def gain_in_logloss(rows: Rows, before: Sequence[np.ndarray], after: Sequence[np.ndarray]) -> Gain:
    """How much logloss falls, in nats, from the logits ``before`` to those ``after``, (n,) for each seed."""
    values = [_logloss(rows, a) - _logloss(rows, b) for a, b in zip(before, after, strict=True)]
    brought = [logloss_by_row(rows, a) - logloss_by_row(rows, b) for a, b in zip(before, after, strict=True)]
    return _gain(rows, values, brought)


def auc_by_row(rows: Rows, logits: np.ndarray) -> np.ndarray:
    """What each row brings to AUC beyond its share of the mean, (n,); the sum is 0."""
    clicks = _weights(rows) * rows.labels
    others = _weights(rows) - clicks
    _, ties = np.unique(logits, return_inverse=True)
    won = _share_below(ties, others)  # of a click of this score, against the opposites
    lost = 1 - _share_below(ties, clicks)  # of an opposite of this score, against the clicks
    mean = _auc(rows, logits)
    return clicks * (won - mean) / clicks.sum() + others * (lost - mean) / others.sum()


def logloss_by_row(rows: Rows, logits: np.ndarray) -> np.ndarray:
    """What each row brings to logloss beyond its share of the mean, (n,); the sum is 0."""
    losses = np.logaddexp(0.0, logits) - rows.labels * logits
    weights = _weights(rows)
    return weights * (losses - np.average(losses, weights=weights)) / weights.sum()


def _gain(rows: Rows, values: Sequence[float], brought: Sequence[np.ndarray]) -> Gain:
    """The mean over seeds; its variance is that over rows (rows of one group together) and that between seeds."""
    by_row = np.mean(brought, axis=0)
    if rows.group_ids is not None:
        by_row = np.bincount(np.unique(rows.group_ids, return_inverse=True)[1], weights=by_row)
    over_rows, seeds = float((by_row**2).sum()), len(values)
    between = float(np.var(values, ddof=1)) / seeds if seeds > 1 else 0.0
    error = float(np.sqrt(over_rows + between))
    # Few seeds tell their own variance poorly (Welch 1947, Satterthwaite 1946); rows are many.
    freedom = (seeds - 1) * (error**2 / between) ** 2 if between > 0 else np.inf
    reach = float(special.stdtrit(freedom, (1 + LEVEL) / 2)) * error
    value = float(np.mean(values))
    return Gain(value, error, value - reach, value + reach)


def _auc(rows: Rows, logits: np.ndarray) -> float:
    found = auc(rows.labels, logits, rows.weights)
    if found is None:
        raise ValueError("AUC needs clicks and opposites")
    return found


def _logloss(rows: Rows, logits: np.ndarray) -> float:
    return logloss(rows.labels, logits, rows.weights)


def _weights(rows: Rows) -> np.ndarray:
    return np.ones(len(rows.labels)) if rows.weights is None else np.asarray(rows.weights, dtype=np.float64)


def _share_below(ties: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """For each row the share of ``weights`` at lower scores, equal ones half; ``ties`` (n,) ranks scores from 0."""
    by_score = np.bincount(ties, weights=weights)
    below = np.cumsum(by_score) - by_score / 2
    found: np.ndarray = (below / by_score.sum())[ties]
    return found
