"""When pairs emerge: from the epoch on since which each is among the strongest and at least half grown."""

from __future__ import annotations

from itertools import combinations

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ctr_app.explain.emergence import emergence, num_strongest, strengths_by_epoch

PAIRS = list(combinations("abcd", 2))
EPOCHS = (0, 1, 2, 4, 8)
STRENGTHS = arrays(float, (len(EPOCHS), len(PAIRS)), elements=st.integers(0, 6).map(float))


def frame_of(strengths) -> pd.DataFrame:
    """Epoch by epoch, strongest first, as snapshots are read."""
    rows = [
        (epoch, a, b, strength)
        for epoch, of_epoch in zip(EPOCHS, strengths, strict=False)
        for (a, b), strength in sorted(zip(PAIRS, of_epoch, strict=True), key=lambda pair: -pair[1])
    ]
    return pd.DataFrame(rows, columns=["epoch", "field_a", "field_b", "strength"])


def slowly(strengths, k: int) -> dict[tuple[str, str], int]:
    """The same, pair by pair and from the end to the start."""
    since = {}
    for pair, name in enumerate(PAIRS):
        for place in reversed(range(len(EPOCHS))):
            stronger = sum(other > strengths[place][pair] for other in strengths[place])
            if stronger >= k or strengths[place][pair] < strengths[-1][pair] / 4:
                break
            since[name] = EPOCHS[place]
    return since


@settings(max_examples=40)
@given(STRENGTHS, st.integers(1, 8))
def test_each_of_the_strongest_pairs_has_the_epoch_since_when_it_stands_out(strengths, k):
    found = emergence(frame_of(strengths), k)
    expected = slowly(strengths, min(k, len(PAIRS)))
    assert list(found["strength"]) == sorted(strengths[-1], reverse=True)[:k]
    for pair in found.itertuples():
        assert pair.epoch == expected[pair.field_a, pair.field_b]


def test_a_pair_that_was_strong_by_chance_at_first_has_not_emerged():
    strengths = [[3, 2, 0, 0, 0, 0], [1, 2, 0, 0, 0, 0], [3, 2, 0, 0, 0, 0], [12, 2, 0, 0, 0, 0]]
    found = emergence(frame_of(strengths), 1)
    assert found.to_dict("records") == [{"field_a": "a", "field_b": "b", "strength": 12, "epoch": 2}]


def test_at_most_one_pair_in_three_is_called_strongest():
    assert [num_strongest(pairs) for pairs in (1, 3, 6, 10, 15, 741)] == [1, 1, 2, 3, 5, 5]
    assert len(emergence(frame_of([[1, 2, 3, 4, 5, 6]]))) == 2


@settings(max_examples=40)
@given(STRENGTHS)
def test_strengths_by_epoch_hold_every_number_with_the_strongest_in_front(strengths):
    wide = strengths_by_epoch(frame_of(strengths))
    assert list(wide.index) == list(EPOCHS)
    assert list(wide.iloc[-1]) == sorted(strengths[-1], reverse=True)
    for pair, column in zip(PAIRS, strengths.T, strict=True):
        assert list(wide[pair]) == pytest.approx(list(column))
