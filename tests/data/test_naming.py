"""Which column of a table beside a table holds a field's values, and which one names them."""

from __future__ import annotations

import polars as pl

from ctr_app.data.naming import key_column, title_column

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
