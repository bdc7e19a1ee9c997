"""Planted pairs: any valid settings give a table whose truth agrees with the oracle."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from sklearn.metrics import roc_auc_score

from ctr_app.data.schema import Role
from ctr_app.data.synthetic import tables
from ctr_app.data.synthetic.pair_plan import LEVELS, is_numeric, pair_plan
from ctr_app.data.synthetic.pair_settings import PairSettings
from ctr_app.data.synthetic.pair_tables import pair_table
from ctr_app.data.synthetic.truth import sigmoid

from .oracle import interacting, swap_strengths
from .strategies import pair_settings

MANY = {"num_categorical_fields": 4, "num_numeric_fields": 2, "vocabulary_size": 8, "num_pairs": 3}


def even_codes(plan, count, seed):
    """Codes of rows in which all values are equally likely, so that rare ones are looked at too."""
    generator = np.random.default_rng(seed)
    return {name: generator.integers(len(shares), size=count) for name, shares in plan.shares.items()}


@settings(max_examples=60)
@given(pair_settings())
def test_exactly_the_pairs_that_are_told_interact_in_the_true_logit(asked):
    plan, truth = pair_plan(asked), pair_table(asked).truth
    strengths = swap_strengths(plan.logits, even_codes(plan, 300, 0), even_codes(plan, 300, 1))
    assert interacting(strengths) == {frozenset(pair) for pair in truth.pairs}


@settings(max_examples=60)
@given(pair_settings())
def test_any_valid_settings_give_the_table_they_speak_of(asked):
    planted = pair_table(asked)
    frame, schema = planted.frame, planted.schema.check()
    assert frame.columns == ["click", *asked.fields]
    assert frame.height == asked.rows
    assert [column.name for column in schema.columns] == frame.columns
    assert (len(schema.with_role(Role.CATEGORICAL)), len(schema.with_role(Role.NUMERIC))) == (
        asked.num_categorical_fields,
        asked.num_numeric_fields,
    )
    assert set(frame["click"].unique()) <= {0, 1}
    assert 0.5 < planted.truth.best_auc <= 1.0
    assert planted.probabilities.min() >= asked.noise
    assert planted.probabilities.max() <= 1.0 - asked.noise
    for name in asked.fields:
        values = frame[name]
        assert values.null_count() == 0
        assert values.n_unique() <= (LEVELS if is_numeric(name) else asked.vocabulary_size)
        assert values.dtype.is_numeric() == is_numeric(name)


@settings(max_examples=25)
@given(pair_settings(correlation=0.6))
def test_a_planted_pair_has_no_main_effect_under_the_data_even_if_its_fields_are_correlated(asked):
    plan = pair_plan(asked)
    for term in plan.terms:
        if len(term.fields) == 2:
            joint = plan.joint(*term.fields)
            codes = np.meshgrid(np.arange(len(joint.first)), np.arange(len(joint.second)), indexing="ij")
            effect, table = term.effect(dict(zip(term.fields, codes, strict=True))), joint.table()
            scale = np.abs(effect).max()
            np.testing.assert_allclose((table * effect).sum(axis=0) / joint.second, 0.0, atol=1e-8 * scale)
            np.testing.assert_allclose((table * effect).sum(axis=1) / joint.first, 0.0, atol=1e-8 * scale)
            assert (table * effect**2).sum() == pytest.approx(asked.pair_strength**2)


def test_a_triple_holds_neither_main_effects_nor_pairs_if_its_fields_are_independent():
    asked = PairSettings(num_categorical_fields=3, num_numeric_fields=0, vocabulary_size=5, num_pairs=0, num_triples=1)
    plan = pair_plan(asked)
    (term,) = plan.terms
    grids = np.meshgrid(*[np.arange(5)] * 3, indexing="ij")
    shape, shares = (5, 5, 5), [plan.shares[name] for name in term.fields]
    codes = {name: grid.ravel() for name, grid in zip(term.fields, grids, strict=True)}
    effect = term.effect(codes).reshape(shape)
    for axis in range(3):
        np.testing.assert_allclose(np.tensordot(effect, shares[axis], axes=(axis, 0)), 0.0, atol=1e-12)
    weights = np.einsum("i,j,k->ijk", *shares)
    assert (weights * effect**2).sum() == pytest.approx(asked.triple_strength**2)


def test_the_rows_are_drawn_as_the_joint_distribution_says():
    asked = PairSettings(**MANY, rows=60_000, correlation=0.7)
    plan = pair_plan(asked)
    codes = plan.draw(np.random.default_rng(0), asked.rows)
    for pair in (("c1", "c2"), ("c1", "c3"), ("c2", "c4")):
        counted = np.zeros((8, 8))
        np.add.at(counted, tuple(codes[name] for name in pair), 1 / asked.rows)
        assert np.abs(counted - plan.joint(*pair).table()).max() < 5 * np.sqrt(0.25 / asked.rows)


def test_the_probability_is_that_of_what_stands_in_the_table(monkeypatch):
    monkeypatch.setattr(tables, "BLOCK_ROWS", 200)
    asked = PairSettings(**MANY, rows=500, num_triples=1, correlation=0.4, noise=0.1)
    planted, plan = pair_table(asked), pair_plan(asked)
    codes = {name: planted.frame[name].str.slice(1).cast(int).to_numpy() - 1 for name in ("c1", "c2", "c3", "c4")}
    codes |= {name: np.floor(planted.frame[name].to_numpy() * LEVELS).astype(int) for name in ("n1", "n2")}
    np.testing.assert_allclose(planted.probabilities, plan.probabilities(codes), atol=1e-12)


@pytest.mark.parametrize("noise", [0.0, 0.2])
def test_labels_are_drawn_with_the_true_probabilities_and_the_best_auc_counts_the_noise_in(noise):
    planted = pair_table(PairSettings(**MANY, rows=40_000, noise=noise))
    labels, probabilities = planted.frame["click"].to_numpy(), planted.probabilities
    for rows in np.array_split(np.argsort(probabilities), 10):
        spread = np.sqrt((probabilities[rows] * (1 - probabilities[rows])).sum())
        assert abs((labels[rows] - probabilities[rows]).sum()) < 4.5 * spread
    assert roc_auc_score(labels, probabilities) == pytest.approx(planted.truth.best_auc, abs=0.01)


def test_noise_lowers_the_best_auc_and_leaves_the_rows_and_the_truth_as_they_are():
    clean, noisy = (pair_table(PairSettings(**MANY, rows=5000, noise=noise)) for noise in (0.0, 0.3))
    assert noisy.truth.best_auc < clean.truth.best_auc - 0.1
    assert noisy.frame.drop("click").equals(clean.frame.drop("click"))
    assert noisy.truth.pairs == clean.truth.pairs
    np.testing.assert_allclose(noisy.probabilities, 0.3 + 0.4 * clean.probabilities)


@pytest.mark.parametrize("rate", [0.02, 0.25, 0.9])
def test_the_share_of_clicks_is_the_one_asked_for(rate):
    plan = pair_plan(PairSettings(**MANY, click_rate=rate, pair_strength=1.5))
    reached = sigmoid(plan.logits(plan.draw(np.random.default_rng(9), 100_000))).mean()
    assert reached == pytest.approx(rate, rel=0.1)


def test_more_rows_are_more_rows_of_the_same_plan():
    few, many = (pair_plan(PairSettings(**MANY, rows=rows)) for rows in (200, 20_000))
    codes = even_codes(few, 100, 0)
    np.testing.assert_array_equal(few.logits(codes), many.logits(codes))


def test_the_same_settings_make_the_same_table_and_another_seed_another():
    first, again, other = (pair_table(PairSettings(**MANY, rows=500, seed=seed)) for seed in (1, 1, 2))
    assert first.frame.equals(again.frame)
    assert first.truth == again.truth
    assert not first.frame.equals(other.frame)
    assert first.truth.sets != other.truth.sets


def test_layouts_are_what_they_are_called():
    disjoint = pair_table(PairSettings(rows=100, num_pairs=6)).truth.pairs
    assert len({name for pair in disjoint for name in pair}) == 12
    hub = pair_table(PairSettings(rows=100, num_pairs=5, layout="hub")).truth.pairs
    assert len(frozenset.intersection(*map(frozenset, hub))) == 1
    assert len(set(map(frozenset, hub))) == 5
    chosen = pair_table(PairSettings(rows=100, layout="chosen", terms="n1*c2, c1*c3*c4")).truth
    assert chosen.sets == (("n1", "c2"), ("c1", "c3", "c4"))
    assert chosen.pairs == (("n1", "c2"), ("c1", "c3"), ("c1", "c4"), ("c3", "c4"))


def test_the_truth_tells_strengths_main_effects_and_what_follows_what():
    asked = PairSettings(
        rows=100, num_pairs=1, num_triples=1, triple_strength=2.0, correlation=0.4, follows="c2<c1", main_strength=0.1
    )
    truth = pair_table(asked).truth.to_json()
    assert truth["strengths"] == [0.75, 2.0]
    assert (truth["main_strength"], truth["correlated"]) == (0.1, [["c2", "c1"]])
    assert [len(names) for names in truth["sets"]] == [2, 3]


def test_frequent_values_come_first_and_fall_with_the_exponent():
    frame = pair_table(PairSettings(rows=20_000, vocabulary_size=20, zipf_exponent=1.0)).frame
    counts = frame["c1"].value_counts().sort("c1")["count"].to_numpy()
    assert frame["c1"].min() == "v01"
    assert counts[0] / counts[9] == pytest.approx(10.0, rel=0.2)
