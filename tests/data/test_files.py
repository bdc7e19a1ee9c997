"""Files and folders that are there whole or not at all."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from ctr_app.data.files import (
    PIECE_BYTES,
    all_below,
    bytes_in,
    new_folder,
    read_json,
    write_bytes,
    write_json,
    write_pieces,
)


class PowerCut(Exception):
    """What ends a writer in the middle."""


class Slow:
    """A file that takes no more than some bytes at a time."""

    def __init__(self) -> None:
        self.content = b""

    def write(self, data) -> int:
        self.content += bytes(data[:50_000])
        return min(len(data), 50_000)


@pytest.mark.parametrize("shape", [(0, 3), (2 * PIECE_BYTES + 1,), (100, 400)])
def test_what_is_written_in_pieces_is_whole(shape):
    array, file = np.random.default_rng(0).integers(0, 255, shape).astype(np.int32).T, Slow()
    write_pieces(file, array)
    write_pieces(file, b"the end")
    assert file.content == array.tobytes() + b"the end"


def test_a_folder_appears_when_it_is_full(tmp_path):
    with new_folder(tmp_path / "sets" / "a") as folder:
        (folder / "x").write_text("1")
        assert not (tmp_path / "sets" / "a").exists()
    assert (tmp_path / "sets" / "a" / "x").read_text() == "1"


def test_a_folder_that_is_not_filled_leaves_nothing(tmp_path):
    def fill_and_fail():
        with new_folder(tmp_path / "a") as folder:
            (folder / "x").write_text("1")
            raise PowerCut

    with pytest.raises(PowerCut):
        fill_and_fail()
    assert list(tmp_path.iterdir()) == []


def test_of_two_writers_of_one_folder_the_first_stays(tmp_path):
    with new_folder(tmp_path / "a") as slow:
        (slow / "x").write_text("slow")
        with new_folder(tmp_path / "a") as fast:
            (fast / "x").write_text("fast")
    assert (tmp_path / "a" / "x").read_text() == "fast"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_file_that_is_not_written_leaves_the_old_one(tmp_path, monkeypatch):
    write_bytes(tmp_path / "a", b"old")

    def cut(*_):
        raise PowerCut

    monkeypatch.setattr(os, "replace", cut)
    with pytest.raises(PowerCut):
        write_bytes(tmp_path / "a", b"new")
    assert (tmp_path / "a").read_bytes() == b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_json_comes_back_and_what_is_no_number_is_null(tmp_path):
    content = {"a": [1.5, float("nan"), float("inf")], "é": {"b": (None, "ü")}}
    write_json(tmp_path / "a.json", content)
    assert read_json(tmp_path / "a.json") == {"a": [1.5, None, None], "é": {"b": [None, "ü"]}}
    assert "NaN" not in (tmp_path / "a.json").read_text()


def test_what_json_cannot_hold_leaves_nothing(tmp_path):
    with pytest.raises(TypeError):
        write_json(tmp_path / "a.json", {"a": object()})
    assert list(tmp_path.iterdir()) == []


def test_bytes_are_those_of_all_files_below(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a" / "b" / "c", b"123")
    write_bytes(tmp_path / "d", b"4567")
    assert bytes_in(tmp_path) == 7
    assert bytes_in(tmp_path / "nowhere") == 0


def test_a_folder_that_goes_while_one_looks_is_passed_over(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_bytes(tmp_path / name / "file", b"123")
    seen = []
    for path in all_below(tmp_path):
        seen.append(path.name)
        if len(seen) == 1:
            shutil.rmtree(tmp_path / "a")
            shutil.rmtree(tmp_path / "b")
    assert sorted(seen) == ["a", "b"]
