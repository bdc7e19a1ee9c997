"""Rows of which little is known: Attention, Predictions and Evaluate meet each with a sentence."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from ctr_app.data.reading import Table, read_table
from ctr_app.data.store import DatasetStore, Preparation
from ctr_app.training.run_store import Run, RunStore
from ctr_app.ui import attention_items, readouts
from tests.explain import examples

from .conftest import OpenPage
from .prepared import trained_run
from .reading import charts, is_well, words

ROW = {
    "click": 1,
    "price": 3.0,
    "visits": 1,
    "film": "Dune",
    "genre": "horror",
    "films": "Alien|Dune",
    "genres": "horror",
    "tags": "new",
}
ODD = {
    "empty": {"films": "", "genres": "", "tags": ""},
    "unknown": {"films": "Zardoz|Fargo", "film": "Zardoz", "genres": "western|noir"},
    "partly": {"films": "Alien|Zardoz"},
    "missing": {"price": None, "visits": None, "film": None},
    "other": {"click": 0, "genre": "satire"},
    "others": {"click": 1, "genre": "satire"},
}


@pytest.fixture
def odd(workplace: Path) -> Run:
    """A DIN whose test rows are the odd ones, in their order."""
    assert workplace.is_dir()
    tables = {
        "train": examples.table(120),
        "valid": examples.table(40, seed=1),
        "test": pl.DataFrame([ROW | row for row in ODD.values()]),
    }
    preparation = Preparation(examples.SCHEMA, min_count=1)
    dataset = DatasetStore().add_table({split: as_table(frame, split) for split, frame in tables.items()}, preparation)
    return trained_run(RunStore(), DatasetStore(), dataset, "din", embedding_dim=2, epochs=1)


def as_table(frame: pl.DataFrame, name: str) -> Table:
    content = io.BytesIO()
    frame.with_columns(pl.col("price").cast(pl.Float64)).write_parquet(content)
    return read_table(content.getvalue(), f"{name}.parquet")


def go_to(app: AppTest, row: str) -> None:
    next(box for box in app.number_input if box.label.startswith("Row, 1 to")).set_value(list(ODD).index(row) + 1).run()
    assert is_well(app), row


def test_histories_of_nothing_and_of_the_unknown_are_met_with_a_sentence(open_page: OpenPage, odd: Run) -> None:
    app = open_page("attention", odd)
    go_to(app, "empty")
    assert "This user has no history yet" in words(app)
    go_to(app, "unknown")
    assert "None of the 2 items of films was seen often enough" in words(app)
    assert "The model does not know this candidate" in words(app)
    assert charts(app) >= 3
    go_to(app, "partly")
    assert "1 of 2 items of films are unknown to the model" in words(app)
    items = next(box for box in app.multiselect if box.key.startswith("attention-items"))
    assert list(items.options[:2]) == ["Alien", "Zardoz (unknown)"]


def test_what_a_row_lacks_is_said_and_can_be_edited(open_page: OpenPage, odd: Run) -> None:
    app = open_page("predictions", odd)
    go_to(app, "empty")
    assert "Nothing yet in films, genres, tags" in words(app)
    go_to(app, "missing")
    assert "Missing in this row: price, visits, film." in words(app)
    edited = app.multiselect(key=f"predictions-edit-{odd.id}")
    edited.set_value(["price", "films"]).run()
    assert is_well(app)
    price = next(box for box in app.number_input if box.label == "price")
    assert price.value is None
    after = {metric.label: metric for metric in app.metric}["Logit after the edits"]
    assert float(after.delta) == 0
    price.set_value(250.0)
    next(box for box in app.multiselect if box.label == "films").set_value(["own-1"]).run()
    assert is_well(app)
    assert float({metric.label: metric for metric in app.metric}["Logit after the edits"].delta) != 0


def test_a_prediction_is_compared_with_one_other_row(open_page: OpenPage, odd: Run) -> None:
    app = open_page("predictions", odd)
    app.get_by_key("predictions-method-din").set_value("gradients")
    app.selectbox(key="predictions-baseline").set_value("row").run()
    assert is_well(app)
    app.number_input(key=f"predictions-baseline-row-{odd.id}").set_value(1).run()
    assert "That is this row itself" in words(app)
    app.number_input(key=f"predictions-baseline-row-{odd.id}").set_value(4).run()
    assert is_well(app)
    told = next(caption.value for caption in app.caption if "Baseline" in caption.value)
    go_to(app, "missing")
    logit = {metric.label: metric.value for metric in app.metric}["Logit"]
    assert float(told.partition("Baseline ")[2].partition(",")[0]) == pytest.approx(float(logit), abs=1e-3)


def test_slices_of_one_label_are_counted(open_page: OpenPage, odd: Run) -> None:
    app = open_page("evaluate", odd)
    assert "No slice has 30 rows or more" in words(app)
    app.selectbox(key=f"evaluate-field-{odd.id}").set_value("genre").run()
    assert is_well(app)
    assert "In 1 of 2 slices all rows have one label" in words(app)
    app.selectbox(key=f"evaluate-field-{odd.id}").set_value("tags").run()
    assert is_well(app)


def test_another_candidate_brings_its_kind_along(workplace: Path) -> None:
    assert workplace.is_dir()
    kinds = {"Alien": "horror", "Brazil": "satire", "Casablanca": "romance", "Dune": "horror", "Eraserhead": "horror"}
    frame = examples.table(90).with_columns(genre=pl.col("film").replace_strict(kinds))
    frame = pl.concat([frame, frame.head(9).with_columns(film=pl.lit("Fargo"), genre=pl.lit("satire"))])
    dataset = DatasetStore().add_table({"train": as_table(frame, "log")}, Preparation(examples.SCHEMA, min_count=1))
    run = trained_run(RunStore(), DatasetStore(), dataset, "din", embedding_dim=2, epochs=1)
    encoder, batch = readouts.model_of(run.id)[1], readouts.encoded_of(run.id).batch("test")
    for film in ("Fargo", "Casablanca"):
        changed = attention_items.with_item(run.id, batch, "film", film)
        for field, expected in (("film", film), ("genre", (kinds | {"Fargo": "satire"})[film])):
            ids = changed.categorical[:, encoder.layout.categorical.index(field)]
            assert {encoder.vocabulary_of(field).name(int(value_id)) for value_id in ids} == {expected}
