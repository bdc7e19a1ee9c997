"""Edits, what two of them do together, counterfactuals and curves, against slow and obvious versions."""

from __future__ import annotations

import pandas as pd
import polars as pl
import pytest
import torch

from ctr_app.data.dataset import as_batch
from ctr_app.data.errors import InputError
from ctr_app.explain.what_if import edited, ice, pair_split, rows_with
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


def test_numbers_of_a_curve_are_ones_that_training_showed() -> None:
    encoder, batch = encoded(1500)
    found = ice(random_model("fm", encoder.layout), encoder, batch.select(slice(3)), "visits")
    assert sorted(found["value"].unique()) == sorted(table(1500)["visits"].unique())
