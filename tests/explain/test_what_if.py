"""Edits, what two of them do together, counterfactuals and curves, against slow and obvious versions."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch

from ctr_app.data.dataset import as_batch
from ctr_app.data.errors import InputError
from ctr_app.explain.what_if import counterfactuals, edited, ice, pair_split, rows_with
from ctr_app.training.metrics import sigmoid
from ctr_app.training.trainer import predict

from .examples import encoded, random_model, row_of, table

MODELS = ("fm", "dcn-v2", "din")


def test_an_edited_row_is_the_row_of_an_edited_table() -> None:
    encoder, batch = encoded()
    edits = {"price": 3.5, "film": "Dune", "genre": None, "films": ["Alien", "Brazil", "never"], "tags": []}
    frame = table().with_columns(
        pl.lit(3.5).alias("price"),
        pl.lit("Dune").alias("film"),
        pl.lit(None, dtype=pl.String).alias("genre"),
        pl.lit("Alien|Brazil|never").alias("films"),
        pl.lit("").alias("tags"),
    )
    found, expected = edited(batch, encoder, edits), as_batch(encoder.transform(frame))
    assert torch.equal(found.numeric, expected.numeric)
    assert torch.equal(found.categorical, expected.categorical)
    for name in found.sequences:
        assert torch.equal(found.sequences[name], expected.sequences[name]), name
    with pytest.raises(InputError, match="has no field moon"):
        edited(batch, encoder, {"moon": "full"})


@pytest.mark.parametrize("name", MODELS)
def test_two_edits_are_mains_and_an_interaction(name: str) -> None:
    encoder, batch = encoded()
    model, row = random_model(name, encoder.layout), row_of(batch, 4)
    found = pair_split(model, encoder, row, ("film", "Brazil"), ("visits", 3.0))
    after = predict(model, edited(row, encoder, {"film": "Brazil", "visits": 3.0}))[0]
    assert found.before == pytest.approx(predict(model, row)[0])
    assert found.after == pytest.approx(after)
    assert found.main_a == pytest.approx(predict(model, edited(row, encoder, {"film": "Brazil"}))[0] - found.before)


def test_rows_with_the_same_values_are_counted() -> None:
    encoder, batch = encoded()
    rows, frame = encoder.transform(table()), table()
    row = row_of(batch, 0)
    same = (frame["film"] == frame["film"][0]) & (frame["genre"] == frame["genre"][0])
    assert rows_with(encoder, rows, row, ["film", "genre"]) == same.sum()
    assert rows_with(encoder, rows, edited(row, encoder, {"film": "Metropolis"}), ["film"]) == 0
    assert 0 < rows_with(encoder, rows, row, ["price"]) < len(frame) / 4


@pytest.mark.parametrize("name", MODELS)
def test_a_counterfactual_is_the_fewest_edits_there_are(name: str) -> None:
    encoder, batch = encoded()
    model, allowed = random_model(name, encoder.layout), ("film", "genre")
    values = {field: encoder.vocabulary_of(field).values for field in allowed}
    for number in range(6):
        row = row_of(batch, number)
        own = predict(model, row)[0]
        singles = {(f, v): predict(model, edited(row, encoder, {f: v}))[0] for f in allowed for v in values[f]}
        pairs = [
            predict(model, edited(row, encoder, {"film": a, "genre": b}))[0]
            for a in values["film"]
            for b in values["genre"]
        ]
        top = max(max(singles.values()), max(pairs))
        if top <= own + 1e-6:
            continue
        threshold = float(sigmoid(np.array([top - 1e-9]))[0])
        found, _ = counterfactuals(model, encoder, row, allowed, threshold)
        expected = 1 if max(singles.values()) >= top - 1e-9 else 2
        assert len(found[0].edits) == expected
        assert predict(model, edited(row, encoder, found[0].edits))[0] >= top - 1e-5
        none, nearest = counterfactuals(model, encoder, row, allowed, float(sigmoid(np.array([top + 1]))[0]))
        assert none == []
        assert nearest.ctr == pytest.approx(float(sigmoid(np.array([top]))[0]), abs=1e-5)


def test_counterfactuals_go_down_as_well_and_edit_allowed_fields_only() -> None:
    encoder, batch = encoded()
    model, row = random_model("dcn-v2", encoder.layout), row_of(batch, 0)
    ctr = float(sigmoid(predict(model, row))[0])
    found, _ = counterfactuals(model, encoder, row, ("price", "film"), ctr * 0.98)
    assert found
    for one in found:
        assert one.ctr <= ctr * 0.98
        assert set(one.edits) <= {"price", "film"}
        after = predict(model, edited(row, encoder, one.edits))
        assert float(sigmoid(after)[0]) == pytest.approx(one.ctr, abs=1e-5)
    with pytest.raises(InputError, match="between 0 and 1"):
        counterfactuals(model, encoder, row, ("film",), 1.0)
    with pytest.raises(InputError, match="at least one field"):
        counterfactuals(model, encoder, row, ("films",), 0.5)


@pytest.mark.parametrize("field", ["price", "film"])
def test_curves_are_predictions_of_edited_rows(field: str) -> None:
    encoder, batch = encoded()
    model, rows = random_model("dcn-v2", encoder.layout), batch.select(slice(7))
    found = ice(model, encoder, rows, field)
    assert found.groupby("place")["row"].count().eq(7).all()
    for (_, value), part in found.groupby(["place", "value"]):
        expected = sigmoid(predict(model, edited(rows, encoder, {field: value})))
        assert part["ctr"].to_numpy() == pytest.approx(expected, abs=1e-6)
    if field == "price":
        assert pd.Series(found["value"].unique()).is_monotonic_increasing
    with pytest.raises(InputError, match="is a history"):
        ice(model, encoder, rows, "films")


def test_no_two_lists_of_edits_are_the_same() -> None:
    encoder, batch = encoded()
    model, row = random_model("fm", encoder.layout), row_of(batch, 2)
    ctr = float(sigmoid(predict(model, row))[0])
    found, _ = counterfactuals(model, encoder, row, encoder.layout.categorical, ctr + 0.001, most_edits=2)
    assert len(found) > 1
    assert all(a.edits != b.edits for a, b in combinations(found, 2))
