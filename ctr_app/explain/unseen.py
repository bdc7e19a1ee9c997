"""Pairs of values that no row has together, and what a model thinks of them all the same."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd
from torch import nn

from ..data.batch import Batch, FieldLayout
from ..models.fm import FM
from .cells import seen_pairs
from .coded import Chosen, CodedField
from .readouts import sample_batch
from .values import centred_vectors, ctr_with, pair_table

MIN_COUNT = 20
TOP = 20
# Values of each field that are tried where there is no exact way.
FREQUENT = 30
BACKGROUND = 128
# Values of each field whose products are in memory at the same time.
BLOCK = 2048
COLUMNS = (
    *("field_a", "field_b", "value_a", "value_b", "name_a", "name_b", "effect", "predicted"),
    *("rows_a", "rows_b", "expected"),
)


@dataclass(frozen=True)
class Unseen:
    """A code of each of two fields that no row has together, and the effect of both in logits."""

    a: CodedField
    b: CodedField
    code_a: int
    code_b: int
    effect: float


def strongest_unseen(
    model: nn.Module,
    batch: Batch,
    fields: Sequence[CodedField],
    layout: FieldLayout,
    min_count: int = MIN_COUNT,
    top: int = TOP,
) -> pd.DataFrame:
    """Of the pairs of values of any two of ``fields`` that no row of ``batch`` has together, the largest effects.

    Columns: field_a, field_b, value_a, value_b, name_a, name_b, effect (as in ``pair_table``), predicted (CTR of rows
    of the data with both values put in), rows_a and rows_b (how many have each value: at least ``min_count``) and
    expected (how many would have both if one value told nothing of the other); at most ``top`` rows, strongest first.

    FM is asked for all values, exactly; of another model the ``FREQUENT`` most frequent values of each field are tried.
    """
    found: list[Unseen] = []
    for a, b in combinations(fields, 2):
        least = abs(found[-1].effect) if len(found) == top else 0.0
        if isinstance(model, FM):
            more = _exact(model, a.at_least(min_count), b.at_least(min_count), top, least)
        else:
            more = _tried(model, batch, a, b, layout, min_count)
        found = sorted([*found, *more], key=lambda one: -abs(one.effect))[:top]
    rows = sample_batch(batch, BACKGROUND)
    lines = [_line(one, ctr_with(model, layout, rows, *_alone(one)).item(), len(batch)) for one in found]
    return pd.DataFrame(lines, columns=COLUMNS)


def largest_products(
    left: np.ndarray, right: np.ndarray, seen: np.ndarray, top: int, least: float = 0.0
) -> tuple[np.ndarray, np.ndarray]:
    """Cells i V_b + j of the ``top`` largest |left_i . right_j| > ``least``, but for ``seen`` ones, and the products.

    ``left`` (V_a, D) and ``right`` (V_b, D) in the order of falling norms, ``seen`` cells ascending. By blocks, so
    that never all V_a V_b products are in memory; a block that cannot hold one of the largest, since no product is
    above the product of the norms, is left out.
    """
    cells, products = np.empty(0, dtype=np.int64), np.empty(0)
    norms_left, norms_right = (np.linalg.norm(vectors, axis=1) for vectors in (left, right))
    for i in range(0, len(left), BLOCK):
        rows = slice(i, i + BLOCK)
        in_rows = seen[np.searchsorted(seen, i * len(right)) : np.searchsorted(seen, (i + BLOCK) * len(right))]
        for j in range(0, len(right), BLOCK):
            if norms_left[i] * norms_right[j] <= least:
                break
            block = left[rows] @ right[j : j + BLOCK].T
            _leave_out(block, in_rows, i, j, len(right))
            places = _largest(np.abs(block).ravel(), top, least)
            more = (i + places // block.shape[1]) * len(right) + j + places % block.shape[1]
            cells, products = np.concatenate([cells, more]), np.concatenate([products, block.ravel()[places]])
            kept = np.argsort(-np.abs(products), kind="stable")[:top]
            cells, products = cells[kept], products[kept]
            least = abs(products[-1]) if len(products) == top else least
    return cells, products


def _exact(model: FM, a: Chosen, b: Chosen, top: int, least: float) -> list[Unseen]:
    """The pairs of FM's largest purified terms above ``least``."""
    (a, left), (b, right) = (_by_norm(model, chosen) for chosen in (a, b))
    if not len(a) or not len(b) or np.linalg.norm(left[0]) * np.linalg.norm(right[0]) <= least:
        return []
    cells, products = largest_products(left, right, seen_pairs(a, b), top, least)
    return _unseen(a, b, cells, products)


def _by_norm(model: FM, chosen: Chosen) -> tuple[Chosen, np.ndarray]:
    """The values and their centred vectors (K, D) in the order of falling norms."""
    vectors = centred_vectors(model, chosen)
    order = np.argsort(-np.linalg.norm(vectors, axis=1), kind="stable")
    return Chosen(chosen.field, chosen.codes[order], chosen.shares[order]), vectors[order]


def _leave_out(block: np.ndarray, seen: np.ndarray, i: int, j: int, width: int) -> None:
    """Set the products of seen cells, those of the block's rows, to 0 in the block at row i and column j."""
    rows, columns = seen // width - i, seen % width - j
    is_here = (columns >= 0) & (columns < block.shape[1])
    block[rows[is_here], columns[is_here]] = 0.0


def _largest(magnitudes: np.ndarray, top: int, least: float) -> np.ndarray:
    """Places of the ``top`` largest of ``magnitudes`` above ``least``, in no order."""
    places = np.flatnonzero(magnitudes > least)
    return places if len(places) <= top else places[np.argpartition(-magnitudes[places], top - 1)[:top]]


def _tried(
    model: nn.Module, batch: Batch, a: CodedField, b: CodedField, layout: FieldLayout, min_count: int
) -> list[Unseen]:
    """The unseen pairs among the most frequent values, by partial dependence."""
    chosen_a, chosen_b = a.choose(FREQUENT), b.choose(FREQUENT)
    often_a, often_b = (f.counts[chosen.codes] >= min_count for f, chosen in ((a, chosen_a), (b, chosen_b)))
    unseen = np.outer(often_a, often_b).ravel()
    unseen[seen_pairs(chosen_a, chosen_b)] = False
    cells = np.flatnonzero(unseen)
    if not len(cells):
        return []
    table = pair_table(model, batch, chosen_a, chosen_b, layout, BACKGROUND)
    return _unseen(chosen_a, chosen_b, cells, table["effect"].to_numpy()[cells])


def _unseen(a: Chosen, b: Chosen, cells: np.ndarray, effects: np.ndarray) -> list[Unseen]:
    return [
        Unseen(a.field, b.field, int(a.codes[cell // len(b)]), int(b.codes[cell % len(b)]), float(effect))
        for cell, effect in zip(cells, effects, strict=True)
    ]


def _alone(one: Unseen) -> tuple[Chosen, Chosen]:
    return one.a.only(one.code_a), one.b.only(one.code_b)


def _line(one: Unseen, predicted: float, num_rows: int) -> tuple[object, ...]:
    """One row of the table of unseen pairs, in the order of ``COLUMNS``."""
    a, b, i, j = one.a, one.b, one.code_a, one.code_b
    rows_a, rows_b = int(a.counts[i]), int(b.counts[j])
    told = (a.name, b.name, a.values[i], b.values[j], a.names[i], b.names[j], one.effect, predicted)
    return (*told, rows_a, rows_b, rows_a * rows_b / num_rows)
