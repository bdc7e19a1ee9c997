"""The standard test of recovery, on few rows."""

from __future__ import annotations

import math
import statistics
from dataclasses import replace

import numpy as np
import pytest

from ctr_app.data.errors import InputError
from ctr_app.data.synthetic.function_tables import CLICKS, FunctionSettings, function_table
from ctr_app.explain.suite import (
    Recipe,
    Score,
    Stopped,
    Suite,
    by_seed,
    interval,
    mean_auc,
    recovered,
    scores,
)

QUICK = {"epochs": 3, "embedding_dim": 4}
SMALL = Suite(("f5", "f1"), rows=600, seeds=(1, 2), settings=QUICK)


def test_a_suite_scores_every_readout_of_every_table():
    found = list(scores(SMALL))
    assert [(score.seed, score.function) for score in found[::3]] == [(1, "f5"), (1, "f1"), (2, "f5"), (2, "f1")]
    assert [score.readout for score in found[:3]] == ["behaviour", "weights", "counts"]
    assert all(0 <= score.auc <= 1 and 0 <= score.precision <= 1 for score in found)
    assert {score.function: score.k for score in found} == {"f5": 8, "f1": 11}
    assert list(scores(SMALL)) == found


def test_a_table_that_is_fitted_well_gives_its_pairs_away():
    table = function_table("f10", FunctionSettings(rows=6000, variant="noise-free"))
    settings = Suite().recipe.settings | {"epochs": 40, "embedding_dim": 4}
    found = recovered(table, Recipe("dcn-v2", settings), seed=0)
    assert found["behaviour"].auc > 0.9


def test_what_is_not_dcn_is_learned_with_its_own_settings():
    assert Suite(model="fm").recipe == Recipe("fm", {})
    assert Suite(model="dcn-v1", variant=CLICKS).recipe.title == "DCN-V1"
    assert Suite(settings={"epochs": 2}).recipe.settings["epochs"] == 2


def test_a_suite_stops_when_it_is_asked_to():
    asked = iter([False, False, True])
    with pytest.raises(Stopped):
        list(scores(SMALL, lambda: next(asked)))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"functions": ("f11",)}, "no test function f11"),
        ({"functions": ()}, "at least one"),
        ({"seeds": (-1,)}, "seed"),
        ({"rows": 1}, "rows"),
        ({"model": "gbdt"}, "no model gbdt"),
        ({"settings": {"colour": "blue"}}, "no setting colour"),
    ],
)
def test_what_cannot_be_tested_is_refused_before_anything_is_trained(wrong, words):
    with pytest.raises(InputError) as refused:
        replace(SMALL, **wrong)
    assert words.lower() in str(refused.value).lower()


def score(function: str, seed: int, auc: float) -> Score:
    return Score(function, seed, "behaviour", auc, 0.0, 3)


def test_a_seed_counts_once_all_functions_have_it():
    found = [score("f1", 0, 0.5), score("f2", 0, 0.7), score("f1", 1, 0.9), score("f2", 1, 0.9), score("f1", 2, 0.1)]
    assert by_seed(found, "behaviour") == pytest.approx([0.6, 0.9])
    assert mean_auc(found, "behaviour", "f1") == pytest.approx(0.5)
    assert math.isnan(mean_auc(found, "counts", "f1"))


def test_the_interval_is_that_of_student():
    values = [0.9, 0.92, 0.95, 0.91, 0.97]
    mean, half = interval(np.array(values))
    assert mean == pytest.approx(statistics.fmean(values))
    assert half == pytest.approx(2.7764 * statistics.stdev(values) / math.sqrt(5), rel=1e-4)
    assert math.isnan(interval(np.array([0.9]))[1])
