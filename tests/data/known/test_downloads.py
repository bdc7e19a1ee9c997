"""Downloads in the background."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from ctr_app.data import known
from ctr_app.data.known import downloads as module
from ctr_app.data.known.downloads import Download, Downloads
from ctr_app.data.store import DatasetStore
from tests.publisher import Publisher

NAME = "movielens-100k"


@pytest.fixture
def downloads(tmp_path: Path) -> Iterator[Downloads]:
    found = Downloads(DatasetStore(tmp_path))
    yield found
    found.close()
    assert not found.is_busy


def wait_for(condition: Callable[[], bool]) -> None:
    """Return once it holds; fail if that takes a minute."""
    give_up = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < give_up
        time.sleep(0.01)


def ended(downloads: Downloads, name: str = NAME) -> Download:
    """The latest download once its thread is gone."""
    downloads.join(name)
    latest = downloads.latest(name)
    assert latest is not None
    return latest


@pytest.mark.usefixtures("publisher")
def test_a_download_ends_with_an_encoded_data_set(downloads: Downloads) -> None:
    assert downloads.latest(NAME) is None
    downloads.start(NAME)
    download = ended(downloads)
    assert (download.state, download.error) == ("done", None)
    assert download.done == download.total > 0
    assert download.built == 1.0
    assert download.dataset_id is not None
    assert list((downloads.store.get(download.dataset_id).folder / "encoded").iterdir())


def test_asking_again_while_it_runs_begins_no_other(publisher: Publisher, downloads: Downloads) -> None:
    publisher.may_go_on.clear()
    first = downloads.start(NAME)
    assert downloads.start(NAME) is first
    assert downloads.is_busy
    publisher.may_go_on.set()
    assert ended(downloads) is first
    assert len(publisher.asked) == 1


def test_it_can_be_stopped_and_gone_on_with(publisher: Publisher, downloads: Downloads) -> None:
    content = publisher.files["/ml-100k.zip"]
    publisher.break_after = [len(content) // 2, len(content) // 4]
    publisher.pause = 0.2
    downloads.start(NAME)
    wait_for(lambda: known.bytes_here(NAME, downloads.store) > 0)
    downloads.stop(NAME)
    assert ended(downloads).state == "stopped"
    assert downloads.store.list() == []
    again = downloads.start(NAME)
    assert again.state == "running"
    assert again.done > 0
    assert ended(downloads).state == "done"


def test_what_went_wrong_is_kept_as_a_sentence(publisher: Publisher, downloads: Downloads) -> None:
    publisher.status = 404
    downloads.start(NAME)
    failed = ended(downloads)
    assert failed.state == "failed"
    assert "does not give the file out (answer 404)" in str(failed.error)
    publisher.status = None
    downloads.start(NAME)
    assert ended(downloads).state == "done"


@pytest.mark.parametrize(
    ("fault", "sentence", "logged"),
    [
        (ZeroDivisionError("oh"), "movielens-100k could not be prepared: oh.", 1),
        (OSError(28, "No space left on device"), "movielens-100k cannot be stored: no space left on device.", 0),
    ],
)
def test_a_full_disk_is_said_and_a_fault_of_ours_is_logged_too(
    downloads: Downloads,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    fault: Exception,
    sentence: str,
    logged: int,
) -> None:
    def broken(*_: object) -> None:
        raise fault

    monkeypatch.setattr(module, "obtain", broken)
    downloads.start(NAME)
    failed = ended(downloads)
    assert (failed.state, str(failed.error)) == ("failed", sentence)
    assert len(caplog.records) == logged


def test_closing_stops_what_runs(publisher: Publisher, downloads: Downloads) -> None:
    publisher.break_after = [10] * 3
    downloads.start(NAME)
    downloads.close()
    assert ended(downloads).state == "stopped"
