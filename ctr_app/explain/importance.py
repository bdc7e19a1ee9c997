"""How much a model rests on each field: what the loss becomes when the field's values are dealt out anew."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import torch
from torch import nn

from ..data.batch import Batch, FieldLayout
from ..data.intervals import Z_95
from ..training.trainer import predict
from .behaviour import swapped
from .scored import Scored

MOST_ROWS = 20_000
NUM_ROUNDS = 5


def permutation_importance(
    model: nn.Module,
    layout: FieldLayout,
    batch: Batch,
    scored: Scored,
    num_rounds: int = NUM_ROUNDS,
    seed: int = 0,
    on_progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Rise of the logloss when one field is permuted among the rows (Breiman 2001; Fisher et al. 2019), by field.

    Columns field, rise in nats, low, high (95 %, over rows, the rounds averaged first) and moved: the mean absolute
    change of the logit. Most important first. ``batch`` holds the rows of ``scored``; of more than MOST_ROWS some are
    drawn. ``on_progress`` is told how many fields of how many are done.
    """
    generator = np.random.default_rng(seed)
    chosen = np.sort(generator.permutation(len(scored))[:MOST_ROWS])
    rows = batch.select(torch.from_numpy(chosen))
    labels, logits, weight = scored.labels[chosen], scored.logits[chosen], scored.weight[chosen]
    before = _losses(labels, logits)
    lines = []
    for place, field in enumerate(layout.field_names, start=1):
        rises, moves = np.zeros(len(rows)), np.zeros(len(rows))
        for _ in range(num_rounds):
            dealt = rows.select(torch.from_numpy(generator.permutation(len(rows))))
            changed = predict(model, swapped(layout, rows, dealt, (field,)))
            rises += (_losses(labels, changed) - before) / num_rounds
            moves += np.abs(changed - logits) / num_rounds
        rise, error = _mean_with_error(rises, weight)
        lines.append((field, rise, rise - Z_95 * error, rise + Z_95 * error, float(np.average(moves, weights=weight))))
        if on_progress:
            on_progress(place, len(layout.field_names))
    found = pd.DataFrame(lines, columns=["field", "rise", "low", "high", "moved"])
    return found.sort_values("rise", ascending=False, kind="stable", ignore_index=True)


def _losses(labels: np.ndarray, logits: np.ndarray) -> np.ndarray:
    return np.logaddexp(0.0, logits) - labels * logits


def _mean_with_error(values: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    """Weighted mean and its standard error over rows."""
    share = weight / weight.sum()
    mean = float(share @ values)
    return mean, float(np.sqrt(share**2 @ (values - mean) ** 2))
