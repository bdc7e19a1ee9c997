"""Which column of a table beside a table holds a field's values, and which one names them."""

from __future__ import annotations

import polars as pl
import pytest

from ctr_app.data.errors import InputError
from ctr_app.data.naming import key_column, names_in, title_column
from ctr_app.data.reading import read_table
from tests.paths import SHARED_DATA, needs_shared_data

FILMS = pl.DataFrame(
    {
        "place": [str(i) for i in range(10, 40)],
        "film": [f"f{i}" for i in range(30)],
        "length": [f"{90 + i / 7:.3f}" for i in range(30)],
        "studio": ["abc"[i % 3] for i in range(30)],
        "plot": [f"A story about {i}" for i in range(30)],
        "film title": [f"Film number {i}" for i in range(30)],
    }
)


def test_the_key_is_the_column_with_most_of_the_values() -> None:
    assert key_column(FILMS, pl.Series(["f1", "f2", "f99", None])) == "film"
    assert key_column(FILMS, pl.Series([11, 12, 13])) == "place"


def test_a_table_of_other_things_has_no_key() -> None:
    assert key_column(FILMS, pl.Series([f"x{i}" for i in range(50)])) is None
    assert key_column(FILMS, pl.Series([], dtype=pl.String)) is None


def test_values_and_keys_are_compared_as_they_read() -> None:
    assert key_column(pl.DataFrame({"id": [1.0, 2.0], "name": ["a", "b"]}), pl.Series([1, 2])) == "id"


def test_a_title_is_a_text_of_its_own_for_each_row_and_best_called_so() -> None:
    assert title_column(FILMS, "film") == "film title"
    assert title_column(FILMS.drop("film title"), "film") == "plot"
    assert title_column(FILMS.select("film", "length", "studio"), "film") is None


def test_names_are_those_of_the_key_and_the_first_where_there_are_two() -> None:
    table = read_table(b"id,name\n1,One\n2,Two\n1,Again\n3,\n", "names.csv")
    assert names_in(table, "item", pl.Series(["1", "2", "3"])) == {"1": "One", "2": "Two"}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("id,title\nx1,One\nx2,Two\n", "No column of names.csv has the values of film."),
        ("id,price\nf1,1.5\nf2,2.5\n", "No column of names.csv looks like names."),
    ],
)
def test_a_table_that_names_nothing_is_refused(content: str, sentence: str) -> None:
    with pytest.raises(InputError) as refused:
        names_in(read_table(content.encode(), "names.csv"), "film", FILMS["film"].head(5))
    assert str(refused.value) == sentence


@needs_shared_data
@pytest.mark.parametrize(
    ("file", "value", "name"),
    [
        ("movielens_1m_din/movies.dat", "1", "Toy Story (1995)"),
        ("movielens_1m_din/movies.dat", "73", "Misérables, Les (1995)"),
        ("movielens_100k/ml-100k.item", "1", "Toy Story"),
    ],
)
def test_films_of_movielens_have_their_titles(file: str, value: str, name: str) -> None:
    values = pl.Series([str(i) for i in range(1, 1600)])
    assert names_in(read_table(SHARED_DATA / file), "item", values)[value] == name
