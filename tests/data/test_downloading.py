"""Fetching a file: whole, in pieces, changed, or not at all."""

from __future__ import annotations

import hashlib
import os
import socket
import ssl
import threading
from collections import namedtuple
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.error import URLError

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctr_app.data import downloading
from ctr_app.data.downloading import Remote, Stopped, fetch
from ctr_app.data.errors import InputError
from tests.publisher import Publisher, publishing

CONTENT = os.urandom(700_000)
PATH = "/sets/films.zip"


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """No waiting between attempts, and no proxy on the way to this machine."""
    monkeypatch.setattr(downloading, "WAIT_SECONDS", 0.0)
    monkeypatch.setenv("no_proxy", "127.0.0.1")


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    with publishing({PATH: CONTENT}) as found:
        yield found


@pytest.fixture
def remote(publisher: Publisher) -> Remote:
    return Remote(publisher.url + PATH, "films.zip", len(CONTENT), sha256(CONTENT))


def ignore(_done: int, _total: int) -> None:
    """Nobody watches."""


def get(remote: Remote, folder: Path) -> Path:
    return fetch(remote, folder, ignore, threading.Event())


def refusal(remote: Remote, folder: Path) -> str:
    """The sentence with which fetching ends; it says what to do by hand, and no file is left but what can go on."""
    with pytest.raises(InputError) as raised:
        get(remote, folder)
    assert {path.name for path in folder.glob("*")} <= {"films.zip.part"}
    return str(raised.value)


def by_hand(remote: Remote, folder: Path) -> str:
    return f" You can also fetch {remote.url} yourself and put it at {folder / 'films.zip'}."


def test_a_file_arrives_whole_and_progress_ends_at_its_size(remote: Remote, tmp_path: Path) -> None:
    seen: list[tuple[int, int]] = []
    path = fetch(remote, tmp_path / "new", lambda *bytes_: seen.append(bytes_), threading.Event())
    assert path.read_bytes() == CONTENT
    assert seen == sorted(seen)
    assert (seen[0], seen[-1]) == ((0, len(CONTENT)), (len(CONTENT), len(CONTENT)))
    assert os.listdir(path.parent) == ["films.zip"]


def test_a_file_that_is_there_is_not_fetched_again(remote: Remote, publisher: Publisher, tmp_path: Path) -> None:
    (tmp_path / "films.zip").write_bytes(CONTENT)
    assert get(remote, tmp_path).read_bytes() == CONTENT
    assert publisher.asked == []


@settings(max_examples=20, deadline=None)
@given(breaks=st.lists(st.integers(0, len(CONTENT) - 1), max_size=downloading.ATTEMPTS - 1), has_ranges=st.booleans())
def test_a_connection_may_break_off_anywhere(
    tmp_path_factory: pytest.TempPathFactory, breaks: list[int], has_ranges: bool
) -> None:
    with publishing({PATH: CONTENT}) as publisher:
        publisher.break_after, publisher.has_ranges = list(breaks), has_ranges
        remote = Remote(publisher.url + PATH, "films.zip", len(CONTENT), sha256(CONTENT))
        assert get(remote, tmp_path_factory.mktemp("broken")).read_bytes() == CONTENT
        assert len(publisher.asked) <= len(breaks) + 1


def test_after_a_break_only_the_rest_is_asked_for(remote: Remote, publisher: Publisher, tmp_path: Path) -> None:
    publisher.break_after = [300_000]
    get(remote, tmp_path)
    assert publisher.asked == [(PATH, None), (PATH, "bytes=300000-")]


def test_what_broke_off_for_good_is_gone_on_with_the_next_time(
    remote: Remote, publisher: Publisher, tmp_path: Path
) -> None:
    publisher.break_after = [100_000] * downloading.ATTEMPTS
    said = refusal(remote, tmp_path)
    assert said == (
        "The connection to 127.0.0.1 broke off (400000 of 700000 bytes have come); the next try goes on from there."
        + by_hand(remote, tmp_path)
    )
    assert (tmp_path / "films.zip.part").stat().st_size == 400_000
    assert get(remote, tmp_path).read_bytes() == CONTENT
    assert publisher.asked[-1] == (PATH, "bytes=400000-")


