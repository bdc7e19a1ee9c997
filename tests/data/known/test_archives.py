"""Files out of a publisher's archive."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctr_app.data.errors import InputError
from ctr_app.data.known import archives
from ctr_app.data.known.archives import read_members
from tests.published import zipped


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    path = tmp_path / "films.zip"
    path.write_bytes(zipped({"films/a": "first", "films/b": "second"}))
    return path


def test_members_come_in_the_order_asked_for(archive: Path) -> None:
    assert read_members(archive, ["films/b", "films/a"]) == [b"second", b"first"]
    assert [path.name for path in archive.parent.iterdir()] == ["films.zip"]


def test_a_member_that_is_not_there_is_named(archive: Path) -> None:
    with pytest.raises(InputError, match=r"^films\.zip lacks the file films/c\.$"):
        read_members(archive, ["films/a", "films/c"])


@pytest.mark.parametrize("outside", ["../evil", "films/../../evil", "/etc/evil", "..\\evil", "\\evil"])
def test_an_archive_with_a_file_outside_itself_is_not_opened(archive: Path, outside: str) -> None:
    archive.write_bytes(zipped({"films/a": "first", outside: "evil"}))
    with pytest.raises(InputError, match=r"^films\.zip holds .*evil, which lies outside .*; it is not opened\.$"):
        read_members(archive, ["films/a"])
    assert not list(archive.parent.parent.glob("evil"))


def test_a_member_too_large_is_not_read(archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_MEMBER_BYTES", 5)
    with pytest.raises(InputError, match=r"^films/b in films\.zip is larger than"):
        read_members(archive, ["films/a", "films/b"])


@pytest.mark.parametrize("cut", [0, 10, 40, 100])
def test_a_damaged_archive_is_a_sentence(archive: Path, cut: int) -> None:
    archive.write_bytes(archive.read_bytes()[:cut])
    with pytest.raises(InputError, match=r"films\.zip is a damaged zip file \(.*\)\.$"):
        read_members(archive, ["films/a"])
