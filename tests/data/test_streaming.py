"""Tables in many blocks: the same rows as in one, whatever stands in the cells and wherever a block ends."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctr_app.data import streaming
from ctr_app.data.columns import MISSING_TOKENS
from ctr_app.data.reading import ReadOptions, Table, read_table

# What may stand in a cell; a cell of the first column is never missing, so that no row is blank.
CELLS = st.text(alphabet='ab1 ,;\t"\n|é漢.-', max_size=6)
TABLES = st.lists(st.tuples(st.sampled_from(["0", "1"]), CELLS, CELLS), min_size=2, max_size=12)


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch):
    """Blocks of a few lines, and parts of them of one or two."""
    monkeypatch.setattr(streaming, "BLOCK_BYTES", 64)
    monkeypatch.setattr(streaming, "PART_BYTES", 24)


def rows_of(table: Table) -> list[tuple]:
    return table.frame.head(table.frame.height).rows()


def shown(cell: str) -> str | None:
    """A cell as the reader has it."""
    clean = cell.strip()
    return None if clean in MISSING_TOKENS else clean


@given(rows=TABLES, separator=st.sampled_from([",", ";", "\t", "|"]))
@settings(max_examples=60)
def test_what_a_writer_quotes_comes_back_whatever_it_is(rows, separator):
    content = io.StringIO()
    writer = csv.writer(content, delimiter=separator, lineterminator="\n")
    writer.writerows([("click", "first", "second"), *rows])
    options = ReadOptions(separator=separator, has_header=True, quoting=True)
    table = read_table(content.getvalue().encode(), "a.csv", options)
    assert rows_of(table) == [tuple(map(shown, row)) for row in rows]
    assert table.notes == ()


@given(rows=TABLES)
@settings(max_examples=30)
def test_without_quotes_cells_are_what_stands_between_separators(rows):
    lines = [[cell.translate({ord("\t"): " ", ord("\n"): " "}) for cell in row] for row in rows]
    content = "\n".join("\t".join(row) for row in [["click", "first", "second"], *lines])
    table = read_table(content.encode(), "a.csv", ReadOptions("\t", True, quoting=False))
    assert rows_of(table) == [tuple(map(shown, row)) for row in lines]


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32", "gb18030", "cp1252"])
def test_blocks_end_anywhere_in_lines_and_letters(line_end, encoding):
    word = "汉字" if encoding == "gb18030" else "crème"
    content = line_end.join(["click,word", *(f"{i % 2},{word * (i % 5)}{i}" for i in range(200))])
    table = read_table(content.encode(encoding), "a.csv", ReadOptions(encoding=encoding))
    assert rows_of(table) == [(str(i % 2), f"{word * (i % 5)}{i}") for i in range(200)]


def test_lines_are_counted_over_blocks_and_quoted_line_ends():
    lines = ["click,note", *(f'{i % 2},"two\nlines {i}"' for i in range(100)), "1,a,b,c", "0,x"]
    table = read_table("\n".join(lines).encode(), "a.csv")
    assert table.frame.height == 101
    assert table.notes == (
        "Too many cells, left out: 1 row; the first is line 202, which has 4 cells where the table has 2 columns.",
    )


def test_odd_rows_in_many_blocks_are_counted_together():
    lines = ["click,site,price", *(f"{i % 2},s{i}" if i % 20 == 7 else f"{i % 2},s{i},{i}" for i in range(400))]
    table = read_table("\n".join(lines).encode(), "a.csv")
    assert table.frame.height == 400
    assert table.notes == (
        "Too few cells, the others missing: 20 rows; the first is line 9, which has 2 cells where the table has "
        "3 columns.",
    )
    assert table.frame["price"].null_count() == 20


def test_two_signs_and_runs_of_spaces_separate_cells_in_every_block():
    for separator in ("::", "   ", "||"):
        lines = [separator.join(("click", "site", "price")), *(separator.join("1ab") for _ in range(90))]
        assert rows_of(read_table("\n".join(lines).encode(), "a.dat")) == [("1", "a", "b")] * 90
