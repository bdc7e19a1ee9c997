"""Interactions from the counts alone: near zero without any, and the planted ones with them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ctr_app.data.arrays import EncodedRows
from ctr_app.data.batch import FieldLayout, SequenceField
from ctr_app.data.encoding import Encoder
from ctr_app.data.synthetic import planted_clicks
from ctr_app.explain.codes import MAX_VALUES, field_codes
from ctr_app.explain.counts import by_counts, main_effects
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
    assert by_counts(layout, rows)["strength"].max() < 0.15


def test_planted_pairs_are_found():
    layout, rows, pairs = planted(40_000, (("hour", "category"), ("site", "device"), ("age_group", "price")))
    frame = by_counts(layout, rows)
    assert precision_at_k(frame, pairs) == 1.0
    assert frame["strength"][2] > 2 * frame["strength"][3]


def square_table(effect, rows_each=10_000):
    """Four equally large cells whose logits are +-effect, without main effects: as clicks."""
    layout = FieldLayout((), ("a", "b"), (), {"a": 5, "b": 5})
    ids = np.repeat([[3, 3], [3, 4], [4, 3], [4, 4]], rows_each, axis=0)
    shares = 1 / (1 + np.exp([-effect, effect, effect, -effect]))
    labels = np.concatenate([np.arange(rows_each) < share * rows_each for share in shares])
    return layout, ids, labels


@pytest.mark.parametrize("effect", [0.1, 0.5])
def test_the_strength_of_a_full_table_is_the_logit_beyond_its_main_effects(effect):
    layout, ids, labels = square_table(effect)
    strength = by_counts(layout, rows_of(labels, categorical=ids))["strength"][0]
    assert strength == pytest.approx(4 * (1 / (1 + np.exp(-effect)) - 0.5), abs=2e-3)  # the first-order logit
    assert strength == pytest.approx(effect, rel=0.03)


def slow_strength(a, b, labels, weights):
    """The definition by loops over cells, main effects by gradient ascent on the whole design."""
    values_a, values_b = sorted(set(a)), sorted(set(b))
    design = np.array([[x == v for v in values_a] + [y == v for v in values_b] for x, y in zip(a, b, strict=True)])
    mean = (weights * labels).sum() / weights.sum()
    effects = np.zeros(design.shape[1])
    for _ in range(20_000):
        rates = 1 / (1 + np.exp(-np.log(mean / (1 - mean)) - design @ effects))
        effects += 2e-3 * (design.T @ (weights * (labels - rates)) - 0.05 * effects)
    chi_square = information = expected = within = possible = cells = 0.0
    for value_a in values_a:
        for value_b in values_b:
            here = (np.array(a) == value_a) & (np.array(b) == value_b)
            if here.any():
                w, y, p = weights[here], labels[here], rates[here][0]
                chi_square += (w * (y - p)).sum() ** 2 / (w.sum() * p * (1 - p))
                information += w.sum() * p * (1 - p)
                expected += (w**2).sum() / w.sum()
                within += (w * (y - np.average(y, weights=w)) ** 2).sum()
                possible += (w.sum() - (w**2).sum() / w.sum()) * p * (1 - p)
                cells += 1
    free = (cells - len(values_a) - len(values_b) + 1) / cells
    spread = 1.0 if set(labels) <= {0.0, 1.0} else within / possible
    return (max(0.0, chi_square - free * spread * expected) / information) ** 0.5


@pytest.mark.parametrize("kind", ["clicks", "probabilities", "weighted clicks"])
def test_the_strength_is_that_of_a_slow_computation(kind):
    generator = np.random.default_rng(4)
    ids = generator.integers(3, [6, 7], size=(300, 2))
    labels = np.round(1 / (1 + np.exp(-(ids[:, 0] - 4) * (ids[:, 1] - 4.5) - generator.normal(size=300) / 2)), 3)
    if kind != "probabilities":
        labels = (generator.random(300) < labels).astype(float)
    rows = rows_of(labels, categorical=ids)
    weights = np.ones(300)
    if kind == "weighted clicks":
        weights = generator.uniform(0.2, 3.0, 300).astype(np.float32)
        rows = replace(rows, weights=weights)
        weights = weights.astype(float) / weights.mean(dtype=float)
    found = by_counts(FieldLayout((), ("a", "b"), (), {"a": 6, "b": 7}), rows)["strength"][0]
    expected = slow_strength(*ids.T.tolist(), np.float32(labels).astype(float), weights)
    assert expected > 0.3
    assert found == pytest.approx(expected, abs=1e-5)


def test_weights_of_two_are_rows_twice_but_for_chance():
    layout, ids, labels = square_table(0.4, 200)
    twice = rows_of(np.repeat(labels, 2), categorical=np.repeat(ids, 2, axis=0))
    weighted = replace(rows_of(labels, categorical=ids), weights=np.full(len(labels), 2.0, np.float32))
    once = rows_of(labels, categorical=ids)
    strengths = [by_counts(layout, rows)["strength"][0] for rows in (once, weighted, twice)]
    assert strengths[0] == pytest.approx(strengths[1], rel=1e-6)
    assert strengths[1] < strengths[2]


def test_labels_that_are_probabilities_of_their_main_effects_leave_nothing():
    generator = np.random.default_rng(0)
    ids = generator.integers(3, 9, size=(4000, 2))
    logits = ids @ [0.3, -0.2] + generator.normal(size=4000) / 4  # another field's effect
    layout = FieldLayout((), ("a", "b"), (), {"a": 9, "b": 9})
    assert by_counts(layout, rows_of(1 / (1 + np.exp(-logits)), categorical=ids))["strength"][0] < 0.03


@pytest.mark.parametrize("label", [0.0, 1.0])
def test_a_table_of_one_label_has_no_interactions(label):
    layout, ids, _ = square_table(0.0, 5)
    assert by_counts(layout, rows_of(np.full(20, label), categorical=ids))["strength"][0] == 0.0


def test_many_rows_are_sampled_the_same_way_each_time():
    layout, ids, labels = square_table(0.5, 1000)
    first, again = (by_counts(layout, rows_of(labels, categorical=ids), most_rows=1500) for _ in range(2))
    assert first.equals(again)
    assert first["strength"][0] == pytest.approx(0.5, rel=0.2)
    assert first["strength"][0] != by_counts(layout, rows_of(labels, categorical=ids))["strength"][0]


def test_chance_alone_is_taken_off():
    """Hundreds of sparse cells of pure noise: about as often nothing as something, and never much."""
    generator = np.random.default_rng(0)
    layout = FieldLayout((), ("a", "b"), (), {"a": 60, "b": 60})
    found = []
    for _ in range(10):
        ids = generator.integers(3, 53, size=(5000, 2))
        found.append(by_counts(layout, rows_of(generator.random(5000) < 0.3, categorical=ids))["strength"][0])
    assert np.median(found) < 0.25
    assert max(found) < 0.4
    assert 2 <= np.count_nonzero(found) <= 8


@pytest.mark.parametrize("share", [0.05, 0.5, 0.95])
def test_a_rare_numeric_flag_is_seen(share):
    generator = np.random.default_rng(0)
    flag, other = generator.random(20_000) < share, generator.random(20_000) < 0.5
    layout = FieldLayout(("flag",), ("other",), (), {"other": 5})
    labels = generator.random(20_000) < np.where(flag == other, 0.4, 0.6)
    rows = rows_of(labels, numeric=flag[:, None], categorical=3 + other[:, None])
    expected = np.log(1.5) * 2 * np.sqrt(share * (1 - share))  # after both main effects
    assert by_counts(layout, rows)["strength"][0] == pytest.approx(expected, abs=0.04)


def test_a_sequence_counts_as_its_most_recent_item():
    layout = FieldLayout((), (), (SequenceField("history", None, 3),), {"history": 9})
    ids = np.array([[7, 8, 0], [8, 0, 0], [0, 0, 0], [5, 6, 7], [8, 0, 0]], np.int32)
    codes = field_codes(layout, rows_of(np.zeros(5), sequences={"history": ids}), "history")
    assert codes.tolist() == [0, 0, 1, 2, 0]


def test_rare_values_are_taken_as_one():
    ids = np.concatenate([np.repeat(np.arange(3, 100), 2), np.full(5, 100)])[:, None]
    codes = field_codes(FieldLayout((), ("a",), (), {"a": 101}), rows_of(np.zeros(len(ids)), categorical=ids), "a")
    assert codes.max() == MAX_VALUES - 1
    assert set(codes[-5:]) == {0}
    assert (codes == MAX_VALUES - 1).sum() == 2 * (97 - (MAX_VALUES - 2))


def test_main_effects_are_additive_in_logits_and_keep_the_sums_of_rows_and_columns():
    generator = np.random.default_rng(0)
    counts = generator.integers(5, 50, size=(4, 3)).astype(float)
    clicks = counts * generator.uniform(0.1, 0.6, size=(4, 3))
    rates = main_effects(counts, clicks)
    logits = np.log(rates / (1 - rates))
    np.testing.assert_allclose(logits - logits[[0]] - logits[:, [0]] + logits[0, 0], 0, atol=1e-9)
    for axis in (0, 1):
        np.testing.assert_allclose((counts * rates).sum(axis), clicks.sum(axis), atol=0.1)  # but for the weak ridge


def test_a_value_that_was_never_clicked_leaves_rates_of_others_as_they_are():
    counts = np.array([[100.0, 100.0], [50.0, 50.0], [200.0, 0.0]])
    clicks = np.array([[20.0, 40.0], [0.0, 0.0], [90.0, 0.0]])
    rates = main_effects(counts, clicks)
    assert np.isfinite(rates).all()
    assert rates[1].max() < 0.01
    np.testing.assert_allclose((counts * rates).sum(axis=1)[[0, 2]], [60.0, 90.0], atol=0.5)
