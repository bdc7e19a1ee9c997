"""Tables in memory, in a Parquet file, chosen and joined: the same columns and rows through one face."""

from __future__ import annotations

import tempfile
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctr_app.data.tables import ChosenRows, Frame, JoinedTable, ParquetTable, open_table, write_table

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
ROWS = st.integers(0, 12)


@st.composite
def frames(draw, rows: int | None = None) -> pl.DataFrame:
    rows = draw(ROWS) if rows is None else rows
    kinds = [st.none() | st.text(max_size=4), st.none() | st.integers(-9, 9), st.none() | st.lists(st.integers(0, 3))]
    names = draw(st.lists(NAMES, min_size=1, max_size=4, unique=True))
    types = [pl.String, pl.Int64, pl.List(pl.Int64)]
    made = []
    for name in names:
        kind = draw(st.integers(0, 2))
        cells = draw(st.lists(kinds[kind], min_size=rows, max_size=rows))
        made.append(pl.Series(name, cells, dtype=types[kind]))
    return pl.DataFrame(made)


def assert_alike(table: Frame, frame: pl.DataFrame) -> None:
    assert (table.columns, table.height, table.width) == (frame.columns, frame.height, frame.width)
    for name in frame.columns:
        assert table[name].equals(frame[name], check_dtypes=True, check_names=True)
    for start in range(frame.height + 1):
        assert table.slice(start, 3).equals(frame.slice(start, 3))
    assert table.head(2).equals(frame.head(2))
    assert table.head(0).schema == frame.schema


@given(frames())
def test_a_table_in_a_file_is_the_table_in_memory(frame):
    with tempfile.TemporaryDirectory() as folder:
        write_table(frame, Path(folder))
        assert_alike(open_table(Path(folder)), frame)


@given(frames(), st.integers(1, 5))
def test_texts_in_a_file_are_known_by_their_distinct_values(frame, group_rows):
    with tempfile.TemporaryDirectory() as folder:
        frame.write_parquet(Path(folder) / "table.parquet", row_group_size=group_rows)
        table = ParquetTable(Path(folder) / "table.parquet")
        for name in frame.columns:
            found = table.dictionary(name)
            if frame[name].dtype != pl.String or frame.height == 0:
                assert found is None
            else:
                values, codes = found
                assert values.gather(codes).to_list() == frame[name].to_list()
                assert values.n_unique() == len(values)


def test_a_range_of_rows_of_a_file_is_a_table_of_its_own(tmp_path):
    frame = pl.DataFrame({"a": list("vwxyz"), "b": range(5)})
    frame.write_parquet(tmp_path / "t.parquet")
    assert_alike(ParquetTable(tmp_path / "t.parquet", 1, 3), frame.slice(1, 3))
    assert ParquetTable(tmp_path / "t.parquet", 1, 3).dictionary("a") is None


@given(frames(), st.data())
def test_chosen_rows_are_those_of_the_table_in_the_order_asked_for(frame, data):
    number = st.integers(0, max(frame.height - 1, 0))
    rows = np.array(data.draw(st.lists(number, max_size=6 if frame.height else 0)), dtype=np.int64)
    assert_alike(ChosenRows(frame, rows), frame[rows])


@given(frames(rows=7), st.integers(0, 7), st.integers(0, 7))
def test_joined_tables_are_the_rows_of_all(frame, first, second):
    first, second = sorted((first, second))
    pieces = [frame.slice(0, first), frame.slice(first, second - first), frame.slice(second)]
    assert_alike(JoinedTable(pieces), frame)


def test_a_column_of_other_types_is_text_when_joined_and_the_others_stay():
    whole, text = pl.DataFrame({"a": [1, 2], "b": [0.5, 1.0]}), pl.DataFrame({"b": [2.0], "a": ["x"]})
    expected = pl.DataFrame({"a": ["1", "2", "x"], "b": [0.5, 1.0, 2.0]})
    assert_alike(JoinedTable([whole, text]), expected)


def staged(frame: pl.DataFrame, folder: Path) -> ParquetTable:
    frame.write_parquet(folder / "staged.parquet")
    return ParquetTable(folder / "staged.parquet")


def test_a_table_in_a_file_is_stored_again_without_a_second_copy(tmp_path):
    frame = pl.DataFrame({"a": [1, 2]})
    table = staged(frame, tmp_path)
    write_table(table, tmp_path)
    assert (tmp_path / "table.parquet").stat().st_nlink == 2
    table.path.unlink()
    assert_alike(open_table(tmp_path), frame)


def test_where_a_file_cannot_have_two_names_it_is_copied(tmp_path, monkeypatch):
    monkeypatch.setattr("os.link", Mock(side_effect=OSError))
    frame = pl.DataFrame({"a": [1, 2]})
    write_table(staged(frame, tmp_path), tmp_path)
    assert_alike(open_table(tmp_path), frame)


def test_a_column_that_is_not_there_is_a_key_error(tmp_path):
    write_table(pl.DataFrame({"a": [1]}), tmp_path)
    with pytest.raises(KeyError):
        open_table(tmp_path)["b"]
