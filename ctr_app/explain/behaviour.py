"""Interactions by behaviour: what happens to any model's logit when values are swapped between real rows."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
import torch
from torch import nn

from ..data.arrays import EncodedRows
from ..data.batch import Batch, FieldLayout
from ..models.din import DIN
from ..models.fm import FM
from ..training.trainer import EVALUATION_ROWS, predict
from .mixing import RowPairs
from .pairs import strongest_first
from .support import SwapSupport

NUM_SWAPS = 512


def by_behaviour(
    model: nn.Module,
    layout: FieldLayout,
    batch: Batch,
    num_pairs: int = NUM_SWAPS,
    seed: int = 0,
    *,
    training_rows: EncodedRows | None = None,
    support: int = 0,
) -> pd.DataFrame:
    """The swap measure of every pair of fields: root mean square of the pair's own effect, in logits.

    Half the root of E[(f(b_i b_j) - f(b_i a_j) - f(a_i b_j) + f(a))^2] over ``num_pairs`` pairs of rows a, b: row a
    with field i, field j or both taken from row b. Zero exactly where the model has no interaction of i and j. The half
    puts it on the scale of the purified effect: the square holds that effect at four independent points. Histories that
    DIN attends to jointly are parallel, so that one brings the others along, unless these two are the pair.

    Columns field_a, field_b, strength, error, strongest first. ``error`` is the standard error of the strength over
    pairs of rows, by the delta method on the root. With ``support`` above 0 only swaps whose four pairs of values each
    stand in so many ``training_rows`` count; a column ``swaps`` says how many did, and strength is 0 where none did.
    """
    a, b = pairs_of_rows(batch, num_pairs, seed)
    first, second = np.triu_indices(len(layout.field_names), k=1)
    squares = _squares(model, layout, a, b)
    counted = np.ones(squares.shape, dtype=bool)
    if support and training_rows is not None:
        has_support = SwapSupport(layout, training_rows, a, b, support)
        counted = np.array([has_support(i, j) for i, j in zip(first.tolist(), second.tolist(), strict=True)]).reshape(
            squares.shape
        )
    strengths, errors = half_root_mean(squares, counted)
    names = np.array(layout.field_names, dtype=object)
    columns = {"field_a": names[first], "field_b": names[second], "strength": strengths, "error": errors}
    return strongest_first(pd.DataFrame(columns | ({"swaps": counted.sum(axis=1)} if support else {})))


def swap_strengths(model: nn.Module, layout: FieldLayout, batch: Batch, num_pairs: int) -> np.ndarray:
    """The strengths of ``by_behaviour`` alone, (F (F - 1) / 2,), pairs in the order of ``itertools.combinations``."""
    squares = _squares(model, layout, *pairs_of_rows(batch, num_pairs, seed=0))
    return half_root_mean(squares, np.ones_like(squares))[0]


def _squares(model: nn.Module, layout: FieldLayout, a: Batch, b: Batch) -> np.ndarray:
    """The squared mixed difference of every pair of fields on n pairs of rows, (F (F - 1) / 2, n)."""
    return (_fm_differences(model, a, b) if isinstance(model, FM) else _differences(model, layout, a, b)) ** 2


def half_root_mean(squares: np.ndarray, counted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Half the root of the mean of the ``counted`` squares (P, n) of each pair, and its standard error, (P,) each."""
    numbers = np.maximum(counted.sum(axis=1), 1)
    means = (squares * counted).sum(axis=1) / numbers
    variances = ((squares - means[:, None]) ** 2 * counted).sum(axis=1) / np.maximum(numbers - 1, 1)
    roots = np.sqrt(means)
    errors = np.sqrt(variances / numbers) / np.where(roots > 0, 4 * roots, 1.0)
    return roots / 2, errors


def swapped(layout: FieldLayout, a: Batch, b: Batch, fields: Sequence[str]) -> Batch:
    """The rows of ``a`` with the given fields taken from the rows of ``b``."""
    taken = torch.tensor([[name in fields for name in layout.field_names]])
    return RowPairs(layout, a, b).mixed(taken)


def pairs_of_rows(batch: Batch, num_pairs: int, seed: int) -> tuple[Batch, Batch]:
    """Two batches of at most ``num_pairs`` rows, none of them twice; the one row of a batch of one goes with itself."""
    num_pairs = min(num_pairs, max(1, len(batch) // 2))
    drawn = np.random.default_rng(seed).permutation(len(batch))[: 2 * num_pairs] if len(batch) > 1 else np.zeros(2, int)
    rows = torch.from_numpy(drawn)
    return batch.select(rows[:num_pairs]), batch.select(rows[num_pairs:])


@torch.no_grad()
def _fm_differences(model: FM, a: Batch, b: Batch) -> np.ndarray:
    """The mixed difference of every pair of fields in closed form, (F (F - 1) / 2, n).

    An FM's pair term is <x_i v_i, x_j v_j>, so that the difference is <d_i, d_j> with d what changes from a to b.
    """
    changes = (model.field_vectors(b) - model.field_vectors(a)).double()  # (n, F, D)
    first, second = np.triu_indices(changes.shape[1], k=1)
    products = torch.bmm(changes, changes.transpose(1, 2)).numpy()  # (n, F, F)
    return np.ascontiguousarray(products[:, first, second].T)


def _differences(model: nn.Module, layout: FieldLayout, a: Batch, b: Batch) -> np.ndarray:
    """f(b_i b_j) - f(b_i a_j) - f(a_i b_j) + f(a) of every pair of fields, (F (F - 1) / 2, n), float64."""
    first, second = np.triu_indices(len(layout.field_names), k=1)
    alone, along = np.eye(len(layout.field_names), dtype=bool), brought_along(model, layout)
    is_together = along[first, second][:, None]
    of_first, of_second = (np.where(is_together, alone[one], along[one]) for one in (first, second))
    neither = np.zeros_like(of_first[:1])
    mixes, places = np.unique(
        np.concatenate([neither, of_first, of_second, of_first | of_second]), axis=0, return_inverse=True
    )
    logits = mixed_logits(model, RowPairs(layout, a, b), mixes)
    base = logits[places[0]]
    one, other, both = np.split(places[1:], 3)
    return logits[both] - logits[one] - logits[other] + base


def brought_along(model: nn.Module, layout: FieldLayout) -> np.ndarray:
    """Which fields go with which, bool (F, F): each with itself, and histories with those attended to jointly."""
    along = np.eye(len(layout.field_names), dtype=bool)
    for group in model.groups if isinstance(model, DIN) else []:
        places = [layout.field_names.index(history.name) for history in group]
        along[np.ix_(places, places)] = True
    return along


def mixed_logits(model: nn.Module, rows: RowPairs, mixes: np.ndarray) -> np.ndarray:
    """Logits of every mix (M, F) of n pairs of rows, float64 (M, n), about EVALUATION_ROWS rows at a time."""
    at_once = max(1, EVALUATION_ROWS // len(rows.a))
    parts = [
        predict(model, rows.mixed(torch.from_numpy(mixes[start : start + at_once])))
        for start in range(0, len(mixes), at_once)
    ]
    return np.concatenate(parts).reshape(len(mixes), len(rows.a))
