"""How far maps agree: ranks by hand, what stands out, and the words that come of it."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctr_app.explain.agreement import (
    Agreement,
    agreement,
    correlations,
    disagreements,
    rank_correlation,
    standing_out,
    verdict,
)
from ctr_app.explain.pairs import pair_frame

NAMES = list("abcdefgh")  # 28 pairs


def frame_of(strengths):
    """A map whose pairs, in the order of the fields, have these strengths."""
    matrix = np.zeros((8, 8))
    matrix[np.triu_indices(8, 1)] = strengths
    return pair_frame(NAMES, matrix)


def noisy(strong, seed):
    """A map where the pairs ``strong`` stand out, by 1, 1.1, ..., of noise below 0.1."""
    strengths = np.random.default_rng(seed).uniform(0, 0.1, 28)
    strengths[strong] = 1 + 0.1 * np.arange(len(strong))
    return frame_of(strengths)


def slow_rank_correlation(first, second, level):
    """By the definition: mean ranks by counting, and Pearson's correlation by sums."""
    ranks = []
    for frame in (first, second):
        by_pair = {tuple(pair): strength for *pair, strength in frame.itertuples(index=False)}
        top = max(by_pair.values())
        values = [by_pair[pair] if by_pair[pair] >= level * top else 0.0 for pair in combinations(NAMES, 2)]
        ranks.append([sum(v < w for v in values) + (sum(v == w for v in values) + 1) / 2 for w in values])
    a, b = (np.array(r) - np.mean(r) for r in ranks)
    return (a * b).sum() / ((a * a).sum() * (b * b).sum()) ** 0.5


@pytest.mark.parametrize("level", [0.0, 0.2])
def test_rank_correlation_is_spearmans_by_its_definition(level):
    generator = np.random.default_rng(0)
    first, second = (frame_of(generator.exponential(size=28) ** 2) for _ in range(2))
    assert rank_correlation(first, second, level) == pytest.approx(slow_rank_correlation(first, second, level))
    assert rank_correlation(first, second, 0.0) != pytest.approx(rank_correlation(first, second, 0.2))


@settings(max_examples=15)
@given(st.permutations(range(20, 48)))
def test_a_map_agrees_with_itself_in_another_unit_and_not_with_its_reverse(strengths):
    first, other = frame_of(np.array(strengths)), frame_of(np.array(strengths) ** 2)
    assert rank_correlation(first, other, 0.0) == pytest.approx(1.0)
    assert rank_correlation(first, frame_of(70 - np.array(strengths))) == pytest.approx(-1.0)


def test_the_order_of_noise_does_not_count():
    first, second = noisy([3, 9, 20], 0), noisy([3, 9, 20], 1)
    assert rank_correlation(first, second) > 0.99
    assert rank_correlation(first, second, 0.0) < 0.6


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (pair_frame(["a", "b"], np.ones((2, 2))), pair_frame(["a", "b"], np.ones((2, 2)))),
        (frame_of(np.zeros(28)), frame_of(np.arange(28.0))),
    ],
)
def test_there_is_no_correlation_of_few_pairs_or_of_a_map_that_ranks_nothing(first, second):
    assert rank_correlation(first, second) is None


def test_few_pairs_stand_out_and_only_strong_ones():
    assert len(standing_out(noisy([3, 9, 20], 0))) == 3
    assert len(standing_out(noisy([3], 0))) == 1
    assert len(standing_out(frame_of(np.arange(28.0)))) == 3
    assert standing_out(frame_of(np.zeros(28))) == []


def test_weights_are_judged_by_both_other_maps_and_these_by_each_other():
    maps = {"weights": noisy([3, 9], 0), "behaviour": noisy([3, 9], 1), "counts": noisy([15, 21], 2)}
    of_weights, of_behaviour = agreement("weights", maps), agreement("behaviour", maps)
    assert set(of_weights.with_others) == {"behaviour", "counts"}
    assert of_weights.spearman == rank_correlation(maps["weights"], maps["counts"])
    assert set(of_behaviour.with_others) == {"counts"}
    assert set(agreement("counts", maps).with_others) == {"behaviour"}
    assert not of_weights.is_trusted
    table = correlations(maps)
    assert table.loc[0, ["first", "second"]].tolist() == ["weights", "behaviour"]
    assert table["spearman"][0] > 0.9
    assert table["of_all"][1] == rank_correlation(maps["weights"], maps["counts"], 0.0)


def test_pairs_on_which_maps_disagree_are_named_with_who_sees_and_who_misses_them():
    strengths = np.linspace(0.01, 0.1, 28)
    seen, missed = strengths.copy(), strengths.copy()
    seen[[2, 27]] = 1.0
    missed[27] = 1.0
    maps = {"weights": frame_of(seen), "behaviour": frame_of(seen), "counts": frame_of(missed)}
    assert disagreements(maps).to_dict("records") == [
        {"field_a": "a", "field_b": "d", "seen": "weights, behaviour", "missed": "counts"}
    ]
    assert disagreements({"weights": maps["weights"]}).empty


def test_a_map_of_decayed_weights_ranks_nothing_and_misses_nothing():
    strengths = np.linspace(0.01, 0.1, 28)
    strengths[[2, 27]] = 1.0
    alive, dead = frame_of(strengths), frame_of(1e-20 * strengths[::-1])
    assert rank_correlation(dead, alive) is None
    assert rank_correlation(alive, dead) is None
    assert disagreements({"weights": dead, "behaviour": alive, "counts": alive}).empty


@pytest.mark.parametrize(
    ("spearman", "shared", "words"),
    [
        (None, [], "This map or the others tell no pairs apart, so there is nothing to compare."),
        (0.81, [("a", "b")], "The maps agree (Spearman 0.81); all of them show a × b."),
        (0.5, [], "The maps agree on the whole (Spearman 0.50), but not on the strongest pairs."),
        (
            0.496,
            [("a", "b")],
            "Do not trust this picture yet: the maps disagree (Spearman 0.49). All of them show only a × b.",
        ),
        (-0.2, [], "Do not trust this picture yet: the maps disagree (Spearman -0.20), on the strongest too."),
    ],
)
def test_the_verdict_is_one_sentence(spearman, shared, words):
    found = Agreement("weights", {"counts": spearman, "behaviour": None}, shared)
    assert str(verdict(found)) == words
    assert found.is_trusted == (spearman is None or spearman >= 0.5)


@pytest.mark.parametrize(
    ("spearman", "shared", "words"),
    [
        (0.81, [("a", "b")], "Behaviour and counts agree (Spearman 0.81); both show a × b."),
        (0.5, [], "Behaviour and counts agree on the whole (Spearman 0.50), but not on the strongest pairs."),
        (
            0.49,
            [("a", "b")],
            "Do not trust this picture yet: behaviour and counts disagree (Spearman 0.49). "
            "Both of them show only a × b.",
        ),
        (
            -0.2,
            [],
            "Do not trust this picture yet: behaviour and counts disagree (Spearman -0.20), on the strongest too.",
        ),
    ],
)
def test_a_verdict_of_two_maps_names_both(spearman, shared, words):
    assert str(verdict(Agreement("behaviour", {"counts": spearman}, shared))) == words


def test_pairs_that_stand_out_everywhere_are_shared_strongest_first():
    maps = {"behaviour": noisy([3, 9, 20], 0), "counts": noisy([20, 9, 15], 1)}
    shared = agreement("behaviour", maps).shared
    pairs = list(combinations(NAMES, 2))
    assert shared == [pairs[20], pairs[9]]
    assert isinstance(maps["counts"], pd.DataFrame)
