"""Columns as text, numbers, times and lists."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest

from ctr_app.data.columns import MISSING_TOKENS, as_lists, as_number, as_text, as_time, field_text, value_text
from ctr_app.data.schema import Column, Role


def history(**changes) -> Column:
    return Column("history", Role.SEQUENCE, **changes)


@pytest.mark.parametrize(
    ("values", "dtype", "texts"),
    [
        ([1.0, 2.5, None, float("nan"), -3.0], pl.Float64, ["1", "2.5", None, None, "-3"]),
        ([3.0, 0.5], pl.Float32, ["3", "0.5"]),
        ([1e17, 1e300, 2.0**53 - 1], pl.Float64, ["1e+17", "1e+300", "9007199254740991"]),
        (["3.0", "3.10", "v1.0", "0012", None], pl.String, ["3", "3.10", "v1.0", "0012", None]),
        ([True, False, None], pl.Boolean, ["1", "0", None]),
        ([2**64 - 1, 2**64 - 2], pl.UInt64, ["18446744073709551615", "18446744073709551614"]),
        ([date(2024, 2, 29)], pl.Date, ["2024-02-29"]),
        (["b", "a", None], pl.Categorical, ["b", "a", None]),
        ([None, None], pl.Null, [None, None]),
        ([[1.0, None, 2.5], [], None], pl.List(pl.Float64), ["1|2.5", "", None]),
        ([[1, 2]], pl.Array(pl.Int64, 2), ["1|2"]),
        ([["3.0", "a"], ["0012", None]], pl.List(pl.String), ["3|a", "0012"]),
        ([["a", "b"], None, []], pl.List(pl.String), ["a|b", None, ""]),
    ],
)
def test_any_column_reads_as_text(values, dtype, texts):
    assert as_text(pl.Series("x", values, dtype=dtype)).to_list() == texts


def test_a_whole_number_is_one_value_whether_stored_as_integer_float_or_text():
    columns = [pl.Series([7, 12]), pl.Series([7.0, 12.0]), pl.Series(["7", "12"]), pl.Series(["7.0", "12.0"])]
    assert [as_text(column).to_list() for column in columns] == [["7", "12"]] * 4
    assert value_text("7.0") == "7"


def test_ids_beyond_what_a_float_can_hold_stay_apart():
    ids = [2**53 + 1, 2**53 + 2, 2**53 + 3]
    assert as_text(pl.Series(ids)).n_unique() == 3


def test_numbers_are_finite_or_null():
    texts = pl.Series(["1.5", " 2 ", "-1e3", "inf", "NaN", "twelve", None])
    assert as_number(texts).to_list() == [1.5, 2.0, -1000.0, None, None, None, None]
    assert as_number(pl.Series([1.0, float("inf"), float("nan"), None])).to_list() == [1.0, None, None, None]
    assert as_number(pl.Series([True, None])).to_list() == [1.0, None]
    assert as_number(pl.Series(["4", "x"], dtype=pl.Categorical)).to_list() == [4.0, None]
    assert as_number(pl.Series([[1, 2]])).to_list() == [None]


def test_dates_grow_with_time_however_they_are_stored():
    moments = [datetime(2024, 1, 1, tzinfo=UTC), datetime(2024, 1, 2, 12, tzinfo=UTC)]
    typed = as_time(pl.Series(moments))
    assert typed.diff()[1] == 1.5 * 24 * 3600
    assert as_time(pl.Series([m.isoformat() for m in moments])).to_list() == typed.to_list()
    assert as_time(pl.Series(["978300760", "978300761"])).to_list() == [978300760.0, 978300761.0]


@pytest.mark.parametrize(
    "texts",
    [
        ["1/25/2024", "2/3/2024", "12/1/2024"],
        ["1/25/2024 9:05:00 AM", "1/25/2024 9:04:00 PM", "1/26/2024 1:00:00 AM"],
        ["25/01/2024", "03/02/2024", "01/12/2024"],
        ["2024-01-25", "2024-02-03", "2024-12-01"],
        ["2019-10-01 00:00:00 UTC", "2019-10-01 00:00:01 UTC", "2019-11-01 00:00:00 UTC"],
    ],
)
def test_dates_in_the_usual_forms_come_in_their_order(texts):
    times = as_time(pl.Series(texts)).to_list()
    assert None not in times
    assert times == sorted(times)


def test_what_is_no_time_is_null_and_never_an_error():
    assert as_time(pl.Series(["soon", "later", None])).to_list() == [None, None, None]
    assert as_time(pl.Series(["2024-01-01", "soon"])).null_count() == 1


def test_a_history_keeps_the_most_recent_items_oldest_first():
    cells = pl.Series(["a|b|c|d", "e", None, ""])
    assert as_lists(cells, history(separator="|", max_length=2)).to_list() == [["c", "d"], ["e"], [], []]


def test_a_history_with_the_newest_item_first_is_turned_round():
    cells = pl.Series(["d|c|b|a", "e"])
    column = history(separator="|", max_length=3, newest_first=True)
    assert as_lists(cells, column).to_list() == [["b", "c", "d"], ["e"]]


def test_items_that_stand_for_nothing_are_left_out():
    cells = pl.Series(["a| |NA|b||" + "|".join(MISSING_TOKENS)])
    assert as_lists(cells, history(separator="|")).to_list() == [["a", "b"]]
    typed = pl.Series([["a", None, "b"], [None], [], None])
    assert as_lists(typed, history()).to_list() == [["a", "b"], [], [], []]


def test_lists_of_numbers_hold_the_texts_that_a_column_of_numbers_holds():
    expected = as_text(pl.Series([1, 20])).to_list()
    assert as_lists(pl.Series([[1.0, 20.0]]), history()).to_list() == [expected]
    assert as_lists(pl.Series(["1.0|20.0"]), history(separator="|")).to_list() == [expected]
    assert as_lists(pl.Series([[1, 20]], dtype=pl.Array(pl.Int32, 2)), history()).to_list() == [expected]


@pytest.mark.parametrize(
    ("cell", "separator"), [("[1, 2, 3]", ","), ("['1', '2', '3']", ","), ('["1","2","3"]', ","), ("[1 2 3]", " ")]
)
def test_lists_as_python_numpy_and_json_write_them_lose_their_brackets(cell, separator):
    lists = as_lists(pl.Series([cell, "[]", "[4]"]), history(separator=separator))
    assert lists.to_list() == [["1", "2", "3"], [], ["4"]]


def test_brackets_and_quotes_that_belong_to_a_name_stay():
    cells = pl.Series(["[REC]|'Til Death", "[REC]|[REC]"])
    assert as_lists(cells, history(separator="|")).to_list() == [["[REC]", "'Til Death"], ["[REC]", "[REC]"]]


def test_columns_without_rows_are_no_error():
    for dtype in (pl.String, pl.Float64, pl.Int64, pl.Boolean, pl.List(pl.Float64)):
        empty = pl.Series("x", [], dtype=dtype)
        assert len(as_text(empty)) == len(as_number(empty)) == len(as_lists(empty, history())) == 0


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1,204,331", 1204331.0),
        ("-1,204.5", -1204.5),
        ("12 500", 12500.0),
        ("12\u00a0500", 12500.0),
        ("12\u202f500", 12500.0),
        ("1'204'331.25", 1204331.25),
        ("1,20", None),
        ("0,125", None),
        ("1,204 331", None),
        ("1234,567", None),
    ],
)
def test_marks_between_thousands_are_left_out_of_numbers(text, number):
    assert as_number(pl.Series([text, "5"])).to_list() == [number, 5.0]


def test_values_that_the_user_calls_missing_are_missing_in_fields_and_histories():
    column = Column("x", Role.CATEGORICAL, separator="|", missing=("unknown", "-"))
    assert field_text(pl.Series(["a", "unknown", None, "-"]), column).to_list() == ["a", None, None, None]
    assert as_lists(pl.Series(["a|unknown|b|-"]), column).to_list() == [["a", "b"]]
