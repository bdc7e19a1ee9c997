"""Tables of items and users: their key, their titles, and their columns as fields."""

from __future__ import annotations

import polars as pl
import pytest

from ctr_app.data.errors import InputError
from ctr_app.data.reading import Table, read_table
from ctr_app.data.schema import Column, Role
from ctr_app.data.side_tables import side_table, told_in
from tests.paths import SHARED_DATA, needs_shared_data

ITEMS = pl.DataFrame(
    {
        "id": [str(i) for i in range(1, 41)],
        "name": [f"Thing {i}" for i in range(1, 41)],
        "is_new": [str(i % 2) for i in range(40)],
        "price": [f"{i / 4}" for i in range(40)],
        "tags": ["a|b" if i % 2 else "b|c|a" for i in range(40)],
        "same": ["x"] * 40,
    }
)


def test_columns_become_fields_by_what_they_hold() -> None:
    side = side_table(Table(ITEMS, "things.csv", "hash", "CSV"), "item", pl.Series([1, 2, 3, 99]))
    assert (side.key, side.title) == ("id", "name")
    assert side.fields == (
        Column("is_new", Role.CATEGORICAL),
        Column("price", Role.NUMERIC),
        Column("tags", Role.SEQUENCE, separator="|"),
    )
    assert side.names(pl.Series(["2", "99"])) == {"2": "Thing 2"}


def test_only_chosen_columns_are_read() -> None:
    side = side_table(Table(ITEMS, "things.csv", "hash", "CSV"), "item", pl.Series([1, 2, 3]))
    assert [column.name for column in side.with_fields(["tags", "no such"]).fields] == ["tags"]
    assert side.with_fields(()).fields == ()


def test_each_value_has_the_first_row_that_speaks_of_it() -> None:
    frame = pl.DataFrame({"id": ["b", "a", None, "a"], "kind": ["1", "2", "3", "4"]})
    side = side_table(Table(frame, "things.csv", "hash", "CSV"), "item", pl.Series(["a", "b"]))
    assert side.rows_of(pl.Series(["a", "b", "c"])).to_list() == [1, 0, None]


def test_a_table_of_other_things_is_refused_with_a_value_that_it_lacks() -> None:
    with pytest.raises(InputError, match=r"No column of things.csv has the values of film, such as “f1”\."):
        side_table(Table(ITEMS, "things.csv", "hash", "CSV"), "film", pl.Series([None, "f1", "f2"]))


@needs_shared_data
def test_the_tables_of_movielens_are_understood() -> None:
    folder = SHARED_DATA / "movielens_100k"
    log, items, users = (read_table(folder / f"ml-100k.{kind}") for kind in ("inter", "item", "user"))
    films = side_table(items, "item_id:token", log.frame["item_id:token"])
    assert (films.key, films.title) == ("item_id:token", "movie_title:token_seq")
    assert films.fields[-1] == Column("class:token_seq", Role.SEQUENCE, separator=" ")
    people = side_table(users, "user_id:token", log.frame["user_id:token"])
    assert (people.key, people.title) == ("user_id:token", None)
    assert [column.name.partition(":")[0] for column in people.fields] == ["age", "gender", "occupation", "zip_code"]


@needs_shared_data
def test_a_table_without_a_header_is_understood_by_what_it_holds() -> None:
    films = read_table(SHARED_DATA / "movielens_1m_din" / "movies.dat")
    side = side_table(films, "movie", pl.Series([str(number) for number in range(1, 3900)]))
    assert (side.key, side.title) == ("column_1", "column_2")
    assert side.fields == (Column("column_3", Role.SEQUENCE, separator="|"),)
    assert side.names(pl.Series(["73"])) == {"73": "Misérables, Les (1995)"}


def test_names_are_those_of_the_key_and_the_first_where_there_are_two() -> None:
    table = read_table(b"id,name\n1,One\n2,Two\n1,Again\n3,\n", "names.csv")
    told = told_in(table, "item", pl.Series(["1", "2", "3"]))
    assert (told.names, told.kinds) == ({"1": "One", "2": "Two"}, {})


def test_kinds_are_what_several_values_share_and_numbers_are_none() -> None:
    told = told_in(Table(ITEMS, "things.csv", "hash", "CSV"), "item", pl.Series(["1", "2"]))
    assert set(told.kinds) == {"is_new", "tags"}
    assert told.kinds["tags"] == dict(zip(ITEMS["id"], ITEMS["tags"], strict=True))
    assert told.names["40"] == "Thing 40"


def test_a_table_without_names_is_refused() -> None:
    table = read_table(b"id,price\nf1,1.5\nf2,2.5\n", "names.csv")
    with pytest.raises(InputError, match=r"No column of names.csv looks like names\."):
        told_in(table, "film", pl.Series(["f1", "f2", "f3"]))


@needs_shared_data
@pytest.mark.parametrize(
    ("file", "value", "name", "kind"),
    [
        ("movielens_1m_din/movies.dat", "1", "Toy Story (1995)", "Animation|Children's|Comedy"),
        ("movielens_1m_din/movies.dat", "73", "Misérables, Les (1995)", "Drama|Musical"),
        ("movielens_100k/ml-100k.item", "1", "Toy Story", "Animation Children's Comedy"),
    ],
)
def test_films_of_movielens_have_their_titles_and_genres(file: str, value: str, name: str, kind: str) -> None:
    told = told_in(read_table(SHARED_DATA / file), "item", pl.Series([str(i) for i in range(1, 1600)]))
    assert told.names[value] == name
    assert kind in {kinds.get(value) for kinds in told.kinds.values()}
