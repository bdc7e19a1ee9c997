"""Fields by blocks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctr_app.explain.ordering import by_blocks
from ctr_app.explain.pairs import pair_frame


def test_fields_that_interact_stand_together():
    blocks = [{"a", "d", "g"}, {"b", "e"}, {"c", "f", "h"}]
    names = list("abcdefgh")
    strengths = np.array([[float(any({x, y} <= block for block in blocks)) for y in names] for x in names])
    strengths += np.random.default_rng(0).uniform(0, 0.1, (8, 8))
    order = by_blocks(names, pair_frame(names, (strengths + strengths.T) / 2))
    for block in blocks:
        places = sorted(order.index(name) for name in block)
        assert places[-1] - places[0] == len(block) - 1


@settings(max_examples=25)
@given(st.integers(1, 7), st.integers(0, 10))
def test_no_field_is_lost_and_none_comes_twice(count, seed):
    names = [f"f{number}" for number in range(count)]
    strengths = np.random.default_rng(seed).random((count, count))
    assert sorted(by_blocks(names, pair_frame(names, strengths))) == names


@pytest.mark.parametrize("count", [2, 4])
def test_without_any_strength_fields_stay_as_they_are(count):
    names = [f"f{9 - number}" for number in range(count)]
    assert by_blocks(names, pair_frame(names, np.zeros((count, count)))) == names
