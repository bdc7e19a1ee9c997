"""Does attention point at the items that matter? Items are taken out one after another, and the logit is watched."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from ..data.batch import Batch
from ..data.distinct import PADDING
from ..data.intervals import Z_95
from ..models.din import DIN
from ..training.trainer import predict
from .attention import leave_one_out, without_items
from .item_facts import is_same_kind

LEAST_ITEMS = 3
NUM_DRAWS = 500


@dataclass(frozen=True)
class Faithfulness:
    """Over ``rows`` rows: ``score`` of attention's order of items, with its 95 % interval ``low`` to ``high``.

    1: taking items out by attention lowers the logit as fast as taking out those first that matter most by themselves;
    0: no faster than in random order; below 0: attention points away from what matters. ``pushing_down`` is the share
    of rows whose most attended item lowers the logit: attention says how much of an item's vector is taken, and the
    vector whether that raises the logit. ``curves`` has method, removed (the share of items gone, 0 to 1) and logit,
    the mean over rows of the logit less that of the whole history.
    """

    rows: int
    score: float
    low: float
    high: float
    pushing_down: float
    curves: pd.DataFrame


def deletion_curve(model: DIN, row: Batch, history: str, order: np.ndarray) -> np.ndarray:
    """Logits, float64 (n + 1,), of a batch of one row after taking out 0, 1, ..., n items in this order.

    ``order`` holds the places of the n items, 0 for the oldest. What attends jointly with ``history`` goes with it.
    """
    return predict(model, without_items(model, row, history, [order[:count] for count in range(len(order) + 1)]))


def faithfulness(
    model: DIN,
    batch: Batch,
    history: str,
    seed: int = 0,
    on_progress: Callable[[int, int], bool] | None = None,
) -> Faithfulness | None:
    """Attention's faithfulness over the rows of ``batch`` that have LEAST_ITEMS items or more; None if none has.

    Three orders are compared on each row: by attention, by what leaving each item out does, and at random. With A the
    mean logit over a deletion curve, summed over rows, the score is (A_random - A_attention) / (A_random - A_effect);
    the interval is by drawing rows with replacement. ``on_progress`` returns False to stop; what is done counts.
    """
    generator = np.random.default_rng(seed)
    lengths = (batch.sequences[history] > PADDING).sum(dim=1).numpy()
    chosen = np.flatnonzero(lengths >= LEAST_ITEMS)
    curves: dict[str, list[np.ndarray]] = {"attention": [], "effect": [], "random": []}
    lowered = []
    for done, place in enumerate(chosen, start=1):
        row = batch.select(slice(int(place), int(place) + 1))
        effects = leave_one_out(model, row, history)
        orders = {
            "attention": np.argsort(-_weights(model, row, history), kind="stable"),
            "effect": np.argsort(-effects, kind="stable"),
            "random": generator.permutation(int(lengths[place])),
        }
        lowered.append(effects[orders["attention"][0]] < 0)
        for method, order in orders.items():
            curves[method].append(deletion_curve(model, row, history, order))
        if on_progress and not on_progress(done, len(chosen)):
            break
    if not curves["random"]:
        return None
    areas = {method: np.array([float(np.mean(curve)) for curve in of]) for method, of in curves.items()}
    return Faithfulness(len(lowered), *_score(areas, generator), float(np.mean(lowered)), _mean_curves(curves))


def attention_by_recency(model: DIN, batch: Batch, history: str) -> pd.DataFrame:
    """Mean attention by how long ago an item was: columns ago (1 for the latest), weight, low, high, rows (95 %)."""
    ids, weights = batch.sequences[history], _weights_of(model, batch, history)
    is_real = (ids > PADDING).numpy()
    lengths = is_real.sum(axis=1)
    ago = lengths[:, None] - np.arange(ids.shape[1])
    return _means(ago[is_real], weights[is_real], "ago")


def attention_by_match(model: DIN, batch: Batch, history: str, other: str) -> pd.DataFrame | None:
    """Mean attention on items that are like the candidate in a second, parallel history ``other``, and on those not.

    Columns is_same, weight, low, high, rows. None if ``other`` has no candidate.
    """
    sequence = next(s for s in model.layout.sequences if s.name == other)
    if sequence.candidate is None:
        return None
    candidates = batch.categorical[:, model.layout.categorical.index(sequence.candidate)]
    width = min(batch.sequences[history].shape[1], batch.sequences[other].shape[1])
    ids, beside = batch.sequences[history][:, :width], batch.sequences[other][:, :width]
    is_real = ((ids > PADDING) & (beside > PADDING)).numpy()
    is_same = (beside == candidates[:, None]).numpy()
    return _means(is_same[is_real], _weights_of(model, batch, history)[:, :width][is_real], "is_same")


def attention_by_kind(model: DIN, batch: Batch, history: str, place: int, codes: np.ndarray) -> pd.DataFrame:
    """Mean attention on items of the candidate's kind, and on those of others.

    Columns is_same, weight, low, high, rows.
    ``place`` is the candidate's among the categorical fields, ``codes`` the kinds by id (``item_facts.kind_codes``).
    """
    is_same, is_known = is_same_kind(batch, history, place, codes)
    return _means(is_same[is_known], _weights_of(model, batch, history)[is_known], "is_same")


def _means(keys: np.ndarray, weights: np.ndarray, name: str) -> pd.DataFrame:
    groups = pd.DataFrame({name: keys, "weight": weights}).groupby(name)["weight"]
    found = groups.agg(weight="mean", spread="std", rows="count").reset_index()
    half = Z_95 * found.pop("spread").fillna(0.0) / np.sqrt(found["rows"])
    return found.assign(low=found["weight"] - half, high=found["weight"] + half)


def _score(areas: dict[str, np.ndarray], generator: np.random.Generator) -> tuple[float, float, float]:
    """The score with its interval, of mean logits over the deletion curves of each row."""
    of_attention, of_effect = areas["random"] - areas["attention"], areas["random"] - areas["effect"]
    count = len(of_effect)
    drawn = generator.integers(0, count, (NUM_DRAWS, count))
    totals = of_effect[drawn].sum(axis=1)
    scores = of_attention[drawn].sum(axis=1) / np.where(totals > 0, totals, np.nan)
    low, high = np.nanquantile(scores, [0.025, 0.975]) if np.isfinite(scores).any() else (np.nan, np.nan)
    total = float(of_effect.sum())
    return float(of_attention.sum()) / total if total > 0 else float("nan"), float(low), float(high)


def _mean_curves(curves: dict[str, list[np.ndarray]]) -> pd.DataFrame:
    """Mean over rows on a common grid of the share of items gone."""
    grid = np.linspace(0, 1, 21)
    frames = []
    for method, of_rows in curves.items():
        on_grid = [np.interp(grid, np.linspace(0, 1, len(curve)), curve - curve[0]) for curve in of_rows]
        frames.append(pd.DataFrame({"method": method, "removed": grid, "logit": np.mean(on_grid, axis=0)}))
    return pd.concat(frames, ignore_index=True)


def _weights(model: DIN, row: Batch, history: str) -> np.ndarray:
    """Attention (n,) of the items of a batch of one row."""
    count = int((row.sequences[history] > PADDING).sum())
    return _weights_of(model, row, history)[0, :count]


@torch.no_grad()
def _weights_of(model: DIN, batch: Batch, history: str) -> np.ndarray:
    """Attention (B, T) of every position of one history."""
    names = [sequence.name for group in model.groups for sequence in group]
    found = model.attention_weights(batch)[names.index(history)].numpy()
    padded = np.zeros(batch.sequences[history].shape)
    padded[:, : found.shape[1]] = found
    return padded