def test_a_part_that_is_whole_already_is_taken(remote: Remote, tmp_path: Path) -> None:
    (tmp_path / "films.zip.part").write_bytes(CONTENT)
    assert get(remote, tmp_path).read_bytes() == CONTENT
    assert os.listdir(tmp_path) == ["films.zip"]


@pytest.mark.parametrize("part", [b"another file" * 100, os.urandom(len(CONTENT)), os.urandom(2 * len(CONTENT))])
def test_a_part_of_another_file_is_thrown_away(remote: Remote, tmp_path: Path, part: bytes) -> None:
    (tmp_path / "films.zip.part").write_bytes(part)
    assert get(remote, tmp_path).read_bytes() == CONTENT


def test_stopping_keeps_what_has_come(remote: Remote, publisher: Publisher, tmp_path: Path) -> None:
    stop = threading.Event()

    def until_half(done: int, total: int) -> None:
        if done > total / 2:
            stop.set()

    with pytest.raises(Stopped):
        fetch(remote, tmp_path, until_half, stop)
    kept = (tmp_path / "films.zip.part").stat().st_size
    assert len(CONTENT) / 2 < kept < len(CONTENT)
    assert get(remote, tmp_path).read_bytes() == CONTENT
    assert publisher.asked[-1] == (PATH, f"bytes={kept}-")


def test_stopping_does_not_wait_for_another_attempt(
    remote: Remote, publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloading, "WAIT_SECONDS", 1e6)
    publisher.status = 503
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        fetch(remote, tmp_path, ignore, stop)
    assert len(publisher.asked) == 1


def test_a_changed_file_is_refused_and_not_kept(remote: Remote, publisher: Publisher, tmp_path: Path) -> None:
    publisher.files[PATH] = CONTENT[::-1]
    said = refusal(remote, tmp_path)
    assert said == "What 127.0.0.1 sends is not the file that is known: its checksum differs." + by_hand(
        remote, tmp_path
    )
    assert list(tmp_path.glob("*")) == []


def test_a_changed_file_is_accepted_where_its_publisher_states_its_checksum(
    remote: Remote, publisher: Publisher, tmp_path: Path
) -> None:
    changed = CONTENT[::-1]
    publisher.files |= {
        PATH: changed,
        f"{PATH}.md5": f"MD5 (films.zip) = {hashlib.md5(changed).hexdigest()}\n".encode(),
    }
    stating = replace(remote, md5_url=f"{remote.url}.md5")
    assert get(stating, tmp_path).read_bytes() == changed
    publisher.files[PATH] = CONTENT[1:]
    (tmp_path / "films.zip").unlink()
    assert "its checksum differs" in refusal(stating, tmp_path)


def test_a_changed_file_whose_checksum_is_unknown_waits_for_it(
    remote: Remote, publisher: Publisher, tmp_path: Path
) -> None:
    changed = CONTENT[::-1]
    publisher.files[PATH] = changed
    stating = replace(remote, md5_url=f"{remote.url}.md5")
    beside = tmp_path / "films.zip.md5"
    assert refusal(stating, tmp_path) == (
        "This films.zip is another one than is known here, and whether it is whole cannot be checked: "
        f"{remote.url}.md5 cannot be read. Put that file at {beside}."
    )
    beside.write_text(hashlib.md5(changed).hexdigest())
    assert get(stating, tmp_path).read_bytes() == changed


def test_a_file_put_there_by_hand_must_be_the_publishers(remote: Remote, publisher: Publisher, tmp_path: Path) -> None:
    wrong = tmp_path / "films.zip"
    wrong.write_bytes(b"not it")
    with pytest.raises(InputError) as raised:
        get(remote, tmp_path)
    assert str(raised.value) == (
        f"{wrong} is not the file that 127.0.0.1 publishes: its checksum differs." + by_hand(remote, tmp_path)
    )
    assert wrong.read_bytes() == b"not it"
    assert publisher.asked == []


