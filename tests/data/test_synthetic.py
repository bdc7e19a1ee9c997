"""What the planted samples promise: their interactions, their best AUC, their repeatability."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.metrics import roc_auc_score

from ctr_app.data.catalogue import SAMPLES, sample_named
from ctr_app.data.encoding import Encoder
from ctr_app.data.errors import InputError
from ctr_app.data.schema import Role, Schema
from ctr_app.data.synthetic import (
    CLICK_CATEGORICAL,
    CLICK_PAIRS,
    best_auc,
    pair_effect,
    planted_clicks,
    planted_histories,
    scaled,
    zipf,
)

MAKERS = [planted_clicks, planted_histories]
PROBABILITIES = arrays(np.float64, st.integers(2, 12), elements=st.sampled_from([0.01, 0.2, 0.5, 0.5001, 0.9, 0.99]))


def logits(probabilities: np.ndarray) -> np.ndarray:
    return np.log(probabilities / (1.0 - probabilities))


# The effect of one pair


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


# Whole samples


def additive_part(planted) -> float:
    """R² of the true logit by main effects of all fields alone: one-hot categories, and numbers as they act."""
    numeric = [c.name for c in planted.schema.with_role(Role.NUMERIC)]
    encoder = Encoder.fit(planted.frame, planted.schema, min_count=1)
    rows = encoder.transform(planted.frame)
    blocks = [rows.numeric[:, [encoder.layout.numeric.index(name)]] for name in numeric]
    for j in range(rows.categorical.shape[1]):
        blocks.append(np.eye(rows.categorical[:, j].max() + 1)[rows.categorical[:, j]])
    design, target = np.hstack([*blocks, np.ones((len(rows), 1))]), logits(planted.probabilities)
    residual = target - design @ np.linalg.lstsq(design.T @ design, design.T @ target, rcond=None)[0]
    return 1.0 - residual.var() / target.var()


def test_without_pairs_the_logit_is_a_sum_of_main_effects():
    assert additive_part(planted_clicks(4000, pairs=())) == pytest.approx(1.0, abs=1e-3)


def test_with_pairs_main_effects_explain_only_their_own_part():
    mains = 12 * 0.35**2
    expected = mains / (mains + len(CLICK_PAIRS) * 0.75**2)
    assert additive_part(planted_clicks(20_000)) == pytest.approx(expected, abs=0.03)


def test_the_pairs_that_are_told_are_those_that_were_planted():
    for pairs in ((("site", "ad"),), CLICK_PAIRS):
        planted = planted_clicks(500, pairs=pairs)
        assert planted.truth.pairs == pairs
        assert planted.truth.to_json()["pairs"] == [list(pair) for pair in pairs]


@pytest.mark.parametrize("make", MAKERS)
def test_labels_are_drawn_with_the_true_probabilities(make):
    planted = make(20_000)
    labels, probabilities = planted.frame["click"].to_numpy(), planted.probabilities
    order = np.argsort(probabilities)
    for rows in np.array_split(order, 10):
        deviation = labels[rows].mean() - probabilities[rows].mean()
        assert abs(deviation) < 4 * np.sqrt((probabilities[rows] * (1 - probabilities[rows])).sum()) / len(rows)


@pytest.mark.parametrize("make", MAKERS)
def test_the_best_auc_is_reached_by_the_true_probabilities(make):
    planted = make(20_000)
    reached = roc_auc_score(planted.frame["click"], planted.probabilities)
    assert reached == pytest.approx(planted.truth.best_auc, abs=0.01)
    assert 0.65 < planted.truth.best_auc < 0.95


@given(PROBABILITIES)
def test_the_best_auc_is_the_expectation_over_all_pairs_of_rows(probabilities):
    p = probabilities
    chance = p[:, None] * (1.0 - p[None, :])
    won = (p[:, None] > p[None, :]) + 0.5 * (p[:, None] == p[None, :])
    assert best_auc(p) == pytest.approx((chance * won).sum() / chance.sum())


@pytest.mark.parametrize("make", MAKERS)
def test_the_same_seed_makes_the_same_table_and_another_seed_another(make):
    first, again, other = make(500, 1), make(500, 1), make(500, 2)
    assert first.frame.equals(again.frame)
    assert first.truth == again.truth
    assert not first.frame.equals(other.frame)


@pytest.mark.parametrize("make", MAKERS)
def test_the_schema_speaks_of_the_columns_of_the_table_in_their_order(make):
    planted = make(200)
    assert [column.name for column in planted.schema.columns] == planted.frame.columns
    assert planted.schema.check() is planted.schema
    assert set(planted.frame["click"]) == {0, 1}
    assert Schema.from_json(planted.schema.to_json()) == planted.schema
    assert planted.frame.null_count().row(0) == (0,) * planted.frame.width
    assert len(planted.probabilities) == planted.frame.height == 200


def test_a_click_depends_on_the_films_of_the_candidates_genre_in_the_history():
    planted = planted_histories(20_000)
    kinds = planted.truth.kinds
    alike = np.array(
        [
            sum(kinds[film] == kinds[candidate] for film in history.split("|"))
            for candidate, history in planted.frame.select("film", "history").rows()
        ]
    )
    rates = [planted.frame["click"].to_numpy()[alike == count].mean() for count in range(4)]
    assert rates == sorted(rates)
    assert rates[3] > rates[0] + 0.3
    left = logits(planted.probabilities) - 1.8 * np.log1p(alike)
    assert left.std() < 0.3 * np.sqrt(3) * 1.6
    assert abs(np.corrcoef(left, alike)[0, 1]) < 0.1


def test_histories_hold_between_2_and_20_known_films():
    planted = planted_histories(1000)
    films = planted.frame["history"].str.split("|")
    assert films.list.len().is_between(2, 20).all()
    assert set(films.explode()) | set(planted.frame["film"]) <= set(planted.truth.kinds)
    assert planted.frame["user"].n_unique() < 1000 / 2


def test_prices_and_visits_look_like_prices_and_visits():
    frame = planted_clicks(2000).frame
    assert frame["price"].min() > 0
    assert frame["visits"].min() >= 0
    assert frame.select(pl.col("scroll_depth").is_between(0, 100).all()).item()


@pytest.mark.parametrize("rows", [0, 99, 10_000_001, -1])
def test_a_sample_of_too_few_or_too_many_rows_is_refused(rows):
    for make in MAKERS:
        with pytest.raises(InputError, match=f"between 100 and 10 000 000 rows, not {rows}"):
            make(rows)


def test_samples_are_known_by_their_names():
    assert {name: sample.make for name, sample in SAMPLES.items()} == {
        "planted-clicks": planted_clicks,
        "planted-histories": planted_histories,
    }
    with pytest.raises(InputError, match="There is no sample clicks; there are planted-clicks, planted-histories"):
        sample_named("clicks")
