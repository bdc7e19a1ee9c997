"""Pairs never seen together beside loops over all values and rows."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ctr_app.explain import unseen
from ctr_app.explain.coded import coded_field
from ctr_app.explain.unseen import COLUMNS, largest_products, strongest_unseen
from ctr_app.explain.values import pair_table

from .examples import encoded, random_model, row_of


def coded(names, rows=12):
    encoder, batch = encoded(rows)
    return encoder.layout, batch, [coded_field(encoder, batch, name) for name in names]


def slow_unseen(model, layout, batch, fields, min_count):
    """(field_a, value_a, field_b, value_b) -> effect of every pair of categorical values that no row has together."""
    vectors = [model.field_vectors(row_of(batch, row))[0] for row in range(len(batch))]
    found = {}
    for a, b in combinations(fields, 2):
        i, j = (layout.field_names.index(field.name) for field in (a, b))
        mean_a, mean_b = (sum(row[k] for row in vectors) / len(vectors) for k in (i, j))
        for code_a in range(3, len(a)):
            for code_b in range(3, len(b)):
                rows_a, rows_b = (set(np.flatnonzero(f.codes == c)) for f, c in ((a, code_a), (b, code_b)))
                if min(len(rows_a), len(rows_b)) >= min_count and not rows_a & rows_b:
                    va, vb = vectors[min(rows_a)][i], vectors[min(rows_b)][j]
                    key = (a.name, a.values[code_a], b.name, b.values[code_b])
                    found[key] = float((va - mean_a) @ (vb - mean_b))
    return found


@pytest.mark.parametrize("min_count", [1, 3])
def test_fm_lists_the_strongest_of_all_unseen_pairs_of_all_fields(min_count):
    encoder, batch = encoded(12)
    model = random_model("fm", encoder.layout)
    fields = [coded_field(encoder, batch, name) for name in ("film", "genre")]
    with torch.no_grad():
        expected = slow_unseen(model, encoder.layout, batch, fields, min_count)
    assert len(expected) >= 2
    frame = strongest_unseen(model, batch, fields, encoder.layout, min_count, top=len(expected) - 1)
    keys = list(zip(frame["field_a"], frame["value_a"], frame["field_b"], frame["value_b"], strict=True))
    strongest = sorted(expected, key=lambda key: -abs(expected[key]))[:-1]
    assert keys == strongest
    np.testing.assert_allclose(frame["effect"], [expected[key] for key in strongest], atol=1e-6)
    assert list(frame.columns) == list(COLUMNS)
    assert (frame[["rows_a", "rows_b"]].min(axis=1) >= min_count).all()
    np.testing.assert_allclose(frame["expected"], frame["rows_a"] * frame["rows_b"] / 12)


def test_several_fields_are_compared_as_their_pairs_one_by_one():
    layout, batch, fields = coded(("price", "film", "genre", "tags"))
    model = random_model("fm", layout)
    every = strongest_unseen(model, batch, fields, layout, 1, top=12)
    parts = [strongest_unseen(model, batch, pair, layout, 1, top=12) for pair in combinations(fields, 2)]
    strengths = sorted((abs(effect) for part in parts for effect in part["effect"]), reverse=True)[:12]
    np.testing.assert_allclose(every["effect"].abs(), strengths)
    assert every[["field_a", "field_b"]].drop_duplicates().shape[0] > 1


@pytest.mark.parametrize("name", ["dcn-v2", "din"])
def test_other_models_are_asked_about_the_frequent_values_that_no_row_has_together(name):
    layout, batch, (a, b) = coded(("film", "genre"))
    model = random_model(name, layout)
    table = pair_table(model, batch, a.choose(30), b.choose(30), layout, background=unseen.BACKGROUND)
    expected = table[table["support"] == 0].sort_values("effect", key=lambda e: -e.abs(), kind="stable")
    frame = strongest_unseen(model, batch, [a, b], layout, 1, top=50)
    assert len(expected)
    for column in ("value_a", "value_b", "effect"):
        assert frame[column].tolist() == expected[column].tolist()
    np.testing.assert_allclose(frame["predicted"], expected["predicted"], atol=1e-9)


def test_the_predicted_ctr_is_that_of_rows_with_both_values_put_in():
    layout, batch, fields = coded(("film", "genre"))
    model = random_model("fm", layout)
    line = strongest_unseen(model, batch, fields, layout, 1, top=1).iloc[0]
    categorical = batch.categorical.clone()
    for field, value in zip(fields, (line["value_a"], line["value_b"]), strict=True):
        categorical[:, layout.categorical.index(field.name)] = field.code_of(value)
    put_in = replace(batch, categorical=categorical)
    with torch.no_grad():
        assert line["predicted"] == pytest.approx(float(torch.sigmoid(model(put_in)).mean()), abs=1e-6)


def test_where_all_values_meet_the_table_is_empty():
    layout, batch, fields = coded(("visits", "genre"), rows=400)
    for name in ("fm", "dcn-v2"):
        frame = strongest_unseen(random_model(name, layout), batch, fields, layout, 1)
        assert frame.empty
        assert list(frame.columns) == list(COLUMNS)


def _in_order_of_norms(generator, count, dim):
    vectors = generator.normal(size=(count, dim)) * generator.gamma(1.0, size=(count, 1))
    return vectors[np.argsort(-np.linalg.norm(vectors, axis=1))]


@given(
    shape=st.tuples(st.integers(0, 9), st.integers(0, 9), st.integers(1, 3)),
    top=st.integers(1, 12),
    block=st.integers(1, 5),
    seed=st.integers(0, 99),
)
def test_the_largest_products_are_those_of_the_whole_matrix(shape, top, block, seed):
    num_a, num_b, dim = shape
    generator = np.random.default_rng(seed)
    left, right = (_in_order_of_norms(generator, count, dim) for count in (num_a, num_b))
    seen = np.flatnonzero(generator.random(num_a * num_b) < 0.5)
    whole = (left @ right.T).ravel()
    whole[seen] = 0.0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(unseen, "BLOCK", block)
        cells, products = largest_products(left, right, seen, top)
    expected = np.sort(np.abs(whole[whole != 0]))[::-1][:top]
    np.testing.assert_allclose(np.abs(products), expected, atol=1e-12)
    np.testing.assert_allclose(whole[cells], products, atol=1e-12)
