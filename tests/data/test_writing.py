"""Tables written piece by piece."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from ctr_app.data.errors import InputError
from ctr_app.data.writing import check_suffix, write_pieces

FRAME = pl.DataFrame({"a": [1, 2, 3], "ü": ["x", None, "z,\n"], "items": [["p", "q"], [], ["r"]]})


@pytest.mark.parametrize("suffix", [".csv", ".tsv", ".parquet"])
def test_pieces_become_one_table_and_nothing_else_is_left(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"table{suffix}"
    assert write_pieces([FRAME.head(2), FRAME.tail(1), FRAME.head(0)], path) == 3
    if suffix == ".parquet":
        assert_frame_equal(pl.read_parquet(path), FRAME)
    else:
        text = pl.read_csv(path, separator="\t" if suffix == ".tsv" else ",")
        assert text.columns == FRAME.columns
        assert text["a"].to_list() == [1, 2, 3]
        assert text["ü"].to_list() == ["x", None, "z,\n"]
        assert [items or "" for items in text["items"].to_list()] == ["p|q", "", "r"]
    assert list(tmp_path.iterdir()) == [path]


def test_what_stood_there_stays_when_a_piece_cannot_be_made(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("before")

    def pieces() -> object:
        yield FRAME
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_pieces(pieces(), path)  # type: ignore[arg-type]
    assert path.read_text() == "before"
    assert list(tmp_path.iterdir()) == [path]


def test_other_endings_are_refused() -> None:
    with pytest.raises(InputError, match=r"should end in \.csv, \.tsv or \.parquet"):
        check_suffix(Path("table.xlsx"))
    check_suffix(Path("TABLE.CSV"))
