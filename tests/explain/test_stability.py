"""Intervals over seeds, the null line and what passes it: against slow versions, and on strengths made up."""

from __future__ import annotations

from itertools import combinations
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from ctr_app.data.errors import InputError
from ctr_app.explain import stability as explain
from ctr_app.explain.pairs import pair_frame
from ctr_app.explain.stability import (
    Null,
    discovery_threshold,
    lenders,
    mean_interval,
    relative_strengths,
    stability,
    stability_of,
)

NAMES = [f"f{i}" for i in range(10)]
PAIRS = list(combinations(NAMES, 2))
CHANCES = st.lists(st.floats(0.0, 1.0), min_size=1, max_size=30)


def noise(generator: np.random.Generator, scale: float = 1.0, cells: int = 12) -> np.ndarray:
    """A symmetric matrix of strengths without interactions: roots of mean squares of noise in so many cells."""
    strengths = scale * np.sqrt((generator.normal(size=(10, 10, cells)) ** 2).mean(axis=2))
    return np.triu(strengths, 1) + np.triu(strengths, 1).T


def with_pair(matrix: np.ndarray, i: int, j: int, strength: float) -> np.ndarray:
    changed = matrix.copy()
    changed[i, j] = changed[j, i] = strength
    return changed


def framed(*matrices: np.ndarray) -> list[pd.DataFrame]:
    return [pair_frame(NAMES, matrix) for matrix in matrices]


@given(CHANCES, st.sampled_from([0.01, 0.05, 0.2]))
def test_what_passes_is_what_benjamini_and_hochberg_let_pass(chances: list[float], level: float) -> None:
    p_values = np.array(chances)
    threshold = discovery_threshold(p_values, level)
    adjusted = stats.false_discovery_control(p_values)
    clear = np.abs(adjusted - level) > 1e-12  # not decided by the last digit
    assert ((p_values <= threshold) == (adjusted <= level))[clear].all()
    if not (adjusted <= level).any() and clear.all():
        assert threshold == pytest.approx(level / len(p_values))


@given(st.integers(2, 8), st.integers(0, 100))
def test_intervals_are_students(count: int, seed: int) -> None:
    values = 5 + np.random.default_rng(seed).normal(size=(count, 3))
    low, high = mean_interval(values)
    for column in range(3):
        of = values[:, column]
        known = stats.t.interval(0.95, count - 1, loc=of.mean(), scale=stats.sem(of))
        assert (low[column], high[column]) == pytest.approx((max(0.0, known[0]), known[1]))


def test_one_seed_has_no_interval() -> None:
    low, high = mean_interval(np.ones((1, 4)))
    assert np.isnan(low).all()
    assert np.isnan(high).all()


@settings(max_examples=20)
@given(st.integers(0, 200))
def test_factors_of_fields_do_not_change_relative_strengths(seed: int) -> None:
    generator = np.random.default_rng(seed)
    strengths, factors = noise(generator), np.exp(generator.normal(size=10) / 3)
    relative = relative_strengths(strengths)
    assert relative_strengths(strengths * np.outer(factors, factors)) == pytest.approx(relative)
    assert relative == pytest.approx(relative.T)
    assert np.diag(relative) == pytest.approx(np.zeros(10))
    for i in range(10):
        assert np.median(np.delete(relative[i], i)) == pytest.approx(1.0, rel=0.05)


def test_a_field_that_lends_strength_to_all_its_pairs_does_not_hide_the_one_that_is_real() -> None:
    strengths = noise(np.random.default_rng(1), cells=200)
    lent = np.ones(10)
    lent[3] = 4.0
    strengths = with_pair(strengths * np.outer(lent, lent), 3, 7, 40.0)
    relative = relative_strengths(strengths)
    assert relative[3, 7] == pytest.approx(10.0, rel=0.2)
    assert np.delete(relative[3], [3, 7]) == pytest.approx(np.ones(8), rel=0.3)


def test_few_fields_and_dead_models_are_left_as_they_are() -> None:
    few = noise(np.random.default_rng(0))[:4, :4]
    assert np.array_equal(relative_strengths(few), few)
    assert np.array_equal(relative_strengths(np.zeros((8, 8))), np.zeros((8, 8)))


def test_a_null_gives_noise_its_share_and_strengths_their_chance_back() -> None:
    generator = np.random.default_rng(0)
    scales = np.exp(generator.normal(size=4000))
    draws = scales * np.sqrt(generator.gamma(6.0, 1 / 6.0, size=(9, 4000)))
    null = Null.of(draws[:8])
    p_values = null.p_values(draws[8])
    for level in (0.01, 0.05, 0.2):
        assert (p_values <= level).mean() == pytest.approx(level, rel=0.35)
    assert np.median(null.shapes) == pytest.approx(6.0, rel=0.3)
    for level in (1e-4, 0.05, 0.5):
        assert null.p_values(null.strengths_at(level)) == pytest.approx(np.full(4000, level), rel=1e-6)


