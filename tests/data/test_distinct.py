"""Columns as distinct values and codes: spread over the rows again, they are the columns."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctr_app.data import distinct, tables
from ctr_app.data.columns import as_lists, as_number, as_text
from ctr_app.data.distinct import PADDING, read_histories, read_numbers, read_texts
from ctr_app.data.schema import Column, Role

CELLS = st.sampled_from(["a", "b", "3.0", "3", "-7.0", "", " x", "é", "1e3", "inf"]) | st.none() | st.text(max_size=3)
COLUMNS = (
    st.lists(CELLS, max_size=30).map(lambda cells: pl.Series("x", cells, dtype=pl.String))
    | st.lists(st.none() | st.floats(), max_size=30).map(lambda cells: pl.Series("x", cells, dtype=pl.Float64))
    | st.lists(st.none() | st.integers(-9, 9), max_size=30).map(lambda cells: pl.Series("x", cells, dtype=pl.Int64))
    | st.lists(st.none() | st.booleans(), max_size=30).map(lambda cells: pl.Series("x", cells, dtype=pl.Boolean))
    | st.lists(st.lists(st.integers(0, 3)), max_size=9).map(lambda cells: pl.Series("x", cells, pl.List(pl.Int64)))
)
HISTORY = Column("x", Role.SEQUENCE, separator="|", max_length=3)


@pytest.fixture(autouse=True, params=[(1, 1), (4, 5), (1000, 1000)])
def _sizes(request):
    """Columns read in pieces of one row, of some, and whole, and judged by as many cells at the beginning."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "PIECE_ROWS", request.param[0])
        patch.setattr(distinct, "LOOKED_AT", request.param[1])
        yield


def spread(cells: distinct.Distinct, rows: int) -> list:
    return cells.take(np.array(cells.values.to_list(), dtype=object), np.arange(rows)).tolist()


@given(COLUMNS)
def test_texts_spread_over_the_rows_are_the_column_as_text(series):
    assert spread(read_texts(series.to_frame(), "x"), len(series)) == as_text(series).to_list()


@given(COLUMNS)
def test_numbers_spread_over_the_rows_are_the_column_as_numbers(series):
    found = np.array(spread(read_numbers(series.to_frame(), "x"), len(series)), dtype=float)
    np.testing.assert_array_equal(found, as_number(series).fill_null(np.nan).to_numpy())


@given(COLUMNS, st.data())
def test_values_are_counted_in_the_rows_asked_for(series, data):
    number = st.integers(0, max(len(series) - 1, 0))
    rows = np.array(data.draw(st.lists(number, max_size=8 if len(series) else 0)), dtype=np.int64)
    for cells in (read_texts(series.to_frame(), "x"), read_numbers(series.to_frame(), "x")):
        counted = pl.DataFrame({"value": cells.values, "count": cells.counts(rows)}).group_by("value").sum()
        chosen = cells.values if cells.codes is None else cells.values.gather(cells.codes)
        expected = chosen.gather(rows).alias("value").value_counts().sort("value")
        assert (
            counted.filter(pl.col("count") > 0)
            .sort("value")
            .cast({"count": pl.Int64})
            .equals(expected.cast({"count": pl.Int64}))
        )
        assert cells.counts().sum() == len(series)


HISTORIES = st.lists(
    st.none() | st.lists(st.sampled_from("abcd"), max_size=5).map("|".join), min_size=1, max_size=20
).map(lambda cells: pl.Series("x", cells, dtype=pl.String))


@given(HISTORIES, st.integers(1, 4), st.data())
def test_histories_spread_over_the_rows_are_the_lists_with_padding_after_them(series, max_length, data):
    rows = np.array(data.draw(st.permutations(range(len(series)))))[: data.draw(st.integers(0, len(series)))]
    histories = read_histories(series.to_frame(), HISTORY)
    lists = as_lists(series, HISTORY).to_list()
    names = {text: 7 + i for i, text in enumerate(histories.values)}
    by_value = np.array(list(names.values()), dtype=np.int32)
    expected = [[names[item] for item in lists[row][-max_length:]] for row in rows]
    padded = histories.take(by_value, rows, max_length)
    assert padded.shape == (len(rows), max_length)
    assert padded.tolist() == [ids + [PADDING] * (max_length - len(ids)) for ids in expected]
    assert histories.longest(rows) == max([1, *(len(lists[row]) for row in rows)])
    items = [item for row in rows for item in lists[row]]
    assert histories.counts(rows).tolist() == [items.count(text) for text in histories.values]
    assert histories.counts().sum() == sum(map(len, lists))
