"""How much a model rests on each field: what the loss becomes when its values are dealt out anew, and how far they
move the logit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import torch
from torch import nn

from ..data.batch import Batch, FieldLayout
from ..data.dataset import as_batch
from ..data.intervals import Z_95
from ..training.trainer import predict
from .behaviour import swapped
from .gradients import Gradients
from .scored import Scored, chosen_rows

OnProgress = Callable[[int, int], bool]
MOST_ROWS = 20_000
ATTRIBUTED_ROWS = 200
NUM_ROUNDS = 5


def field_importance(
    model: nn.Module, layout: FieldLayout, scored: Scored, baseline: Batch, on_progress: OnProgress | None = None
) -> pd.DataFrame:
    """``permutation_importance`` of the rows, and beside it ``mean_attribution`` of ATTRIBUTED_ROWS of them.

    Of rows that were scored in the order of something, those attributed are drawn. ``on_progress`` is told how many
    hundredths are done, and returns False to stop: what is done counts, and fields that are not are left out.
    """
    drawn = np.sort(np.random.default_rng(0).permutation(len(scored))[:ATTRIBUTED_ROWS])
    rows, weight = as_batch(chosen_rows(scored.encoded, drawn)), scored.weight[drawn]
    moved = mean_attribution(model, layout, rows, weight, baseline, _half_of(on_progress, 0))
    batch = as_batch(scored.encoded)
    return permutation_importance(model, layout, batch, scored, on_progress=_half_of(on_progress, 50)).merge(moved)


def _half_of(on_progress: OnProgress | None, start: int) -> OnProgress | None:
    """What is told the progress of one half of the work, in hundredths of the whole from ``start`` on."""
    if on_progress is None:
        return None
    tell = on_progress
    return lambda done, total: tell(start + 50 * done // total, 100)


def permutation_importance(
    model: nn.Module,
    layout: FieldLayout,
    batch: Batch,
    scored: Scored,
    num_rounds: int = NUM_ROUNDS,
    seed: int = 0,
    on_progress: OnProgress | None = None,
) -> pd.DataFrame:
    """Rise of the logloss when one field is permuted among the rows (Breiman 2001; Fisher et al. 2019), by field.

    Columns field, rise in nats, low, high (95 %, over rows, the rounds averaged first) and moved: the mean absolute
    change of the logit. Most important first. ``batch`` holds the rows of ``scored``; of more than MOST_ROWS some are
    drawn. ``on_progress`` is told how many fields of how many are done, and returns False to stop.
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
        if on_progress and not on_progress(place, len(layout.field_names)):
            break
    found = pd.DataFrame(lines, columns=["field", "rise", "low", "high", "moved"])
    return found.sort_values("rise", ascending=False, kind="stable", ignore_index=True)


def mean_attribution(
    model: nn.Module,
    layout: FieldLayout,
    rows: Batch,
    weight: np.ndarray,
    baseline: Batch,
    on_progress: OnProgress | None = None,
) -> pd.DataFrame:
    """Mean absolute contribution of each field to the logits of n rows, by integrated gradients from the mean row.

    Columns field, attribution in logits, attribution_low, attribution_high (95 %, over rows); ``weight`` (n,) says how
    much each row counts. ``on_progress`` is told how many rows of how many are done, and returns False to stop.
    """
    gradients = Gradients(model, layout, baseline)
    found: list[np.ndarray] = []
    for place in range(len(rows)):
        frame = gradients.of(rows.select(slice(place, place + 1))).frame
        found.append(frame["contribution"].abs().to_numpy())
        if on_progress and not on_progress(place + 1, len(rows)):
            break
    of_fields = zip(layout.field_names, np.stack(found, axis=1), strict=True)
    means = [(field, *_mean_with_error(amounts, weight[: len(found)])) for field, amounts in of_fields]
    lines = [(field, mean, mean - Z_95 * error, mean + Z_95 * error) for field, mean, error in means]
    return pd.DataFrame(lines, columns=["field", "attribution", "attribution_low", "attribution_high"])


def _losses(labels: np.ndarray, logits: np.ndarray) -> np.ndarray:
    return np.logaddexp(0.0, logits) - labels * logits


def _mean_with_error(values: np.ndarray, weight: np.ndarray) -> tuple[float, float]:
    """Weighted mean and its standard error over rows."""
    share = weight / weight.sum()
    mean = float(share @ values)
    return mean, float(np.sqrt(share**2 @ (values - mean) ** 2))
