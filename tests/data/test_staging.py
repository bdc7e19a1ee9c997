"""The staging folder: what is in it, for how long, and what it holds when things go wrong."""

from __future__ import annotations

import gc
import io
import os

import pytest

from ctr_app.data import staging
from ctr_app.data.errors import InputError
from ctr_app.data.reading import ReadOptions, read_table
from ctr_app.data.staging import StagedFile, files_in
from ctr_app.data.store import DatasetStore

TABLE = b"click,site\n1,a\n0,b\n1,c\n"


def staged(root):
    folder = root / "incoming"
    return sorted(folder.iterdir()) if folder.exists() else []


def test_a_table_and_its_upload_lie_in_the_data_folder_until_nobody_needs_them(data_root):
    table = read_table(io.BytesIO(TABLE), "a.csv")
    assert len(staged(data_root)) == 2
    frame = table.frame
    del table
    gc.collect()
    assert [folder / "table.parquet" for folder in staged(data_root)] == [frame.path]
    assert frame["site"].to_list() == ["a", "b", "c"]
    del frame
    assert staged(data_root) == []


def test_a_file_of_the_user_is_read_where_it_lies_and_stays(data_root, tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(TABLE)
    table = read_table(path)
    assert table.source == path
    assert len(staged(data_root)) == 1
    del table
    assert path.read_bytes() == TABLE


def test_an_upload_can_be_read_again_in_another_way(data_root):
    first = read_table(TABLE, "a.csv")
    second = read_table(first.source, first.name, ReadOptions(has_header=False))
    assert second.options == ReadOptions(has_header=False)
    del first
    assert second.frame["column_2"].to_list() == ["site", "a", "b", "c"]
    assert len(staged(data_root)) == 2


def test_a_file_and_its_upload_are_one_content(tmp_path):
    (tmp_path / "a.csv").write_bytes(TABLE)
    assert read_table(tmp_path / "a.csv").content_hash == read_table(io.BytesIO(TABLE), "b.csv").content_hash


def test_a_stored_table_outlives_its_staging_folder(data_root):
    dataset = DatasetStore().add_table({"train": read_table(TABLE, "a.csv")}, None)
    gc.collect()
    assert staged(data_root) == []
    assert dataset.frame["site"].to_list() == ["a", "b", "c"]


def test_what_is_refused_leaves_nothing(data_root):
    with pytest.raises(InputError):
        read_table(b"\x89PNG" + bytes(9), "a.png")
    gc.collect()
    assert staged(data_root) == []


def test_leftovers_of_earlier_days_go_with_the_next_table(data_root):
    old, new = data_root / "incoming" / "old", data_root / "incoming" / "new"
    for folder, age in ((old, staging.LEFTOVER_SECONDS + 60), (new, 60)):
        folder.mkdir(parents=True)
        (folder / "table.parquet").touch()
        os.utime(folder, (0, folder.stat().st_mtime - age))
    table = read_table(TABLE, "a.csv")
    assert not old.exists()
    assert new.exists()
    assert table.frame.height == 3


def test_a_table_that_is_in_use_is_no_leftover_however_old_it_is(data_root):
    table = read_table(TABLE, "a.csv")
    for folder in staged(data_root):
        os.utime(folder, (0, 0))
    other = read_table(TABLE, "b.csv")
    assert table.frame["site"].to_list() == other.frame["site"].to_list()
    assert read_table(table.source, "a.csv").frame.height == 3


def test_a_data_folder_that_cannot_be_written_to_is_said_so(data_root, monkeypatch):
    (data_root / "file").touch()
    monkeypatch.setenv("CTR_LENS_DATA", str(data_root / "file"))
    with pytest.raises(InputError, match=r"cannot be copied to the data folder: .*\.$"):
        StagedFile(TABLE)


def test_files_that_may_be_tables_are_found_newest_first(tmp_path):
    for age, name in enumerate(["a.csv", "b.TSV", "deep/c.csv.gz", "d.parquet", "deep/ml-100k.inter"]):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(TABLE)
        os.utime(path, (0, 1000 - age))
    for name in (
        "README.md",
        "sets/x/table.parquet",
        "incoming/x/upload.csv",
        "downloads/a.zip",
        ".hidden.csv",
        ".git/a.csv",
        "e.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(TABLE)
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "gone.csv").symlink_to(tmp_path / "nowhere")
    found = files_in(tmp_path)
    assert [file.name for file in found] == ["a.csv", "b.TSV", "deep/c.csv.gz", "d.parquet", "deep/ml-100k.inter"]
    assert found[0].path == tmp_path / "a.csv"
    assert (found[0].size, found[0].modified) == (len(TABLE), 1000.0)
    assert files_in(tmp_path / "nothing") == []
