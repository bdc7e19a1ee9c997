"""Why maps might disagree, measured on tables where the reason is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ctr_app.data.arrays import EncodedRows
from ctr_app.data.batch import FieldLayout
from ctr_app.explain.doubts import Doubts, cramers_v, doubts


class Ended:
    """A run whose best epoch was 3 of ``epochs``; None: it has no metrics yet."""

    def __init__(self, epochs):
        self.epochs = epochs

    def metrics(self):
        return None if self.epochs is None else {"best_epoch": 3, "epochs": self.epochs}


LAYOUT = FieldLayout((), ("a", "b", "c"), (), {"a": 9, "b": 9, "c": 9})


def rows_of(ids, labels):
    return EncodedRows(np.zeros((len(ids), 0), np.float32), ids, {}, labels.astype(np.float32), np.arange(len(ids)))


def test_rows_of_the_rarer_label_are_shared_among_the_combinations_that_occur():
    ids = np.array([[3, 3, 3], [4, 3, 3], [4, 4, 3], [4, 4, 3]], np.int32)
    found = doubts(Ended(4), LAYOUT, rows_of(ids, np.array([1, 0, 1, 1])))
    assert found.rows_per_cell == pytest.approx(1 / np.mean([3, 2, 2]))


def test_the_fields_that_go_together_most_are_named():
    ids = np.random.default_rng(0).integers(3, 8, size=(3000, 3)).astype(np.int32)
    ids[:, 2] = np.where(np.arange(3000) % 2, ids[:, 0], ids[:, 2])
    found = doubts(Ended(4), LAYOUT, rows_of(ids, np.arange(3000) % 2))
    assert found.correlated == ("a", "c")
    assert found.cramers_v == pytest.approx(0.5, abs=0.05)


@pytest.mark.parametrize(("epochs", "is_unfinished"), [(3, True), (5, False), (None, True)])
def test_training_is_unfinished_where_the_last_epoch_was_the_best(epochs, is_unfinished):
    ids = np.full((4, 3), 3, np.int32)
    assert doubts(Ended(epochs), LAYOUT, rows_of(ids, np.array([0, 0, 1, 1]))).is_unfinished == is_unfinished


@pytest.mark.parametrize(
    ("table", "expected"),
    [
        (np.diag([50, 50, 50]), 1.0),
        (np.full((3, 4), 20), 0.0),
        (np.array([[30, 10], [10, 30]]), 0.5),
        (np.array([[5, 5, 5]]), 0.0),
    ],
)
def test_cramers_v_of_known_tables(table, expected):
    assert cramers_v(table) == pytest.approx(expected, abs=0.02)


def test_cramers_v_of_independent_fields_of_many_values_is_near_zero():
    ids = np.random.default_rng(1).integers(0, 40, size=(2, 2000))
    assert cramers_v(np.histogram2d(*ids, bins=40)[0]) < 0.06


def test_each_reason_is_told_and_none_is_too():
    none = Doubts(80.0, ("a", "b"), 0.1, is_unfinished=False)
    assert [str(s) for s in none.sentences()] == [
        "Rows are enough, no two fields go together and training has ended: other seeds may tell more."
    ]
    every = replace(none, rows_per_cell=1.25, cramers_v=0.82, is_unfinished=True)
    assert [str(s).partition(":")[0] for s in every.sentences()] == [
        "Too few rows",
        "Correlated fields",
        "Unfinished training",
    ]
    assert "a and b tell much of each other (Cramér's V 0.82)" in str(every.sentences()[1])
