"""Rows that are equal in every field and the label, against a count by hand."""

from __future__ import annotations

from collections import Counter

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from ctr_app.data.copies import repeated, row_hashes, share_of_copies
from ctr_app.data.facts import facts_of
from ctr_app.data.schema import Column, Role, Schema

CELLS = st.sampled_from(["a", "b", "1", "1.0", "", None])


@given(st.lists(st.tuples(CELLS, CELLS), min_size=1, max_size=40))
def test_rows_have_the_same_hash_where_they_are_equal_and_only_there(rows):
    frame = pl.DataFrame(rows, schema={"x": pl.String, "y": pl.String}, orient="row")
    hashes = row_hashes(frame, ["x", "y"])
    texts = [tuple("1" if cell == "1.0" else cell for cell in row) for row in rows]
    for i, first in enumerate(texts):
        for j, second in enumerate(texts):
            assert (hashes[i] == hashes[j]) == (first == second)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=60))
def test_the_share_of_repeated_rows_is_that_of_a_count(values):
    counts = Counter(values)
    expected = sum(rows for rows in counts.values() if rows > 1) / len(values)
    assert repeated(np.array(values, dtype=np.uint64)) == expected


def share(frame: pl.DataFrame, *left_out: str) -> float:
    columns = [
        Column(name, Role.LABEL if name == "click" else Role.IGNORED if name in left_out else Role.CATEGORICAL)
        for name in frame.columns
    ]
    facts = {name: facts_of(frame[name]) for name in frame.columns}
    return share_of_copies(frame, Schema(tuple(columns), "1"), facts)


def table(rows: int = 200, **columns) -> pl.DataFrame:
    base = {
        "click": [i % 2 for i in range(rows)],
        "a": [f"a{i % 97}" for i in range(rows)],
        "b": [f"b{i % 89}" for i in range(rows)],
        "c": [f"c{i % 83}" for i in range(rows)],
    }
    return pl.DataFrame(base | columns)


def test_copies_are_of_the_fields_and_the_label_and_not_of_what_is_left_out():
    twice = pl.concat([table(), table().head(50)])
    numbered = twice.with_columns(row=pl.int_range(pl.len()).cast(pl.String))
    assert share(twice) == 100 / 250
    assert share(numbered) == 0.0
    assert share(numbered, "row") == 100 / 250
    other_label = pl.concat([table(), table().head(50).with_columns(click=1 - pl.col("click"))])
    assert share(other_label) == 0.0


def test_few_copies_are_not_told():
    assert share(pl.concat([table(), table().head(0)])) == 0.0
    assert share(table(2000, d=[f"d{max(i, 1)}" for i in range(2000)])) == 0.0
