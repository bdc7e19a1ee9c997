"""Three-way terms: what three fields do together beyond what any two of them do."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import torch
from torch import nn

from ..data.batch import Batch, FieldLayout
from ..models.dcn import DCN, CrossMix
from ..models.fm import FM
from ..training.trainer import predict
from .behaviour import by_behaviour, swapped
from .pairs import pair_matrix

MOST_TRIPLES = 256
NUM_SWAPS = 512
Triple = tuple[str, str, str]


def has_triples(model: nn.Module) -> bool:
    """Whether the model's formula has terms of three fields at all; where it has not, they are exactly zero."""
    if isinstance(model, FM):
        return False
    if isinstance(model, DCN):
        return model.cross.num_layers > 1 or len(model.mlp.hidden) > 0 or isinstance(model.cross, CrossMix)
    return True


def strongest_triples(
    model: nn.Module,
    layout: FieldLayout,
    batch: Batch,
    most_triples: int = MOST_TRIPLES,
    num_swaps: int = NUM_SWAPS,
    seed: int = 0,
) -> pd.DataFrame:
    """The third-order mixed difference of triples of fields, as a root mean square in logits.

    The root of E[(sum over subsets S of {i, j, k} of (-1)^(3 - |S|) f(b_S, a_rest))^2] / 8 over ``num_swaps`` pairs of
    rows a, b: row a with the fields in S taken from row b. The square holds the effect at eight independent points, so
    this is on the scale of the effect itself. ``error`` is the standard error over pairs of rows, by the delta method.

    At most ``most_triples`` triples are measured, those whose weakest pair is strongest by the same measure for pairs:
    among independent fields a triple's term is part of each of its pairs, so that none can be stronger than that.

    Columns field_a, field_b, field_c, strength, error, strongest first.
    """
    triples = _promising(layout, by_behaviour(model, layout, batch, num_swaps, seed))[:most_triples]
    a, b = _pairs_of_rows(batch, num_swaps, seed)
    known: dict[tuple[str, ...], np.ndarray] = {}

    def logits(fields: tuple[str, ...]) -> np.ndarray:
        if fields not in known:
            known[fields] = predict(model, swapped(layout, a, b, fields))
        return known[fields]

    lines = []
    for triple in triples:
        difference = sum(
            (-1) ** (3 - size) * logits(fields) for size in range(4) for fields in combinations(triple, size)
        )
        lines.append((*triple, *_root_mean(np.asarray(difference) ** 2 / 8)))
    frame = pd.DataFrame(lines, columns=["field_a", "field_b", "field_c", "strength", "error"])
    return frame.sort_values("strength", ascending=False, kind="stable", ignore_index=True)


def _promising(layout: FieldLayout, pairs: pd.DataFrame) -> list[Triple]:
    """All triples, first those whose weakest pair is strongest."""
    names = layout.field_names
    strengths = pair_matrix(names, pairs)
    places = np.array(list(combinations(range(len(names)), 3)), dtype=np.int64).reshape(-1, 3)
    i, j, k = places.T
    weakest = np.minimum(np.minimum(strengths[i, j], strengths[i, k]), strengths[j, k])
    return [(names[i], names[j], names[k]) for i, j, k in places[np.argsort(-weakest, kind="stable")]]


def _pairs_of_rows(batch: Batch, count: int, seed: int) -> tuple[Batch, Batch]:
    """Two batches of at most ``count`` rows, none of them twice."""
    count = min(count, len(batch) // 2)
    drawn = torch.from_numpy(np.random.default_rng(seed).permutation(len(batch)))
    return batch.select(drawn[:count]), batch.select(drawn[count : 2 * count])


def _root_mean(squares: np.ndarray) -> tuple[float, float]:
    """The root of the mean of n squares, and its standard error; zeros without any."""
    mean = float(squares.mean()) if len(squares) else 0.0
    if mean == 0.0:
        return 0.0, 0.0
    root = mean**0.5
    return root, float(squares.std()) / len(squares) ** 0.5 / (2 * root)
