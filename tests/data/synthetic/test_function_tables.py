"""Tables of the standard functions: numbers or bins, clicks or probabilities, and their truth by the oracle."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from ctr_app.data.errors import InputError
from ctr_app.data.schema import Role
from ctr_app.data.synthetic import tables
from ctr_app.data.synthetic.function_tables import (
    FunctionSettings,
    bin_names,
    function_plan,
    function_table,
    middles,
)
from ctr_app.data.synthetic.functions import FUNCTIONS

from .examples import logits
from .oracle import interacting, swap_strengths
from .strategies import function_settings

NAMES = st.sampled_from(sorted(FUNCTIONS))


def variables(planted, name, bins):
    """What the function reads in each row of a table, by field."""
    fields = planted.frame.columns[1:]
    if not bins:
        return {field: planted.frame[field].to_numpy() for field in fields}
    found = {}
    for i, field in enumerate(fields, 1):
        by_name = dict(zip(bin_names(FUNCTIONS[name], i, bins), middles(FUNCTIONS[name], i, bins), strict=True))
        found[field] = np.array([by_name[value] for value in planted.frame[field]])
    return found


@settings(max_examples=60)
@given(NAMES, function_settings())
def test_exactly_the_pairs_that_are_told_interact_in_the_true_logit(name, asked):
    plan, planted = function_plan(name, asked), function_table(name, asked)
    asked_more = FunctionSettings(**(asked.to_json() | {"rows": 3000}))
    a, b = (
        variables(function_table(name, FunctionSettings(**(asked_more.to_json() | {"seed": seed}))), name, asked.bins)
        for seed in (1, 2)
    )
    strengths = swap_strengths(lambda x: plan.logits({int(field[1:]): column for field, column in x.items()}), a, b)
    assert interacting(strengths) == {frozenset(pair) for pair in planted.truth.pairs}


@settings(max_examples=60)
@given(NAMES, function_settings())
def test_any_valid_settings_give_the_table_they_speak_of(name, asked):
    planted = function_table(name, asked)
    frame, schema = planted.frame, planted.schema.check()
    assert frame.columns[1:] == [f"x{i}" for i in range(1, 11)]
    assert frame.height == asked.rows
    assert len(schema.with_role(Role.CATEGORICAL if asked.bins else Role.NUMERIC)) == 10
    labels = frame[schema.label].to_numpy()
    if asked.variant == "noise-free":
        assert (schema.positive, schema.label) == (None, "probability")
        np.testing.assert_array_equal(labels, planted.probabilities)
    else:
        assert (schema.positive, schema.label) == ("1", "click")
        assert set(labels) <= {0, 1}
    assert ((planted.probabilities >= 0) & (planted.probabilities <= 1)).all()
    assert 0.5 < planted.truth.best_auc <= 1.0
    if asked.bins:
        assert max(frame[f"x{i}"].n_unique() for i in range(1, 11)) <= asked.bins


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("bins", [0, 4, 10])
def test_the_probability_is_that_of_what_stands_in_the_table(name, bins, monkeypatch):
    monkeypatch.setattr(tables, "BLOCK_ROWS", 200)
    asked = FunctionSettings(rows=500, bins=bins)
    planted, plan = function_table(name, asked), function_plan(name, asked)
    x = {int(field[1:]): column for field, column in variables(planted, name, bins).items()}
    np.testing.assert_allclose(logits(planted.probabilities), plan.logits(x), atol=1e-9)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_logit_has_mean_0_and_the_root_mean_square_of_the_settings(name):
    true = logits(function_table(name, FunctionSettings(rows=50_000, seed=5, scale=2.0)).probabilities)
    assert true.mean() == pytest.approx(0.0, abs=0.05)
    assert np.sqrt((true**2).mean()) == pytest.approx(2.0, rel=0.03)


@pytest.mark.parametrize("name", ["f1", "f8"])
def test_clicks_are_drawn_with_the_probabilities_of_the_noise_free_table(name):
    clicks, noise_free = (
        function_table(name, FunctionSettings(rows=30_000, variant=variant)) for variant in ("clicks", "noise-free")
    )
    assert clicks.frame.drop("click").equals(noise_free.frame.drop("probability"))
    probabilities = noise_free.frame["probability"].to_numpy()
    assert roc_auc_score(clicks.frame["click"], probabilities) == pytest.approx(clicks.truth.best_auc, abs=0.01)
    assert clicks.truth == noise_free.truth


def test_bins_are_named_by_where_they_begin_and_end():
    assert bin_names(FUNCTIONS["f2"], 1, 4) == ["-1.00 to -0.50", "-0.50 to 0.00", "0.00 to 0.50", "0.50 to 1.00"]
    assert bin_names(FUNCTIONS["f1"], 4, 4)[0] == "0.60 to 0.70"
    for name, bins in (("f1", 200), ("f2", 200), ("f1", 60)):
        for variable in (1, 4):
            names = bin_names(FUNCTIONS[name], variable, bins)
            assert len(set(names)) == bins
            assert all(first.split(" to ")[1] == second.split(" to ")[0] for first, second in pairwise(names))


@pytest.mark.parametrize("bins", [1, 2, 3, 5, 199])
def test_an_odd_number_of_bins_or_too_few_are_refused(bins):
    with pytest.raises(InputError, match=f"bins must be 0 or an even number from 4 on, not {bins}"):
        FunctionSettings(bins=bins)


def test_the_sets_of_the_truth_are_named_by_field():
    truth = function_table("f4", FunctionSettings(rows=100)).truth
    assert truth.sets[-2:] == (("x4", "x5", "x7", "x8"), ("x1", "x4"))
    assert len(truth.pairs) == 10
