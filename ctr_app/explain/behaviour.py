"""Interactions by behaviour: what happens to any model's logit when values are swapped between real rows."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from ..data.batch import Batch, FieldLayout
from ..training.trainer import EVALUATION_ROWS, predict
from .pairs import pair_frame


def by_behaviour(
    model: nn.Module, layout: FieldLayout, batch: Batch, num_pairs: int = 256, seed: int = 0
) -> pd.DataFrame:
    """The swap measure of every pair of fields: root mean square of the pair's own effect, in logits.

    Half the root of E[(f(b_i b_j) - f(b_i a_j) - f(a_i b_j) + f(a))^2] over pairs of rows a, b: row a with field i,
    field j or both taken from row b. Zero exactly where the model has no interaction of i and j. The half puts it on
    the scale of the purified effect: the square holds that effect at four independent points.
    """
    generator = np.random.default_rng(seed)
    num_pairs = min(num_pairs, max(1, len(batch) // 2))
    drawn = torch.from_numpy(generator.permutation(len(batch))[: 2 * num_pairs] if len(batch) > 1 else np.zeros(2, int))
    a, b = batch.select(drawn[:num_pairs]), batch.select(drawn[num_pairs:])
    names = layout.field_names
    base = _logits(model, [a])[0]
    single = _logits(model, [swapped(layout, a, b, (name,)) for name in names])
    first, second = np.triu_indices(len(names), k=1)
    both = _logits(model, (swapped(layout, a, b, (names[i], names[j])) for i, j in zip(first, second, strict=True)))
    strengths = np.zeros((len(names), len(names)))
    for i, j, logits in zip(first, second, both, strict=True):
        square = ((logits - single[i] - single[j] + base) ** 2).mean()
        strengths[i, j] = strengths[j, i] = np.sqrt(square) / 2
    return pair_frame(names, strengths)


def swapped(layout: FieldLayout, a: Batch, b: Batch, fields: tuple[str, ...]) -> Batch:
    """The rows of ``a`` with the given fields taken from the rows of ``b``."""
    numeric, categorical, sequences = a.numeric, a.categorical, dict(a.sequences)
    for name in fields:
        if name in layout.numeric:
            numeric = _with_column(numeric, b.numeric, layout.numeric.index(name))
        elif name in layout.categorical:
            categorical = _with_column(categorical, b.categorical, layout.categorical.index(name))
        else:
            sequences[name] = b.sequences[name]
    return Batch(numeric, categorical, sequences, a.labels)


def _with_column(into: Tensor, source: Tensor, column: int) -> Tensor:
    changed = into.clone()
    changed[:, column] = source[:, column]
    return changed


def _logits(model: nn.Module, batches: Iterable[Batch]) -> list[np.ndarray]:
    """Logits, float64 (n,) each, of many batches of n rows, in forward passes of about EVALUATION_ROWS rows."""
    results: list[np.ndarray] = []
    waiting: list[Batch] = []
    for batch in batches:
        waiting.append(batch)
        if sum(map(len, waiting)) >= EVALUATION_ROWS:
            results += _together(model, waiting)
            waiting = []
    return results + (_together(model, waiting) if waiting else [])


def _together(model: nn.Module, batches: list[Batch]) -> list[np.ndarray]:
    joined = Batch(
        torch.cat([batch.numeric for batch in batches]),
        torch.cat([batch.categorical for batch in batches]),
        {name: torch.cat([batch.sequences[name] for batch in batches]) for name in batches[0].sequences},
        torch.cat([batch.labels for batch in batches]),
    )
    return np.split(predict(model, joined), len(batches))
