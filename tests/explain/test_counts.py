"""Interactions from the counts alone: near zero without any, and the planted ones with them."""

from __future__ import annotations

import numpy as np
import pytest

from ctr_app.data.arrays import EncodedRows
from ctr_app.data.batch import FieldLayout, SequenceField
from ctr_app.data.encoding import Encoder
from ctr_app.data.synthetic import planted_clicks
from ctr_app.explain.counts import MAX_VALUES, _additive_fit, _codes, by_counts
from ctr_app.explain.recovery import precision_at_k


def rows_of(labels, numeric=None, categorical=None, sequences=None):
    count = len(labels)
    return EncodedRows(
        np.zeros((count, 0), np.float32) if numeric is None else np.asarray(numeric, np.float32),
        np.zeros((count, 0), np.int32) if categorical is None else np.asarray(categorical, np.int32),
        sequences or {},
        np.asarray(labels, np.float32),
        np.arange(count),
    )


def planted(rows, pairs):
    made = planted_clicks(rows, seed=1, pairs=pairs)
    encoder = Encoder.fit(made.frame, made.schema)
    return encoder.layout, encoder.transform(made.frame), made.truth.pairs


def test_additive_clicks_leave_next_to_nothing():
    layout, rows, _ = planted(40_000, ())
    assert by_counts(layout, rows)["strength"].max() < 0.035


def test_planted_pairs_are_found():
    layout, rows, pairs = planted(40_000, (("hour", "category"), ("site", "device"), ("age_group", "price")))
    frame = by_counts(layout, rows)
    assert precision_at_k(frame, pairs) == 1.0
    assert frame["strength"][2] > 2 * frame["strength"][3]


def test_the_strength_of_a_full_table_is_the_residual_of_its_rates():
    """Four equally large cells with rates 0.5 + 0.5 on the diagonal: residual +-0.25 of an additive fit 0.5."""
    layout = FieldLayout((), ("a", "b"), (), {"a": 5, "b": 5})
    ids = np.repeat([[3, 3], [3, 4], [4, 3], [4, 4]], 10_000, axis=0)
    labels = np.concatenate([np.arange(10_000) < share * 10_000 for share in (0.75, 0.25, 0.25, 0.75)])
    strength = by_counts(layout, rows_of(labels, categorical=ids))["strength"][0]
    assert strength == pytest.approx(0.25, abs=1e-3)


def test_chance_alone_is_taken_off():
    """Hundreds of sparse cells of pure noise: about as often nothing as something, and never much."""
    generator = np.random.default_rng(0)
    layout = FieldLayout((), ("a", "b"), (), {"a": 60, "b": 60})
    found = []
    for _ in range(10):
        ids = generator.integers(3, 53, size=(5000, 2))
        found.append(by_counts(layout, rows_of(generator.random(5000) < 0.3, categorical=ids))["strength"][0])
    assert np.median(found) < 0.06
    assert max(found) < 0.1


@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_a_rare_numeric_flag_is_seen(share):
    generator = np.random.default_rng(0)
    flag, other = generator.random(20_000) < share, generator.random(20_000) < 0.5
    layout = FieldLayout(("flag",), ("other",), (), {"other": 5})
    labels = flag ^ other
    rows = rows_of(labels, numeric=flag[:, None], categorical=3 + other[:, None])
    expected = np.sqrt(share * (1 - share))  # the residual of an exclusive or, after both means
    assert by_counts(layout, rows)["strength"][0] == pytest.approx(expected, abs=0.02)


def test_a_sequence_counts_as_its_most_recent_item():
    layout = FieldLayout((), (), (SequenceField("history", None, 3),), {"history": 9})
    ids = np.array([[7, 8, 0], [8, 0, 0], [0, 0, 0], [5, 6, 7], [8, 0, 0]], np.int32)
    codes = _codes(layout, rows_of(np.zeros(5), sequences={"history": ids}), "history")
    assert codes.tolist() == [0, 0, 1, 2, 0]


def test_rare_values_are_taken_as_one():
    ids = np.concatenate([np.repeat(np.arange(3, 100), 2), np.full(5, 100)])[:, None]
    codes = _codes(FieldLayout((), ("a",), (), {"a": 101}), rows_of(np.zeros(len(ids)), categorical=ids), "a")
    assert codes.max() == MAX_VALUES - 1
    assert set(codes[-5:]) == {0}
    assert (codes == MAX_VALUES - 1).sum() == 2 * (97 - (MAX_VALUES - 2))


def test_the_additive_fit_is_least_squares():
    generator = np.random.default_rng(0)
    rates, counts = generator.random((4, 3)), generator.integers(5, 50, size=(4, 3)).astype(float)
    rows, columns = np.divmod(np.arange(12), 3)
    design = np.hstack([np.eye(4)[rows], np.eye(3)[columns]])
    weights = np.sqrt(counts.ravel())
    solution = np.linalg.lstsq(design * weights[:, None], rates.ravel() * weights, rcond=None)[0]
    np.testing.assert_allclose(_additive_fit(rates, counts), (design @ solution).reshape(4, 3), atol=1e-9)
