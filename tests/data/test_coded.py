"""Tables of text kept as codes: the same cells, notes and refusals as by the reader for small ones."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctr_app.data import coded, coding, reading, streaming
from ctr_app.data.coded import CodedTable, write_coded
from ctr_app.data.coding import ColumnCoder, cells_of_column, cells_of_text
from ctr_app.data.columns import MISSING_TOKENS
from ctr_app.data.errors import InputError
from ctr_app.data.reading import ReadOptions, read_table
from ctr_app.data.tables import write_table

SPACES = "\t \u0085\u00a0\u1680\u2003\u2009\u2028\u202f\u205f\u3000"
WORDS = st.sampled_from(["0", "1", "click", "site", "eight888", "nine99999", "nine99998", "漢字", "\ufeff", "é"])
CELLS = (
    st.sampled_from(MISSING_TOKENS)
    | WORDS
    | st.tuples(st.sampled_from(SPACES), WORDS | st.just("NA"), st.sampled_from(SPACES)).map("".join)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
)
ROWS = st.lists(CELLS, min_size=3, max_size=3) | st.lists(CELLS, max_size=5)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of some lines, cut into parts of few; columns that give up soon; and all texts kept as codes."""
    monkeypatch.setattr(streaming, "BLOCK_BYTES", 80)
    monkeypatch.setattr(streaming, "PART_BYTES", 60)
    monkeypatch.setattr(coding, "MANY_VALUES", 16)
    monkeypatch.setattr(reading, "CODED_BYTES", 0)


def outcome(content: bytes, options: ReadOptions) -> object:
    """All that is said of a table and all that is in it, or why it is refused."""
    try:
        table = read_table(content, "a.csv", options)
    except InputError as error:
        return str(error)
    return table.frame.head(table.frame.height).rows(), table.frame.columns, table.describe(), table.notes


@given(
    rows=st.lists(ROWS, min_size=1, max_size=25),
    ending=st.sampled_from(["", "\n", "\n\n"]),
    separator=st.sampled_from([",", "\t", ";", " ", "::"]),
    quoting=st.booleans(),
)
@settings(max_examples=30, deadline=None)
def test_a_text_kept_as_codes_is_what_the_reader_for_small_ones_makes_of_it(rows, ending, separator, quoting):
    lines = [separator.join(["click", "site", "price"]), *(separator.join(row) for row in rows)]
    content = ("\n".join(lines) + ending).encode()
    options = ReadOptions(separator, True, "utf-8", quoting)
    found = outcome(content, options)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "CODED_BYTES", math.inf)
        assert found == outcome(content, options)


def texts(max_size: int) -> st.SearchStrategy[list[str | None]]:
    return st.lists(
        st.none() | st.sampled_from(["a", "b", "a long text"]) | st.text("ab1", min_size=1), max_size=max_size
    )


@given(first=texts(40), second=texts(40), rows=st.integers(1, 20))
@settings(max_examples=20, deadline=None)
def test_columns_come_back_whole_and_in_part_and_as_values_and_codes(first, second, rows):
    height = min(len(first), len(second))
    frame = pl.DataFrame(
        {"first": first[:height], "ü": second[:height], "last": ["x"] * height},
        schema_overrides=dict.fromkeys(["first", "ü"], pl.String),
    )
    with tempfile.TemporaryDirectory() as folder:
        write_coded(Path(folder) / "t", frame.columns, (frame.slice(i, rows) for i in range(0, height, rows)))
        table = CodedTable(Path(folder) / "t")
        assert (table.columns, table.height, table.width) == (frame.columns, height, 3)
        for name in frame.columns:
            assert table[name].equals(frame[name].cast(pl.String), check_names=True, check_dtypes=True)
            values, codes = table.dictionary(name)
            assert codes.dtype == np.int32
            assert values.gather(codes).equals(frame[name].cast(pl.String))
            assert table.values(name).equals(values)
            chosen = np.arange(0, height, 3)
            assert table.counts(name, chosen).tolist() == np.bincount(codes[chosen], minlength=len(values)).tolist()
        for start in range(height + 2):
            assert table.slice(start, 4).equals(frame.slice(start, 4))
        assert table.head(0).schema == frame.cast(pl.String).schema


