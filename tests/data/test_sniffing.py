"""Separators, headers and known names."""

from __future__ import annotations

import pytest

from ctr_app.data.sniffing import CRITEO_COLUMNS, names_without_header, sniff_header, sniff_separator, split_line


@pytest.mark.parametrize("separator", ["\t", "::", ",", ";", "|"])
def test_the_separator_is_the_one_that_cuts_all_lines_alike(separator):
    lines = [
        separator.join(cells) for cells in (("user", "film", "click"), ("1", "Heat, The", "0"), ("2", "M; N", "1"))
    ]
    assert sniff_separator(lines) == separator


def test_lists_inside_cells_do_not_hide_the_separator():
    assert sniff_separator(["click,history", "1,a|b|c", "0,a|b|c"]) == ","
    assert sniff_separator(["click\ttags", "1\ta,b", "0\tc,d"]) == "\t"
    assert sniff_separator(["click,tags", '1,"a;b;c"', '0,"a;b;c"']) == ","


def test_a_header_without_the_sign_that_all_texts_hold_tells_the_separator():
    assert sniff_separator(["user;text;click", *(f"{i};well, yes;0" for i in range(99))]) == ";"


def test_quoted_separators_do_not_count():
    assert split_line('1,"a,b",c', ",") == ["1", "a,b", "c"]
    assert split_line("1::a", "::") == ["1", "a"]


@pytest.mark.parametrize(
    ("rows", "has_header"),
    [
        ([["click", "price"], ["1", "2.5"], ["0", "3"]], True),
        ([["1", "2.5"], ["0", "3"]], False),
        ([["color", "size"], ["red", "S"], ["blue", "M"]], True),
        ([["red", "S"], ["red", "S"], ["blue", "M"]], False),
        ([["red", "red"], ["red", "S"], ["blue", "M"]], False),
        ([["price", "price"], ["1", "2"], ["3", "4"]], True),
        ([["", "click", "city"], ["0", "1", "Bonn"], ["1", "0", "Rome"]], True),
        ([["NA", "x", "y"], ["5", "x", "z"], ["6", "x", "y"]], False),
        ([["inf", "nan", "b"], ["1", "2", "u"], ["3", "4", "v"]], True),
        ([["click_1", "1_000"], ["1", "x"], ["0", "y"]], True),
        ([["only", "line"]], True),
        ([["a", "b"], ["NA", ""], ["", "NA"]], True),
    ],
)
def test_a_header_is_told_from_a_first_row(rows, has_header):
    assert sniff_header(rows) is has_header


def test_the_criteo_files_are_known_by_their_shape_with_their_label_or_without():
    row = ["1", *map(str, range(13)), *(f"{i:08x}" for i in range(26))]
    assert names_without_header([row, row], 40) == list(CRITEO_COLUMNS)
    assert names_without_header([row[1:]], 39) == list(CRITEO_COLUMNS[1:])
    gaps = ["0", *[""] * 13, *[""] * 25, "0000abcd"]
    assert names_without_header([gaps], 40)[:2] == ["label", "I1"]


def test_other_tables_without_a_header_get_numbered_names():
    assert names_without_header([["1", "x"]], 2) == ["column_1", "column_2"]
    assert names_without_header([["1"] * 40], 40)[39] == "column_40"
