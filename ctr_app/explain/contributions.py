"""One prediction as a sum over fields: what each adds to the logit beside a baseline of real rows.

Each method gives a frame of field and contribution in logits, and how far baseline plus contributions miss the logit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
import torch
from torch import nn

from ..data.batch import Batch, FieldLayout
from ..models.fm import FM
from ..training.trainer import predict
from .mixing import with_each

NUM_BASELINE = 100
NUM_ORDERS = 200


@dataclass(frozen=True)
class Contributions:
    """One row's logit = ``baseline`` + the sum of ``frame["contribution"]`` + ``delta``.

    ``frame`` has field and contribution, and error, a standard error, where chance had a part. ``baseline`` is the
    mean logit of the baseline rows, or the logit of the mean row where the method says so.
    """

    method: str
    logit: float
    baseline: float
    frame: pd.DataFrame

    @property
    def delta(self) -> float:
        """What the contributions do not account for, in logits."""
        return self.logit - self.baseline - float(self.frame["contribution"].sum())

    @property
    def relative_delta(self) -> float:
        """``delta`` over what was to be accounted for."""
        return abs(self.delta) / max(abs(self.logit - self.baseline), 1e-12)


@torch.no_grad()
def exact(model: FM, row: Batch, baseline: Batch) -> Contributions:
    """FM's own terms: each field's linear term, and each pair of fields by itself, exactly.

    Lines with a second field, in the column ``with_field``, are pairs (None elsewhere). With baseline rows whose fields
    are drawn independently, x_i v_i has the mean m_i there: the linear term of a field is w_i - E w_i plus
    <v_i - m_i, sum_{j != i} m_j>, the term of a pair <v_i - m_i, v_j - m_j>, and the baseline what is left: the
    logit of independent mean rows.
    """
    names = model.layout.field_names
    terms, means = model.terms(row)[0].double(), model.terms(baseline).double().mean(dim=0)  # (F, 1 + D)
    moved, others = terms[:, 1:] - means[:, 1:], means[:, 1:].sum(dim=0) - means[:, 1:]
    mains = terms[:, 0] - means[:, 0] + (moved * others).sum(dim=1)
    pairs = moved @ moved.T
    products = means[:, 1:] @ means[:, 1:].T
    start = float(model.bias) + float(means[:, 0].sum()) + float(torch.triu(products, diagonal=1).sum())
    lines: list[tuple[str, str | None, float]]
    lines = [(name, None, float(main)) for name, main in zip(names, mains, strict=True)]
    lines += [(names[i], names[j], float(pairs[i, j])) for i, j in combinations(range(len(names)), 2)]
    frame = pd.DataFrame(lines, columns=["field", "with_field", "contribution"])
    return Contributions("exact", float(predict(model, row)[0]), start, frame)


def ablation(model: nn.Module, layout: FieldLayout, row: Batch, baseline: Batch) -> Contributions:
    """The logit less its mean with one field taken from each baseline row: what each field alone is worth here.

    Effects that two fields share are counted twice or not at all, so the sum may miss the logit: see ``delta``.
    """
    taken = torch.eye(len(layout.field_names), dtype=torch.bool)
    logit = float(predict(model, row)[0])
    found = predict(model, with_each(layout, row, baseline).mixed(taken)).reshape(len(taken), len(baseline))
    frame = _frame(layout, logit - found.mean(axis=1), found.std(axis=1) / np.sqrt(len(baseline)))
    return Contributions("ablation", logit, float(predict(model, baseline).mean()), frame)


def shapley(
    model: nn.Module,
    layout: FieldLayout,
    row: Batch,
    baseline: Batch,
    num_orders: int = NUM_ORDERS,
    seed: int = 0,
    on_progress: Callable[[int, int], bool] | None = None,
) -> Contributions:
    """Shapley values by sampling (Štrumbelj & Kononenko 2014, algorithm 1): fields enter one by one in random orders.

    Each order has a baseline row of its own, of which every field is at last the row's own; so the contributions of an
    order sum exactly to the difference of the two logits. ``on_progress`` is told how many orders of how many are
    done, and returns False to stop: what is done counts.
    """
    generator = np.random.default_rng(seed)
    drawn = generator.permutation(np.resize(np.arange(len(baseline)), num_orders))
    orders = np.array([generator.permutation(len(layout.field_names)) for _ in range(num_orders)])
    gains: list[np.ndarray] = []
    starts: list[float] = []
    for place in range(0, num_orders, 25):
        rows = baseline.select(torch.from_numpy(drawn[place : place + 25]))
        for order, logits in _walks(model, layout, row, rows, orders[place : place + 25]):
            starts.append(float(logits[0]))
            gains.append(np.diff(logits)[np.argsort(order)])
        if on_progress and not on_progress(len(gains), num_orders):
            break
    found = np.array(gains)
    frame = _frame(layout, found.mean(axis=0), found.std(axis=0) / np.sqrt(len(found)))
    return Contributions("shapley", float(predict(model, row)[0]), float(np.mean(starts)), frame)


def agreement(found: list[Contributions]) -> pd.DataFrame:
    """Spearman's rank correlation between methods over fields: columns method, other, correlation.

    An exact FM's pairs are given half to each of their fields.
    """
    from scipy.stats import spearmanr  # slow to import

    by_field = {one.method: per_field(one) for one in found}
    lines = [
        (a, b, float(spearmanr(by_field[a], by_field[b].reindex(by_field[a].index)).statistic))
        for a, b in combinations(by_field, 2)
    ]
    return pd.DataFrame(lines, columns=["method", "other", "correlation"])


def per_field(found: Contributions) -> pd.Series:
    """The contribution of each field, a pair's given half to each of its two, by the field's name."""
    frame = found.frame
    if "with_field" not in frame:
        return frame.set_index("field")["contribution"]
    is_pair = frame["with_field"].notna()
    halves = frame["contribution"].where(~is_pair, frame["contribution"] / 2)
    first = halves.groupby(frame["field"], sort=False).sum()
    second = halves[is_pair].groupby(frame.loc[is_pair, "with_field"]).sum()
    return first.add(second, fill_value=0.0).reindex(first.index)


def _walks(
    model: nn.Module, layout: FieldLayout, row: Batch, starts: Batch, orders: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Each order (F,) with the logits (F + 1,) from its start to the row, one field more at each step."""
    ranks, steps = torch.from_numpy(np.argsort(orders, axis=1)), torch.arange(orders.shape[1] + 1)
    is_from_start = ranks[None, :, :] >= steps[:, None, None]  # (F + 1, n, F)
    logits = predict(model, with_each(layout, row, starts).mixed(is_from_start)).reshape(len(steps), len(orders))
    return zip(orders, logits.T, strict=True)


def _frame(layout: FieldLayout, contributions: np.ndarray, errors: np.ndarray) -> pd.DataFrame:
    return pd.DataFrame({"field": list(layout.field_names), "contribution": contributions, "error": errors})
