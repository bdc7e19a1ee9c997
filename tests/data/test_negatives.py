"""Negatives follow their distribution over the items that a user has not touched, and never leave it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from ctr_app.data.negatives import Untouched, weights_by

SURE = 1e-3  # below this chance a draw of the fixed seed would be no accident
DRAWS = 40_000


def untouched(touched: dict[int, list[int]], weights: list[int]) -> Untouched:
    users = np.array([user for user, items in touched.items() for _ in items], dtype=np.int64)
    items = np.array([item for items in touched.values() for item in items], dtype=np.int64)
    return Untouched(users, items, np.array(weights, dtype=np.int64))


@given(
    st.dictionaries(st.integers(0, 5), st.lists(st.integers(0, 7), min_size=1, max_size=20), min_size=1),
    st.lists(st.integers(1, 9), min_size=8, max_size=8),
    st.integers(0, 1000),
)
def test_no_item_is_drawn_that_its_user_has_touched(
    touched: dict[int, list[int]], weights: list[int], seed: int
) -> None:
    found = untouched(touched, weights)
    for user, items in touched.items():
        free = sum(weight for item, weight in enumerate(weights) if item not in items)
        assert found.free[user] == free
        if free:
            drawn = found.draw(np.full(50, user), np.random.default_rng(seed))
            assert not set(drawn.tolist()) & set(items)
            assert drawn.min() >= 0
            assert drawn.max() < len(weights)


@pytest.mark.parametrize("method", ["uniform", "popularity"])
def test_negatives_reproduce_their_distribution_for_each_user(method: str) -> None:
    generator = np.random.default_rng(3)
    users = np.repeat([0, 1, 2, 3], [1, 30, 200, 600])
    items = np.minimum(generator.zipf(1.4, len(users)) - 1, 39)
    weights = weights_by(method, np.append(items, np.arange(40)), 40)
    found = Untouched(users, items, weights)
    for user in range(4):
        allowed = np.setdiff1d(np.arange(40), items[users == user])
        drawn = found.draw(np.full(DRAWS, user), np.random.default_rng(user))
        observed = np.bincount(drawn, minlength=40)[allowed]
        assert observed.sum() == DRAWS
        assert chisquare(observed, DRAWS * weights[allowed] / weights[allowed].sum()).pvalue > SURE
        is_even = chisquare(observed).pvalue > SURE
        assert is_even == (method == "uniform")


def test_popularity_counts_events_and_uniform_does_not() -> None:
    items = np.array([0, 0, 2, 1, 0])
    assert weights_by("popularity", items, 3).tolist() == [3, 1, 1]
    assert weights_by("uniform", items, 3).tolist() == [1, 1, 1]


def test_draws_of_many_users_at_once_are_each_their_own() -> None:
    found = untouched({0: [0, 1], 1: [2], 2: [0, 1, 2]}, [1, 1, 1])
    assert found.free.tolist() == [1, 2, 0]
    users = np.tile([0, 1], 500)
    drawn = found.draw(users, np.random.default_rng(0))
    assert set(drawn[users == 0].tolist()) == {2}
    assert set(drawn[users == 1].tolist()) == {0, 1}


def test_the_same_seed_draws_the_same() -> None:
    found = untouched({0: [1]}, [1] * 100)
    users = np.zeros(50, dtype=np.int64)
    first, again, other = (found.draw(users, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.tolist() == again.tolist() != other.tolist()
