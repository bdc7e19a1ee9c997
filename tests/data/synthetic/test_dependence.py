"""Fields that follow each other: their joint distribution, and pairs purified under it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctr_app.data.synthetic.dependence import Joint, drawn_ranks, purified, shared_ranks
from ctr_app.data.synthetic.effects import zipf

SHARES = st.builds(zipf, st.integers(2, 12), st.floats(0.0, 2.0))
JOINTS = st.builds(Joint.of, SHARES, SHARES, st.floats(0.0, 0.9))
# c2 and c3 follow c1, c4 follows c3; c5 stands alone.
TREE = {"c2": "c1", "c3": "c1", "c4": "c3"}
NAMES = ["c1", "c2", "c3", "c4", "c5"]


@given(JOINTS)
def test_the_values_keep_their_shares_whatever_the_fields_have_in_common(joint):
    table = joint.table()
    assert (table >= 0).all()
    np.testing.assert_allclose(table.sum(axis=1), joint.first, atol=1e-12)
    np.testing.assert_allclose(table.sum(axis=0), joint.second, atol=1e-12)


@given(JOINTS, st.integers(0, 1000))
def test_means_under_one_known_field_are_those_of_the_table(joint, seed):
    generator, table = np.random.default_rng(seed), joint.table()
    of_second, of_first = generator.normal(size=(len(joint.second), 2)), generator.normal(size=len(joint.first))
    np.testing.assert_allclose(joint.given_first(of_second), table @ of_second / joint.first[:, None], atol=1e-9)
    np.testing.assert_allclose(joint.given_second(of_first), of_first @ table / joint.second, atol=1e-9)


@given(JOINTS, st.integers(0, 1000))
def test_a_purified_pair_has_mean_0_wherever_one_field_is_known_and_mean_square_1(joint, seed):
    generator = np.random.default_rng(seed)
    factors = [generator.normal(size=(len(weights), 2)) for weights in (joint.first, joint.second)]
    left, right = purified(joint, *factors)
    effect, table = left @ right.T, joint.table()
    scale = np.abs(effect).max()
    np.testing.assert_allclose((table * effect).sum(axis=1) / joint.first, 0.0, atol=1e-9 * scale)
    np.testing.assert_allclose((table * effect).sum(axis=0) / joint.second, 0.0, atol=1e-9 * scale)
    assert (table * effect**2).sum() == pytest.approx(1.0)


def test_centred_as_if_independent_a_pair_of_correlated_fields_would_hold_main_effects():
    joint, generator = Joint.of(zipf(6, 0.5), zipf(6, 0.5), 0.6), np.random.default_rng(0)
    left, right = (generator.normal(size=(6, 2)) for _ in range(2))
    naive = (left - joint.first @ left) @ (right - joint.second @ right).T
    np.testing.assert_allclose(naive @ joint.second, 0.0, atol=1e-12)
    assert np.abs((joint.table() * naive).sum(axis=1) / joint.first).max() > 0.1


@pytest.mark.parametrize(
    ("pair", "power"),
    [(("c1", "c2"), 1), (("c4", "c3"), 1), (("c2", "c3"), 2), (("c1", "c4"), 2), (("c2", "c4"), 3)],
)
def test_fields_of_one_tree_share_a_rank_in_the_product_of_the_strengths_between_them(pair, power):
    assert shared_ranks(*pair, TREE, 0.6) == pytest.approx(0.6**power)
    assert shared_ranks(*pair[::-1], TREE, 0.6) == pytest.approx(0.6**power)


def test_fields_of_different_trees_share_no_rank():
    assert shared_ranks("c5", "c1", TREE, 0.6) == 0.0


@settings(max_examples=10)
@given(st.floats(0.0, 0.9), st.integers(0, 1000))
def test_drawn_ranks_are_shared_as_often_as_was_said_and_stay_even(strength, seed):
    rows = 4000
    ranks = drawn_ranks(np.random.default_rng(seed), NAMES, TREE, strength, rows)
    for i, first in enumerate(NAMES):
        assert abs(ranks[first].mean() - 0.5) < 5 / np.sqrt(12 * rows)
        for second in NAMES[i + 1 :]:
            expected = shared_ranks(first, second, TREE, strength)
            margin = 5 * np.sqrt(expected * (1 - expected) / rows) + 1e-12
            assert abs((ranks[first] == ranks[second]).mean() - expected) <= margin
