"""How well readouts find the pairs that interact."""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from ctr_app.explain.pairs import pair_frame
from ctr_app.explain.recovery import Recovery, pair_auc, precision_at_k, recovery, recovery_by_epoch

FRAME = pd.DataFrame({"field_a": ["a", "b", "c"], "field_b": ["b", "c", "d"], "strength": [3.0, 2.0, 1.0]})


@st.composite
def readouts(draw: st.DrawFn) -> tuple[pd.DataFrame, list[tuple[str, str]]]:
    """A readout of 3 to 6 fields with few different strengths, and some but not all of its pairs, either way round."""
    names = [f"f{i}" for i in range(draw(st.integers(3, 6)))]
    pairs = list(combinations(names, 2))
    strengths = np.zeros((len(names), len(names)))
    strengths[np.triu_indices(len(names), 1)] = draw(
        st.lists(st.sampled_from([0.0, 0.5, 1.0, 2.0]), min_size=len(pairs), max_size=len(pairs))
    )
    chosen = draw(st.sets(st.sampled_from(pairs), min_size=1, max_size=len(pairs) - 1))
    return pair_frame(names, strengths), [pair[::-1] if draw(st.booleans()) else pair for pair in sorted(chosen)]


@given(readouts())
def test_pair_auc_is_that_of_scikit_learn(found):
    frame, truth = found
    labels = [{a, b} in map(set, truth) for a, b in zip(frame["field_a"], frame["field_b"], strict=True)]
    assert pair_auc(frame, truth) == pytest.approx(roc_auc_score(labels, frame["strength"]), abs=1e-12)


@given(readouts(), st.randoms(use_true_random=False))
def test_neither_score_depends_on_the_order_of_the_lines(found, random):
    frame, truth = found
    order = list(range(len(frame)))
    random.shuffle(order)
    before, after = recovery(frame, truth), recovery(frame.iloc[order], truth)
    assert (after.auc, after.precision) == pytest.approx((before.auc, before.precision))


@given(readouts())
def test_every_true_pair_above_every_other_is_full_marks(found):
    frame, truth = found
    is_true = [{a, b} in map(set, truth) for a, b in zip(frame["field_a"], frame["field_b"], strict=True)]
    perfect = frame.assign(strength=frame["strength"] + 10.0 * np.array(is_true))
    assert recovery(perfect, truth) == Recovery(1.0, 1.0, len(truth))


@pytest.mark.parametrize(
    ("truth", "precision"),
    [([("a", "b")], 1.0), ([("b", "a")], 1.0), ([("c", "d")], 0.0), ([("a", "b"), ("c", "d")], 0.5)],
)
def test_precision_at_k_is_the_share_of_true_pairs_among_the_k_strongest(truth, precision):
    assert precision_at_k(FRAME, truth) == precision


def test_pairs_as_strong_as_the_last_share_the_places_left():
    level = FRAME.assign(strength=[5.0, 1.0, 1.0])
    assert precision_at_k(level, [("a", "b"), ("b", "c")]) == 0.75
    assert precision_at_k(FRAME.assign(strength=0.0), [("a", "b")]) == pytest.approx(1 / 3)


def test_a_true_pair_that_the_model_does_not_read_is_not_found():
    assert precision_at_k(FRAME, [("a", "b"), ("x", "y"), ("c", "d")]) == pytest.approx(2 / 3)
    assert precision_at_k(FRAME.head(1), [("a", "b"), ("x", "y")]) == 0.5


def test_scores_without_a_true_pair_are_no_numbers():
    scored = recovery(FRAME, [])
    assert math.isnan(scored.auc)
    assert math.isnan(scored.precision)
    assert (scored.k, scored.found) == (0, 0)
    assert math.isnan(pair_auc(FRAME, [("a", "b"), ("b", "c"), ("c", "d")]))


def test_recovery_by_epoch_scores_each_epoch_of_each_readout():
    late = FRAME.assign(strength=[1.0, 2.0, 3.0], epoch=1, readout="weights")
    film = pd.concat([late, FRAME.assign(epoch=2, readout="weights"), FRAME.assign(epoch=1, readout="behaviour")])
    found = recovery_by_epoch(film, [("a", "b")])
    assert found.to_dict("list") == {
        "readout": ["behaviour", "weights", "weights"],
        "epoch": [1, 1, 2],
        "auc": [1.0, 0.0, 1.0],
        "precision": [1.0, 0.0, 1.0],
        "found": [1, 0, 1],
    }
    assert recovery_by_epoch(film.head(0), [("a", "b")]).empty
