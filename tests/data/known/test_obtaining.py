"""From a name to a stored data set, and what is left behind if that fails."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from ctr_app.data.catalogue import REAL_DATA_SETS, SAMPLES
from ctr_app.data.downloading import Stopped
from ctr_app.data.errors import InputError
from ctr_app.data.known import OBTAIN, bytes_here, dataset_named, obtain, ready
from ctr_app.data.store import DataSet, DatasetStore
from tests import published
from tests.publisher import Publisher

NAME = "movielens-100k"


@pytest.fixture
def store(tmp_path: Path) -> DatasetStore:
    return DatasetStore(tmp_path)


def get(store: DatasetStore, name: str = NAME) -> DataSet:
    return obtain(name, store, lambda *_: None, threading.Event())


def test_every_real_data_set_can_be_prepared_and_none_is_called_as_a_planted_one() -> None:
    assert set(OBTAIN) == set(REAL_DATA_SETS)
    assert not set(REAL_DATA_SETS) & set(SAMPLES)


def test_a_download_becomes_a_data_set_that_is_found_again(publisher: Publisher, store: DatasetStore) -> None:
    assert ready(NAME, store) is None
    dataset = get(store)
    assert dataset.name == "MovieLens 100K"
    assert dataset.description == REAL_DATA_SETS[NAME].description
    assert dataset.id.startswith("movielens-100k-")
    assert dataset.encoded().rows("train").labels.size > 0
    for found in (ready(NAME, store), dataset_named(NAME, store), get(store)):
        assert found is not None
        assert found.id == dataset.id
    assert len(publisher.asked) == 1


@pytest.mark.usefixtures("publisher")
def test_after_the_data_set_was_deleted_its_file_makes_it_again(store: DatasetStore, publisher: Publisher) -> None:
    first = get(store)
    first.folder.rename(store.root / "gone")
    assert ready(NAME, store) is None
    assert get(store).id == first.id
    assert len(publisher.asked) == 1


def test_a_file_put_there_by_hand_needs_no_network(store: DatasetStore, publisher: Publisher, tmp_path: Path) -> None:
    publisher.status = 404
    with pytest.raises(InputError) as raised:
        get(store)
    by_hand = tmp_path / "downloads" / "ml-100k.zip"
    assert str(by_hand) in str(raised.value)
    by_hand.write_bytes(publisher.files["/ml-100k.zip"])
    assert get(store).rows == len(published.made_up_ratings())
    assert len(publisher.asked) == 1


def test_nothing_is_stored_of_an_archive_that_is_not_right(
    monkeypatch: pytest.MonkeyPatch, publisher: Publisher, store: DatasetStore
) -> None:
    published.publish(monkeypatch, publisher, NAME, published.zipped({"../u.data": "1\t1\t5\t0\n"}))
    with pytest.raises(InputError, match=r"ml-100k\.zip holds \.\./u\.data, which lies outside"):
        get(store)
    assert store.list() == []
    assert not store.root.exists()


def test_stopping_leaves_a_part_to_go_on_from(publisher: Publisher, store: DatasetStore) -> None:
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        obtain(NAME, store, lambda *_: None, stop)
    assert store.list() == []
    assert bytes_here(NAME, store) > 0
    assert get(store).rows == len(published.made_up_ratings())
    assert bytes_here(NAME, store) == len(publisher.files["/ml-100k.zip"])


def test_a_name_that_is_not_here_says_how_to_fetch_it(store: DatasetStore) -> None:
    assert dataset_named("planted-clicks", store).name == "Planted clicks"
    with pytest.raises(InputError) as raised:
        dataset_named(NAME, store)
    assert str(raised.value) == (
        "MovieLens 100K is not here yet; fetch it with python -m ctr_app download movielens-100k (4.9 MB) "
        "or on the Data page."
    )
    with pytest.raises(InputError, match="There is no data set nowhere to download; there are movielens-100k,"):
        obtain("nowhere", store, lambda *_: None, threading.Event())
