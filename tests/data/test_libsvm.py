"""libsvm files as columns."""

from __future__ import annotations

import pytest

from ctr_app.data import streaming
from ctr_app.data.errors import InputError
from ctr_app.data.reading import ReadOptions, read_table


def read(text: str):
    return read_table(text.encode(), "a.libsvm")


def test_indices_become_columns_and_what_is_not_named_is_zero():
    table = read("1 1:0.5 3:2\n-1 2:7 # a comment\n+1 1:1e-3 2:1 3:4\n0\n")
    assert table.format == "libsvm"
    assert table.frame.columns == ["label", "feature_1", "feature_2", "feature_3"]
    assert table.frame.head().rows() == [
        ("1", "0.5", "0", "2"),
        ("-1", "0", "7", "0"),
        ("+1", "1e-3", "1", "4"),
        ("0", "0", "0", "0"),
    ]
    assert table.describe() == "4 rows, 4 columns, libsvm"


def test_queries_are_a_column():
    table = read("3 qid:1 1:0.5 2:1\n1 qid:1 1:0.1 2:4\n2 qid:2 1:7 2:7\n")
    assert table.frame.columns == ["label", "qid", "feature_1", "feature_2"]
    assert table.frame["qid"].to_list() == ["1", "1", "2"]


def test_ones_in_equally_many_places_are_the_values_of_categorical_fields():
    table = read("1 451:1 4149:1 5041:1\n0 12:1 4149:1 5055:1\n1 451:1 4150:1 5041:1.0\n")
    assert table.frame.columns == ["label", "field_1", "field_2", "field_3"]
    assert table.frame["field_1"].to_list() == ["451", "12", "451"]
    assert table.frame["field_3"].to_list() == ["5041", "5055", "5041"]


def test_lines_of_another_form_are_left_out_and_counted():
    lines = [f"{i % 2} 1:{i} 2:{i * 2}" for i in range(30)]
    lines[4] = "1 one:2"
    table = read("\n".join(lines))
    assert table.frame.height == 29
    assert table.notes == (
        "Not of the form label index:value, left out: 1 row; the first is line 5, which is not of the form label "
        "index:value.",
    )


def test_the_same_rows_come_of_many_blocks(monkeypatch):
    lines = [f"{i % 2} " + " ".join(f"{k}:{i * k}" for k in range(1, 9) if (i + k) % 3) for i in range(300)]
    whole = read("\n".join(lines)).frame.head(300)
    monkeypatch.setattr(streaming, "BLOCK_BYTES", 200)
    assert read("\n".join(lines)).frame.head(300).equals(whole)


def test_more_features_than_columns_are_refused():
    with pytest.raises(InputError, match="has the features 1 to 2000000; at most 10\u2009000 become columns"):
        read("1 1:0.5 2000000:2\n0 2:1\n")


def test_a_table_of_times_is_none():
    table = read("click time\n1 12:30\n0 13:45\n")
    assert table.frame.columns == ["click", "time"]
    assert read_table(b"1 1:2\n0 1:3\n", "a", ReadOptions(separator=" ")).frame.columns == ["column_1", "column_2"]
