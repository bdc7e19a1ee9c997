"""Three-way terms: what three fields do together beyond what any two of them do."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pandas as pd
from torch import nn

from ..data.batch import Batch, FieldLayout
from ..models.dcn import DCN, CrossMix
from ..models.fm import FM
from .behaviour import NUM_SWAPS, brought_along, by_behaviour, mixed_logits, pairs_of_rows
from .mixing import RowPairs
from .pairs import pair_matrix, strongest_first

MOST_TRIPLES = 256
SUBSETS = np.array(list(product([False, True], repeat=3)))  # of the three fields of a triple: (8, 3)
SIGNS = (-1.0) ** (3 - SUBSETS.sum(axis=1))


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
    num_pairs: int = NUM_SWAPS,
    seed: int = 0,
) -> pd.DataFrame:
    """The third-order mixed difference of triples of fields, as a root mean square in logits.

    The root of E[(sum over subsets S of {i, j, k} of (-1)^(3 - |S|) f(b_S, a_rest))^2] / 8 over ``num_pairs`` pairs of
    rows a, b: row a with the fields in S taken from row b. The square holds the effect at eight independent points, so
    that this is on the scale of the effect itself. ``error`` is the standard error over pairs of rows, by the delta
    method.

    At most ``most_triples`` triples are measured, those whose weakest pair is strongest by the same measure for pairs:
    among independent fields a triple's term is part of each of its pairs, so that none can be stronger than that.

    Columns field_a, field_b, field_c, strength, error, strongest first.
    """
    names = layout.field_names
    triples = _promising(pair_matrix(names, by_behaviour(model, layout, batch, num_pairs, seed)))[:most_triples]
    squares = _differences(model, layout, RowPairs(layout, *pairs_of_rows(batch, num_pairs, seed)), triples) ** 2
    means = squares.mean(axis=1)
    errors = squares.std(axis=1) / np.sqrt(squares.shape[1]) / np.where(means > 0, 2 * np.sqrt(8 * means), 1.0)
    first, second, third = np.array(names, dtype=object)[triples.T]
    fields = {"field_a": first, "field_b": second, "field_c": third}
    return strongest_first(pd.DataFrame(fields | {"strength": np.sqrt(means / 8), "error": errors}))


def _promising(strengths: np.ndarray) -> np.ndarray:
    """All triples of F fields, int (T, 3), first those whose weakest pair of the strengths (F, F) is strongest."""
    triples = np.array(list(combinations(range(len(strengths)), 3)), dtype=np.int64).reshape(-1, 3)
    i, j, k = triples.T
    weakest = np.minimum(np.minimum(strengths[i, j], strengths[i, k]), strengths[j, k])
    return triples[np.argsort(-weakest, kind="stable")]


def _differences(model: nn.Module, layout: FieldLayout, rows: RowPairs, triples: np.ndarray) -> np.ndarray:
    """The mixed difference of each of T triples on n pairs of rows, float64 (T, n)."""
    if not len(triples):
        return np.zeros((0, len(rows.a)))
    along = brought_along(model, layout)
    mixes = np.concatenate([_mixes(along, triple) for triple in triples])  # (8 T, F)
    different, places = np.unique(mixes, axis=0, return_inverse=True)
    logits = mixed_logits(model, rows, different)[places]
    return np.einsum("s,tsn->tn", SIGNS, logits.reshape(len(triples), len(SIGNS), -1))


def _mixes(along: np.ndarray, triple: np.ndarray) -> np.ndarray:
    """Which fields are taken from the other row for each subset of a triple, bool (8, F).

    A history brings those that it is attended to with along, unless one of them is in the triple itself.
    """
    taken = along[triple]  # (3, F)
    meets = taken[:, triple].sum(axis=1) > 1
    taken[meets] = np.eye(len(along), dtype=bool)[triple[meets]]
    return (SUBSETS[:, :, None] & taken[None]).any(axis=1)
