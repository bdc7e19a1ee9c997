"""Training rows with both of two values, beside the table they come from."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from ctr_app.data.dataset import Preparation, write_names
from ctr_app.data.reading import Table
from ctr_app.data.store import DatasetStore
from ctr_app.data.vocabulary import UNKNOWN
from ctr_app.explain.coded import coded_field
from ctr_app.explain.example_rows import example_rows
from ctr_app.training.metrics import sigmoid
from ctr_app.training.trainer import predict

from .examples import SCHEMA, random_model, table

TITLES = {"film": {"Alien": "Alien (1979)", "Dune": "Dune (1984)"}}


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory):
    """The table as a data set with titles, its encoded rows and a model of them."""
    folder: Path = tmp_path_factory.mktemp("data")
    preparation = Preparation(SCHEMA, min_count=1)
    dataset = DatasetStore(folder).add_table({"train": Table(table(), "films.csv", "a" * 64, "a test")}, preparation)
    write_names(dataset, TITLES)
    encoded = dataset.encoded()
    return dataset, encoded, random_model("fm", encoded.encoder.layout)


def fields(stored, *names):
    dataset, encoded, _ = stored
    return [coded_field(encoded.encoder, encoded.batch("train"), name, dataset.names()) for name in names]


def test_rows_have_both_values_in_the_tables_words_and_titles(stored):
    dataset, encoded, model = stored
    film, genre = fields(stored, "film", "genre")
    rows, ctr = example_rows(model, dataset, encoded, film.with_value("Alien"), genre.with_value("horror"), 5)
    assert list(rows.columns) == ["click", "film", "genre", "price", "visits", "films", "genres", "tags"]
    assert set(rows["film"]) == {"Alien (1979)"}
    assert set(rows["genre"]) == {"horror"}
    assert 0 < len(rows) == len(ctr) <= 5
    assert any(" | " in history for history in rows["films"])
    assert "Alien |" not in " ".join(rows["films"])
    original = table().filter(pl.col("film") == "Alien").select("price", "visits", "click").rows()
    assert all((r.price, r.visits, r.click) in original for r in rows.itertuples())


def test_each_row_stands_beside_its_own_predicted_ctr(stored):
    dataset, encoded, model = stored
    tags, film = fields(stored, "tags", "film")
    rows, ctr = example_rows(model, dataset, encoded, tags.with_value("new"), film.with_value("Dune (1984)"))
    every = sigmoid(predict(model, encoded.batch("train")))
    prices = table()["price"].gather(encoded.rows("train").rows).to_list()
    assert len(rows)
    assert [every[prices.index(price)] for price in rows["price"]] == pytest.approx(ctr.tolist(), abs=1e-6)
    assert all("new" in history.split(" | ") for history in rows["tags"])


def test_values_that_never_meet_have_no_rows(stored):
    dataset, encoded, model = stored
    film, genre = fields(stored, "film", "genre")
    rows, ctr = example_rows(model, dataset, encoded, film.only(UNKNOWN), genre.with_value("horror"))
    assert len(rows) == len(ctr) == 0
    assert list(rows.columns)[:3] == ["click", "film", "genre"]
