"""The one shape of every readout."""

from __future__ import annotations

import numpy as np

from ctr_app.explain.pairs import pair_frame, pair_matrix

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