def test_pairs_pass_that_no_null_explains() -> None:
    generator = np.random.default_rng(3)
    own = noise(generator)
    # Seeds share the rows and so the noise of the data; this training went on for longer than the nulls did.
    seeds = [with_pair(3 * own * (1 + 0.05 * noise(generator)), 2, 5, 15.0 + number) for number in range(4)]
    nulls = framed(*(noise(generator) for _ in range(6)))
    found = stability(NAMES, framed(*seeds), nulls)
    assert list(found.columns) == [
        "field_a",
        "field_b",
        "strength",
        "low",
        "high",
        "p_value",
        "line",
        "passes",
        "through",
    ]
    assert {frozenset(p) for p in zip(found["field_a"], found["field_b"], strict=True)} == set(map(frozenset, PAIRS))
    assert (found["strength"].diff().dropna() <= 0).all()
    assert (found["passes"] == (found["strength"] >= found["line"])).all()
    best = found.iloc[0]
    assert (best["field_a"], best["field_b"], best["strength"]) == ("f2", "f5", pytest.approx(16.5))
    assert best["low"] < 16.5 < best["high"]
    assert found["passes"].sum() == 1


def test_a_pair_between_two_that_interact_more_with_a_third_is_told() -> None:
    found = pd.DataFrame(
        [
            ("hub", "a", 5.0, True),
            ("hub", "b", 4.0, True),
            ("a", "b", 2.0, True),
            ("a", "c", 3.0, True),
            ("b", "c", 1.0, False),
            ("hub", "c", 3.5, True),
        ],
        columns=["field_a", "field_b", "strength", "passes"],
    )
    assert lenders(found) == ["", "", "hub", "hub", "", ""]
    assert lenders(found.assign(passes=False)) == [""] * 6


def test_mere_noise_passes_no_more_often_than_it_should() -> None:
    generator = np.random.default_rng(4)
    shares = []
    for _ in range(20):
        real, *nulls = framed(*(noise(generator, scale=np.exp(generator.normal() / 3)) for _ in range(6)))
        shares.append(stability(NAMES, [real], nulls)["passes"].mean())
    assert np.mean(shares) <= 0.02


def test_without_enough_nulls_there_is_no_line() -> None:
    generator = np.random.default_rng(5)
    found = stability(NAMES, framed(noise(generator)), framed(noise(generator), noise(generator)))
    assert found[["low", "high", "p_value", "line"]].isna().all(axis=None)
    assert not found["passes"].any()


def test_pairs_that_no_training_gives_any_strength_stay_below() -> None:
    generator = np.random.default_rng(6)
    seeds = framed(*(with_pair(noise(generator), 0, 1, 0.0) for _ in range(3)))
    nulls = framed(*(with_pair(noise(generator), 0, 1, 0.0) for _ in range(3)))
    last = stability(NAMES, seeds, nulls).iloc[-1]
    assert (last["field_a"], last["field_b"], last["strength"]) == ("f0", "f1", 0.0)
    assert not last["passes"]
    nothing = stability(NAMES, framed(np.zeros((10, 10))), framed(*[np.zeros((10, 10))] * 3))
    assert not nothing["passes"].any()


def test_finished_repeats_are_what_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    generator = np.random.default_rng(7)
    done = {"seed": ["s1", "s2"], "null": ["n1", "n2", "n3"]}
    monkeypatch.setattr(explain, "finished", lambda _run, purpose: done[purpose])
    layout = SimpleNamespace(field_names=NAMES)
    run = SimpleNamespace(spec=lambda: SimpleNamespace(title="FM"), encoder=lambda: SimpleNamespace(layout=layout))
    asked = []

    def measure(trained: object, _dataset: object, readout: str) -> pd.DataFrame:
        asked.append((trained, readout))
        return framed(noise(generator))[0]

    found = stability_of(run, None, measure=measure)  # type: ignore[arg-type]
    assert asked == [(trained, "weights") for trained in (run, "s1", "s2", "n1", "n2", "n3")]
    assert (found.readout, found.num_seeds, found.num_nulls, found.has_line) == ("weights", 3, 3, True)
    assert found.num_passing == found.frame["passes"].sum()
    with pytest.raises(InputError, match="are read by weights, behaviour, not by counts"):
        stability_of(run, None, "counts", measure)  # type: ignore[arg-type]
