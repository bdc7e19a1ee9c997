"""Names for the values of a stored data set: offered where ids are shown, taken from a table, seen at once."""

from __future__ import annotations

import io
from pathlib import Path

import polars as pl
import pytest
from streamlit.testing.v1 import AppTest

from ctr_app.data.reading import read_table
from ctr_app.data.store import DatasetStore, Preparation
from ctr_app.training.run_store import Run, RunStore
from tests.explain import examples

from .conftest import OpenPage
from .prepared import trained_run
from .reading import is_well, words

LACKING = "items have no name here"
NAMES = "\n".join(
    ["id;title;genre", *(f"{i};{film};{'old' if i % 2 else 'new'}" for i, film in enumerate(examples.FILMS))]
)


@pytest.fixture
def of_ids(workplace: Path) -> Run:
    """A DIN on films that are told by their numbers."""
    assert workplace.is_dir()
    content = io.BytesIO()
    frame = examples.table(90)
    for number, film in enumerate(examples.FILMS):
        frame = frame.with_columns(pl.col("film", "films").str.replace_all(film, str(number)))
    frame.write_parquet(content)
    table = read_table(content.getvalue(), "log.parquet")
    dataset = DatasetStore().add_table({"train": table}, Preparation(examples.SCHEMA, min_count=1))
    return trained_run(RunStore(), DatasetStore(), dataset, "din", embedding_dim=2, epochs=1, attention_groups="joint")


def upload(app: AppTest, run: Run, content: str) -> None:
    app.file_uploader(key=f"names-{run.spec().dataset_id}-0").upload("films.csv", content.encode())
    app.run()


def shown_items(app: AppTest) -> list[str]:
    return list(next(box for box in app.multiselect if box.key.startswith("attention-items")).options)


def test_items_without_names_are_said_and_get_them_without_a_new_run(open_page: OpenPage, of_ids: Run) -> None:
    app = open_page("attention", of_ids)
    films = next(box for box in app.multiselect if box.key.startswith("attention-items")).value
    assert f"{len(films)} of {len(films)} {LACKING}" in words(app)
    assert "attended to jointly" in words(app)
    assert not set(shown_items(app)) & set(examples.FILMS)
    upload(app, of_ids, "id,title\nx1,One\nx2,Two\n")
    assert "No column of films.csv has the values of film" in app.error[0].value
    upload(app, of_ids, NAMES)
    assert is_well(app)
    assert LACKING not in words(app)
    assert set(shown_items(app)) <= set(examples.FILMS)
    app.get_by_key("attention-further").set_value("means")
    app.run()
    assert is_well(app)
    assert "By genre: " in "".join(chart.proto.spec for chart in app.get("vega_lite_chart"))


def test_any_field_of_a_stored_data_set_can_be_named(open_page: OpenPage, of_ids: Run) -> None:
    app = open_page("data")
    dataset = DatasetStore().get(of_ids.spec().dataset_id)
    assert app.selectbox(key=f"names-field-{dataset.id}").options == ["film", "genre"]
    upload(app, of_ids, NAMES)
    assert is_well(app)
    assert "5 names for film." in words(app)
    assert dataset.names()["film"]["0"] == examples.FILMS[0]
    assert dataset.kinds()["film"] == {"genre": {str(i): "old" if i % 2 else "new" for i in range(5)}}