@pytest.mark.parametrize("separator", [",", "\t"])
def test_cells_end_where_separators_and_lines_end(separator):
    cells = [["x" * (7 * row % 90), "y" * (row % 5), "ü" * (row % 11)] for row in range(60)]
    text = "".join(separator.join(row) + "\n" for row in cells).encode()
    found = cells_of_text(text, separator, 3, None)
    assert found.edges.tolist() == [-1, *(place for place, byte in enumerate(text) if byte in (10, ord(separator)))]
    assert found.data[: len(text)].tobytes() == text


def coded_one_by_one(column: ColumnCoder, values: list[str], rows: int) -> tuple[list[int], list[str]]:
    """The codes of a column given some rows at a time, and its values in the order of their codes from 1 on."""
    codes, known = [], []
    for start in range(0, len(values), rows):
        codes += column.code(cells_of_column(pl.Series(values[start : start + rows])), 0).tolist()
        lengths, content = column.take_new()
        ends = np.cumsum(lengths)
        known += [content[end - size : end].tobytes().decode() for end, size in zip(ends, lengths, strict=True)]
    return codes, known


def test_codes_are_in_the_order_in_which_values_come():
    values = [f"{i % 7:>5}" for i in range(100)]
    assert coded_one_by_one(ColumnCoder(), values, 9) == ([i % 7 + 1 for i in range(100)], [str(i) for i in range(7)])


def test_a_column_in_which_nearly_every_value_is_new_is_not_searched_for_equal_ones(monkeypatch):
    monkeypatch.setattr(coding, "MANY_VALUES", 50)
    values = [*(f"value number {i}" for i in range(60)), *["twice"] * 2, "NA", "value number 0"]
    column = ColumnCoder()
    codes, known = coded_one_by_one(column, values, 30)
    assert not column.is_distinct
    assert codes == [*range(1, 63), 0, 63]
    assert known == [*values[:62], values[-1]]


def test_where_columns_hold_too_many_values_the_largest_forgets_them(monkeypatch, tmp_path):
    monkeypatch.setattr(coded, "MOST_BYTES", 20_000)
    frame = pl.DataFrame({"few": [str(i % 3) for i in range(3000)], "many": [f"text {i % 1000}" for i in range(3000)]})
    write_coded(tmp_path / "t", frame.columns, (frame.slice(i, 500) for i in range(0, 3000, 500)))
    table = CodedTable(tmp_path / "t")
    assert table.head(3000).equals(frame)
    assert len(table.dictionary("few")[0]) == 4
    assert len(table.dictionary("many")[0]) > 2000


@pytest.mark.parametrize(
    "text", [b"a,b\n1,2,3\n", b"a,b\n1\n", b"a,b\n\n1,2\n", b"a\n,b\n", b"a,b\n1,2\n\n", b"a,b,c\nd\n"]
)
def test_lines_of_other_widths_are_left_to_the_careful_reader(text):
    assert cells_of_text(text, ",", 2, None) is None


def test_a_line_that_may_repeat_the_header_is_left_to_the_careful_reader():
    assert cells_of_text(b"1,2\n click ,3\n", ",", 2, "click") is None
    assert cells_of_text(b"1,2\nclick2,3\n", ",", 2, "click") is not None


def test_it_is_stored_again_without_a_second_copy_and_a_missing_column_is_a_key_error(tmp_path):
    frame = pl.DataFrame({"a": ["1", "2"], "b": ["x", None]})
    write_coded(tmp_path / "staged", frame.columns, iter([frame]))
    write_table(CodedTable(tmp_path / "staged"), tmp_path)
    assert (tmp_path / "table.codes").stat().st_nlink == 2
    assert CodedTable(tmp_path / "table.codes").head().equals(frame)
    with pytest.raises(KeyError):
        CodedTable(tmp_path / "table.codes")["c"]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no device that is always full")
def test_a_disk_that_is_full_is_said_in_a_sentence(monkeypatch):
    monkeypatch.setattr(reading, "CODED_NAME", "/dev/full")
    with pytest.raises(InputError, match=r"^a\.csv cannot be copied to the data folder: No space left on device\.$"):
        read_table(b"click,site\n1,a\n0,b\n", "a.csv")
