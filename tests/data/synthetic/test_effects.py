"""The effect of one field or of two on the logit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ctr_app.data.synthetic.effects import pair_effect, scaled, zipf
from ctr_app.data.synthetic.planted_clicks import CLICK_CATEGORICAL, CLICK_PAIRS


@pytest.mark.parametrize("pair", [pair for pair in CLICK_PAIRS if set(pair) <= set(CLICK_CATEGORICAL)])
@pytest.mark.parametrize("seed", range(3))
def test_the_effect_of_two_categories_holds_no_main_effect(pair, seed):
    p, q = (zipf(len(values), exponent) for values, exponent in map(CLICK_CATEGORICAL.get, pair))
    a, b = (grid.ravel() for grid in np.meshgrid(np.arange(len(p)), np.arange(len(q)), indexing="ij"))
    codes, weights = dict(zip(pair, (a, b), strict=True)), dict(zip(pair, (p, q), strict=True))
    table = pair_effect(np.random.default_rng(seed), *pair, weights, codes, {}).reshape(len(p), len(q))
    np.testing.assert_allclose(p @ table, 0.0, atol=1e-12)
    np.testing.assert_allclose(table @ q, 0.0, atol=1e-12)
    assert p @ table**2 @ q == pytest.approx(1.0)
    assert np.linalg.matrix_rank(table) == 2


@pytest.mark.parametrize("pair", [("age_group", "price"), ("price", "age_group")])
def test_the_effect_of_a_category_and_a_number_holds_no_main_effect(pair):
    values, exponent = CLICK_CATEGORICAL["age_group"]
    p, z = zipf(len(values), exponent), np.array([-1.5, -0.5, 0.5, 1.5])
    a, b = (grid.ravel() for grid in np.meshgrid(np.arange(len(p)), z, indexing="ij"))
    effect = pair_effect(np.random.default_rng(0), *pair, {"age_group": p}, {"age_group": a}, {"price": b})
    table = effect.reshape(len(p), len(z))
    np.testing.assert_allclose(p @ table, 0.0, atol=1e-12)
    np.testing.assert_allclose(table.mean(axis=1), 0.0, atol=1e-12)


def test_the_effect_of_two_numbers_is_their_product():
    a, b = np.array([-1.0, 1.0, 2.0]), np.array([3.0, -1.0, 0.5])
    effect = pair_effect(np.random.default_rng(0), "a", "b", {}, {}, {"a": a, "b": b})
    np.testing.assert_array_equal(effect, a * b)


@given(arrays(np.float64, 5, elements=st.floats(-3, 3), unique=True), st.floats(0, 2))
def test_a_scaled_effect_has_mean_0_and_mean_square_1(values, exponent):
    weights = zipf(5, exponent)
    if np.ptp(values) > 1e-3:
        effect = scaled(values, weights)
        assert weights @ effect == pytest.approx(0.0, abs=1e-9)
        assert weights @ effect**2 == pytest.approx(1.0)
