"""Rows with some fields from elsewhere, beside the same put together value by value."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from ctr_app.data.batch import Batch
from ctr_app.explain.mixing import RowPairs, with_each, with_field

from .examples import encoded, row_of


def fields_of(batch: Batch, number: int) -> list[list[float]]:
    """The numbers and ids of each field of one row, in the layout's order."""
    row = row_of(batch, number)
    single = [[float(value)] for value in (*row.numeric[0], *row.categorical[0])]
    return single + [ids[0].tolist() for ids in row.sequences.values()]


@settings(max_examples=20, deadline=None)
@given(some.integers(0, 2**32 - 1), some.booleans(), some.integers(1, 4), some.integers(1, 3))
def test_mixed_rows_have_the_fields_that_were_taken(seed: int, is_by_pair: bool, pairs: int, repeats: int) -> None:
    encoder, batch = encoded()
    generator = np.random.default_rng(seed)
    a, b = (batch.select(torch.from_numpy(generator.integers(0, len(batch), pairs))) for _ in range(2))
    shape = (repeats, pairs) if is_by_pair else (repeats, 1)
    taken = generator.random((*shape, len(encoder.layout.field_names))) < 0.5
    found = RowPairs(encoder.layout, a, b).mixed(torch.from_numpy(taken if is_by_pair else taken[:, 0]))
    assert len(found) == repeats * pairs
    for repeat in range(repeats):
        for pair in range(pairs):
            is_taken = taken[repeat, pair if is_by_pair else 0]
            slow = [
                two if t else one for one, two, t in zip(fields_of(a, pair), fields_of(b, pair), is_taken, strict=True)
            ]
            assert fields_of(found, repeat * pairs + pair) == slow
            assert found.labels[repeat * pairs + pair] == a.labels[pair]


def test_one_row_stands_beside_each_of_the_others() -> None:
    encoder, batch = encoded()
    pairs = with_each(encoder.layout, row_of(batch, 2), batch.select(slice(5, 9)))
    found = pairs.mixed(torch.zeros(1, len(encoder.layout.field_names), dtype=torch.bool))
    assert [fields_of(found, place) for place in range(4)] == [fields_of(batch, 2)] * 4
    assert pairs.b.labels.tolist() == batch.labels[5:9].tolist()


@pytest.mark.parametrize("field", ["visits", "film", "films"])
def test_a_field_is_set_and_the_others_stay(field: str) -> None:
    encoder, batch = encoded()
    place = encoder.layout.field_names.index(field)
    found = with_field(encoder.layout, batch, field, torch.full((len(batch),), 3))
    for number in range(5):
        expected = fields_of(batch, number)
        expected[place] = [3.0] + [0.0] * (len(expected[place]) - 1)  # a history becomes that one item
        assert fields_of(found, number) == expected
    assert fields_of(batch, 0) == fields_of(encoded()[1], 0)


def test_a_history_is_set_item_by_item() -> None:
    encoder, batch = encoded()
    ids = batch.sequences["films"].flip(0)
    assert torch.equal(with_field(encoder.layout, batch, "films", ids).sequences["films"], ids)
