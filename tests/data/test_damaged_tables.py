"""Hundreds of damaged tables: each is read with its odd rows counted, or refused in a sentence, and leaves nothing."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from ctr_app.data import streaming
from ctr_app.data.errors import InputError
from ctr_app.data.reading import Table, read_table
from ctr_app.data.unpacking import zstd
from tests.paths import REPOSITORY

from . import damages
from .damaged_files import READ, REFUSED, parquet, zipped
from .damages import NUM_ROWS, TEXTS, damaged_texts, text

NUM_TEXTS = len(TEXTS) * len(damages.BASES) * len(damages.SEPARATORS)


def outcome(content: bytes, root: Path) -> Table | str:
    """The table, or the sentence that refuses it; checks what holds for both."""
    try:
        table = read_table(content, "clicks.csv")
    except InputError as error:
        said = str(error)
    else:
        columns = table.frame.columns
        assert len(set(columns)) == len(columns) == table.frame.width
        assert all(name.strip() and name.isprintable() for name in columns)
        assert all(len(table.frame[name]) == table.frame.height for name in columns[:: max(1, len(columns) // 100)])
        assert all("\n" not in note and note.endswith(".") for note in table.notes)
        return table
    assert "\n" not in said
    assert said.endswith((".", "?"))
    assert len(said) < 300
    assert list((root / "incoming").iterdir()) == []
    return said


def test_there_are_hundreds_of_damaged_tables():
    assert NUM_TEXTS + len(READ) + len(REFUSED) >= 900


@pytest.mark.parametrize("name", TEXTS)
def test_a_damaged_text_is_read_with_its_odd_rows_counted_or_refused_in_a_sentence(name, data_root):
    damage = TEXTS[name]
    for case, content in damaged_texts(name):
        result = outcome(content, data_root)
        if damage.refusal is not None:
            assert isinstance(result, str), case
            assert damage.refusal in result, case
            continue
        assert isinstance(result, Table), f"{case}: {result}"
        if damage.note is not None:
            expected = "" if damage.quotes and "::" in case else damage.note
            assert expected in " ".join(result.notes), f"{case}: {result.notes}"
            assert bool(expected) == bool(result.notes), f"{case}: {result.notes}"
        assert damage.rows is None or result.frame.height == NUM_ROWS + damage.rows, case
    assert not (data_root / "sets").exists()


@pytest.mark.parametrize("name", READ)
def test_a_packed_or_renamed_file_is_read(name, data_root):
    result = outcome(READ[name], data_root)
    assert isinstance(result, Table), result
    assert (result.frame.height, result.notes) == (NUM_ROWS, ())
    assert result.frame.columns == ["click", "site", "price", "user"]


@pytest.mark.parametrize("name", REFUSED)
def test_a_file_that_is_damaged_or_no_table_is_refused_in_a_sentence(name, data_root):
    content, expected = REFUSED[name]
    result = outcome(content, data_root)
    assert isinstance(result, str), result
    assert expected in result
    assert not (data_root / "sets").exists()


@pytest.mark.parametrize("separator", [",", "\t"])
def test_ten_thousand_columns_are_read_and_more_than_can_be_are_refused(separator, data_root):
    def wide(columns: int) -> bytes:
        return text([[f"c{i}" for i in range(columns)], *([str(i % 2)] * columns for i in range(20))], separator)

    table = outcome(wide(10_000), data_root)
    assert (table.frame.width, table.frame.height, table.notes) == (10_000, 20, ())
    del table
    assert "has 30\u2009000 columns; at most 20\u2009000 can be read." in outcome(wide(30_000), data_root)


def test_a_line_without_end_is_refused_by_its_number(data_root, monkeypatch):
    monkeypatch.setattr(streaming, "MAX_LINE_BYTES", 2**20)
    monkeypatch.setattr(streaming, "BLOCK_BYTES", 2**18)
    lines = b"click,site\n" + b"1,Bonn\n" * 400_000 + b"0," + b"x" * 2**22
    assert outcome(lines, data_root) == "clicks.csv is no table: line 400002 is longer than 1 MiB."


# What reading may take at its worst, the libraries among it, whatever the file.
MOST_MEGABYTES = 600
ROWS = b"1," + b"Bonn am Rhein " * 20 + b"\n"
BOMBS = {
    "a gzip that unpacks to too much": (
        lambda: gzip.compress(ROWS * 2**10, 1) * 2**10,
        "unpacks to more than 0.125 GiB",
    ),
    "a zip that unpacks to too much": (lambda: zipped({"a.csv": ROWS * 2**19}), "unpacks to more than 0.125 GiB"),
    "a zstd of zero bytes": (lambda: zstd.compress(bytes(2**28)), "holds zero bytes"),
    "a zip of one line": (lambda: zipped({"a.csv": b"click,site\n1," + b"x" * 2**27}), "is longer than 64 MiB"),
    "Parquet of many rows": (lambda: parquet(pl.select(a=pl.repeat(1, 2**26, dtype=pl.Int8), b=1)), "unpacks to more"),
    "cells of a megabyte": (lambda: b"click,text\n" + (b"1," + b"x" * 2**20 + b'\n0,"y"\n') * 60, "120 rows, 2 col"),
    "short rows, very many": (lambda: b"click,site\n1,a\n" + b"1\n" * 2**25, "cannot be read as a table: line 3"),
    "ten thousand columns": (lambda: text([["7" * 9] * 10_000] * 400, ","), "400 rows, 10000 columns"),
}
READER = """
import re, sys
from pathlib import Path
from ctr_app.data import unpacking
from ctr_app.data.errors import InputError
from ctr_app.data.reading import read_table
unpacking.MAX_UNPACKED_BYTES, unpacking.MAX_RATIO = 2**27, 2
try:
    print(read_table(Path(sys.argv[1])).describe().replace(chr(0x2009), ""))
except InputError as error:
    print(error)
print(int(re.search("VmHWM:\\s*(\\d+)", Path("/proc/self/status").read_text())[1]) // 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read where Linux tells it")
@pytest.mark.parametrize("name", BOMBS)
def test_no_file_takes_more_memory_than_is_stated(name, tmp_path):
    make, expected = BOMBS[name]
    (tmp_path / "clicks.csv").write_bytes(make())
    command = [sys.executable, "-c", READER, str(tmp_path / "clicks.csv")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, check=True)
    said, megabytes = done.stdout.splitlines()
    assert expected in said
    assert int(megabytes) < MOST_MEGABYTES
