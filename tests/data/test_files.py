"""Files and folders that are there whole or not at all."""

from __future__ import annotations

import os

import pytest

from ctr_app.data.files import new_folder, read_json, write_bytes, write_json


class PowerCut(Exception):
    """What ends a writer in the middle."""


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
