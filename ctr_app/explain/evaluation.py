"""Metrics of scored rows with intervals: rows are drawn again and again with replacement (Efron 1979)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from ..training.metrics import pairs_won
from .scored import Scored

NUM_DRAWS = 200
LEVEL = 0.95
METRICS = ("auc", "gauc", "logloss", "normalised_entropy", "brier", "calibration")


@dataclass(frozen=True)
class Groups:
    """How many groups have both labels, and how many have one alone and are therefore left out of GAUC."""

    mixed: int
    left_out: int


def metrics_of(scored: Scored, num_draws: int = NUM_DRAWS, seed: int = 0) -> pd.DataFrame:
    """A frame of metric, value, low, high, one line for each metric that the rows allow.

    ``normalised_entropy`` is the logloss over that of one constant, the mean label (He et al. 2014, equation 3);
    ``brier`` the mean square of CTR minus label; ``calibration`` the sum of CTR over the sum of labels, 1 where they
    agree. The 95 % interval is that of the percentiles over ``num_draws`` draws, of whole groups where rows have a
    group, since one user's rows are alike; of single rows elsewhere.
    """
    measures = _measures(scored)
    values = {name: measure(scored.weight) for name, measure in measures.items()}
    draws = list(_draws(scored, num_draws, seed))
    lines = []
    for name, measure in measures.items():
        drawn = np.array([measure(weight) for weight in draws])
        ends = np.nanquantile(drawn, [(1 - LEVEL) / 2, (1 + LEVEL) / 2])
        lines.append((name, values[name], *ends))
    return pd.DataFrame(lines, columns=["metric", "value", "low", "high"])


def groups_of(scored: Scored) -> Groups | None:
    """How many groups GAUC is about; None where rows have no group."""
    codes = group_codes(scored)
    if codes is None:
        return None
    clicks, rows = np.bincount(codes, weights=scored.labels), np.bincount(codes)
    mixed = int(((clicks > 0) & (clicks < rows)).sum())
    return Groups(mixed, len(rows) - mixed)


def group_codes(scored: Scored) -> np.ndarray | None:
    """Whose each row is, as codes 0..G-1 int (n,); None where nobody says."""
    return None if scored.group_ids is None else np.unique(scored.group_ids, return_inverse=True)[1]


def _measures(scored: Scored) -> dict[str, Callable[[np.ndarray], float]]:
    """By name, what measures the rows when each counts as much as a weight (n,) says."""
    ctr, labels = scored.ctr, scored.labels
    of_row = np.logaddexp(0.0, scored.logits) - labels * scored.logits
    measures: dict[str, Callable[[np.ndarray], float]] = {}
    if scored.has_both_labels:
        measures["auc"] = _RankedRows(labels, scored.logits).auc
    codes = group_codes(scored)
    groups = None if codes is None else _GroupedRows(scored, codes)
    if groups is not None and groups.rows.any():
        measures["gauc"] = groups.gauc
    measures["logloss"] = lambda weight: _mean(of_row, weight)
    if scored.has_both_labels:
        measures["normalised_entropy"] = lambda weight: _mean(of_row, weight) / _entropy(_mean(labels, weight))
    measures["brier"] = lambda weight: _mean((ctr - labels) ** 2, weight)
    if labels.any():
        measures["calibration"] = lambda weight: _ratio(float(ctr @ weight), float(labels @ weight))
    return measures


def _draws(scored: Scored, num_draws: int, seed: int) -> Iterator[np.ndarray]:
    """Weights float64 (n,) of the rows, as often as they were drawn times their own."""
    generator, weight = np.random.default_rng(seed), scored.weight
    codes = group_codes(scored)
    units = np.arange(len(scored)) if codes is None else codes
    count = int(units.max(initial=-1)) + 1
    for _ in range(num_draws):
        yield np.bincount(generator.integers(0, count, count), minlength=count)[units] * weight


class _RankedRows:
    """Rows in the order of their scores, so that AUC for other weights needs no other sorting."""

    def __init__(self, labels: np.ndarray, scores: np.ndarray) -> None:
        self._order = np.argsort(scores, kind="stable")
        ascending = scores[self._order]
        self._starts = np.flatnonzero(np.r_[True, ascending[1:] != ascending[:-1]])
        self._labels = labels[self._order]

    def auc(self, weight: np.ndarray) -> float:
        """Weighted AUC, ties counted half; NaN where the rows drawn have one label alone."""
        weight = weight[self._order]
        clicked = self._labels * weight
        clicks = np.add.reduceat(clicked, self._starts)
        others = np.add.reduceat(weight - clicked, self._starts)
        below = np.cumsum(others) - others
        return _ratio(float(clicks @ (below + others / 2)), float(clicks.sum() * others.sum()))


class _GroupedRows:
    """AUC within each group that has both labels, and how much the group counts."""

    def __init__(self, scored: Scored, codes: np.ndarray) -> None:
        """``codes`` 0..G-1 int (n,) are the groups of the rows."""
        won, clicks, others = pairs_won(scored.labels, scored.logits, scored.weight, codes)
        pairs = clicks * others
        self.rows = np.where(pairs > 0, clicks + others, 0.0)
        self._aucs = np.divide(won, pairs, out=np.zeros(len(won)), where=pairs > 0)
        self._first = np.unique(codes, return_index=True)[1]
        self._own = scored.weight[self._first]

    def gauc(self, weight: np.ndarray) -> float:
        """GAUC where whole groups are drawn: all rows of one are weighted by the same factor."""
        counts = self.rows * weight[self._first] / self._own
        return _ratio(float(counts @ self._aucs), float(counts.sum()))


def _mean(values: np.ndarray, weight: np.ndarray) -> float:
    return _ratio(float(values @ weight), float(weight.sum()))


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole > 0 else float("nan")


def _entropy(rate: float) -> float:
    """Logloss in nats of the constant ``rate`` where that is the rate."""
    return float(-rate * np.log(rate) - (1 - rate) * np.log1p(-rate)) if 0 < rate < 1 else float("nan")
