"""The one shape of every readout."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

from ctr_app.explain.pairs import pair_frame, pair_matrix, precision_at_k

STRENGTHS = np.array([[0.0, 1.0, 3.0], [1.0, 0.0, 2.0], [3.0, 2.0, 0.0]])


def test_pair_frame_lists_every_pair_strongest_first():
    frame = pair_frame(["a", "b", "c"], STRENGTHS)
    assert frame.to_dict("list") == {
        "field_a": ["a", "b", "a"],
        "field_b": ["c", "c", "b"],
        "strength": [3.0, 2.0, 1.0],
    }


def test_equal_strengths_stay_in_the_order_of_the_fields():
    frame = pair_frame(["c", "a", "b"], np.ones((3, 3)))
    assert list(zip(frame["field_a"], frame["field_b"], strict=True)) == [("c", "a"), ("c", "b"), ("a", "b")]


def test_one_field_has_no_pairs():
    frame = pair_frame(["a"], np.zeros((1, 1)))
    assert frame.empty
    assert list(frame.columns) == ["field_a", "field_b", "strength"]


def test_pair_matrix_undoes_pair_frame():
    assert np.array_equal(pair_matrix(["a", "b", "c"], pair_frame(["a", "b", "c"], STRENGTHS)), STRENGTHS)


@pytest.mark.parametrize(
    ("truth", "precision"),
    [([("a", "b")], 1.0), ([("b", "a")], 1.0), ([("c", "d")], 0.0), ([("a", "b"), ("c", "d")], 0.5)],
)
def test_precision_at_k_is_the_share_of_true_pairs_among_the_k_strongest(truth, precision):
    frame = pd.DataFrame({"field_a": ["a", "b", "c"], "field_b": ["b", "c", "d"], "strength": [3.0, 2.0, 1.0]})
    assert precision_at_k(frame, truth) == precision


def test_precision_without_a_truth_is_no_number():
    assert math.isnan(precision_at_k(pair_frame(["a", "b"], np.zeros((2, 2))), []))