@pytest.mark.parametrize("status", [401, 403, 404, 410])
def test_a_file_that_is_not_given_out_is_a_sentence_at_once(
    remote: Remote, publisher: Publisher, tmp_path: Path, status: int
) -> None:
    publisher.status = status
    assert refusal(remote, tmp_path) == (
        f"127.0.0.1 does not give the file out (answer {status})." + by_hand(remote, tmp_path)
    )
    assert len(publisher.asked) == 1


def test_a_server_in_trouble_is_asked_again(remote: Remote, publisher: Publisher, tmp_path: Path) -> None:
    publisher.status = 503
    assert refusal(remote, tmp_path).startswith("The connection to 127.0.0.1 broke off (answer 503);")
    assert len(publisher.asked) == downloading.ATTEMPTS


def test_where_nobody_listens_it_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        remote = Remote(f"http://127.0.0.1:{taken.getsockname()[1]}/x", "films.zip", 9, "")
        assert refusal(remote, tmp_path) == (
            "127.0.0.1 cannot be reached: connection refused." + by_hand(remote, tmp_path)
        )


def test_without_a_network_it_is_said(tmp_path: Path) -> None:
    remote = Remote("http://no-such-server.invalid/films.zip", "films.zip", 9, "")
    assert refusal(remote, tmp_path) == (
        "no-such-server.invalid cannot be reached: no network, or no such server." + by_hand(remote, tmp_path)
    )


def test_a_certificate_that_has_expired_is_named_as_the_reason() -> None:
    expired = ssl.SSLCertVerificationError(1, "[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed")
    expired.verify_message = "certificate has expired"
    assert downloading.reason(URLError(expired)) == "its certificate is not valid, certificate has expired"


def test_a_server_that_falls_silent_is_given_up(
    remote: Remote, publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloading, "TIMEOUT_SECONDS", 0.2)
    publisher.may_go_on.clear()
    assert "broke off (no answer within 0.2 s)" in refusal(remote, tmp_path)


def test_an_endless_answer_is_cut_off(remote: Remote, tmp_path: Path) -> None:
    small = replace(remote, size=len(CONTENT) // 10)
    assert refusal(small, tmp_path).startswith("127.0.0.1 sends far more than the file has.")
    assert list(tmp_path.glob("*")) == []


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no device here that is always full")
def test_a_full_disk_is_a_sentence(remote: Remote, tmp_path: Path) -> None:
    (tmp_path / "films.zip.part").symlink_to("/dev/full")
    with pytest.raises(InputError) as raised:
        get(remote, tmp_path)
    assert str(raised.value) == f"films.zip cannot be stored in {tmp_path}: no space left on device."
    assert not (tmp_path / "films.zip").exists()


def test_too_little_room_is_said_before_anything_is_asked_for(
    remote: Remote, publisher: Publisher, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(downloading.shutil, "disk_usage", lambda _: usage(10**9, 10**9, len(CONTENT) - 1))
    assert refusal(remote, tmp_path) == f"The disk has no room for films.zip in {tmp_path}."
    (tmp_path / "films.zip.part").write_bytes(CONTENT[:10])
    assert get(remote, tmp_path).read_bytes() == CONTENT
    assert publisher.asked == [(PATH, "bytes=10-")]


def test_a_folder_that_cannot_be_made_is_a_sentence(remote: Remote, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match=r"films\.zip cannot be stored in .*: "):
        get(remote, tmp_path / "file" / "downloads")


def test_two_processes_do_not_write_one_part(remote: Remote, tmp_path: Path) -> None:
    fcntl = pytest.importorskip("fcntl")
    with (tmp_path / "films.zip.part").open("ab") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        other.write(b"of the other")
        assert refusal(remote, tmp_path) == "films.zip is being downloaded by another process already."
        other.flush()
    assert (tmp_path / "films.zip.part").read_bytes() == b"of the other"
