"""Adult by scikit-learn's client, which speaks to a server on this machine as to OpenML."""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import threading
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import sklearn.datasets._openml as client

from ctr_app.data.catalogue import REAL_DATA_SETS
from ctr_app.data.downloading import Stopped
from ctr_app.data.errors import InputError
from ctr_app.data.known import adult, obtain
from ctr_app.data.known.adult import DATA_ID, read_arff
from ctr_app.data.schema import Role
from ctr_app.data.store import DataSet, DatasetStore
from tests import published
from tests.paths import needs_shared_data
from tests.publisher import Publisher, publishing

API = f"/api/v1/json/data/{DATA_ID}"
ARFF = "/data/v1/download/1595261/adult.arff"
OPENML = "https://www.openml.org"

pytestmark = [pytest.mark.filterwarnings("ignore:A network error", "ignore:Invalid cache")]


def recorded(kind: str) -> Any:
    """What OpenML answered once, as scikit-learn keeps it for its own tests."""
    folder = files("sklearn.datasets.tests.data.openml.id_1590")
    return json.loads(gzip.decompress(folder.joinpath(f"api-v1-{kind}-{DATA_ID}.json.gz").read_bytes()))


@pytest.fixture
def store(tmp_path: Path) -> DatasetStore:
    return DatasetStore(tmp_path)


@pytest.fixture
def openml(monkeypatch: pytest.MonkeyPatch) -> Iterator[Publisher]:
    """OpenML's answers about Adult and its first rows; the client opens its addresses here."""
    content = gzip.decompress(
        files("sklearn.datasets.tests.data.openml.id_1590").joinpath("data-v1-dl-1595261.arff.gz").read_bytes()
    )
    with publishing({}) as publisher:
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        monkeypatch.setattr(client, "urlopen", redirected(publisher.url))
        monkeypatch.setattr(adult, "LOOK_SECONDS", 0.01)
        serve(publisher, content)
        yield publisher


def redirected(url: str) -> Callable[[urllib.request.Request], Any]:
    """``urlopen`` that asks here instead of at OpenML."""

    def urlopen(request: urllib.request.Request) -> Any:
        assert request.full_url.startswith(OPENML), request.full_url
        return urllib.request.urlopen(request.full_url.replace(OPENML, url))

    return urlopen


def serve(publisher: Publisher, content: bytes) -> None:
    """Serve a table with what OpenML says of it, its checksum among that."""
    description, features, qualities = (recorded(kind) for kind in ("jd", "jdf", "jdq"))
    description["data_set_description"] |= {"url": OPENML + ARFF, "md5_checksum": hashlib.md5(content).hexdigest()}
    publisher.files |= {
        API: json.dumps(description).encode(),
        f"/api/v1/json/data/features/{DATA_ID}": json.dumps(features).encode(),
        f"/api/v1/json/data/qualities/{DATA_ID}": json.dumps(qualities).encode(),
        ARFF: content,
    }


def get(store: DatasetStore) -> DataSet:
    return obtain("adult", store, lambda *_: None, threading.Event())


def by_hand(store: DatasetStore, content: bytes) -> Path:
    """Put a file where the sentences say."""
    path = store.root.parent / "downloads" / "adult.arff"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    return path


@needs_shared_data
def test_the_client_fetches_all_rows_which_are_stored_with_the_known_schema(
    openml: Publisher, store: DatasetStore
) -> None:
    serve(openml, published.adult_arff())
    dataset = get(store)
    assert dataset.rows == 32_561
    assert dataset.preparation is not None
    schema = dataset.preparation.schema
    assert (schema.label, schema.positive) == ("class", ">50K")
    assert len(schema.with_role(Role.NUMERIC)) == 5
    assert len(schema.with_role(Role.CATEGORICAL)) == 8
    assert [column.name for column in schema.with_role(Role.IGNORED)] == ["fnlwgt"]
    assert dataset.frame["workclass"].null_count() == 1836
    assert dataset.encoded().rows("train").labels.mean() == pytest.approx(7841 / 32_561, abs=1e-3)
    assert (store.root.parent / "downloads" / "openml").is_dir()


@needs_shared_data
def test_a_file_put_there_by_hand_gives_the_same_rows(
    openml: Publisher, store: DatasetStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = published.adult_arff()
    serve(openml, content)
    fetched = get(store).frame.slice(0, 40_000)
    published.publish(monkeypatch, openml, "adult", content)
    path = by_hand(store, content)
    with pytest.raises(InputError, match=r"it has 32561 rows where 48842 are expected\."):
        read_arff(path, REAL_DATA_SETS["adult"])
    monkeypatch.setitem(REAL_DATA_SETS, "adult", replace(REAL_DATA_SETS["adult"], rows=32_561))
    assert read_arff(path, REAL_DATA_SETS["adult"]).equals(fetched)
    shutil.rmtree(store.root)
    del openml.files[ARFF]
    assert get(store).frame.slice(0, 40_000).equals(fetched)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "its columns differ"),
        (b"<html>", "its columns differ"),
        (b"@attribute age numeric\n@data\n3\n", "its columns differ"),
    ],
)
def test_a_wrong_file_put_there_by_hand_is_refused(store: DatasetStore, content: bytes, sentence: str) -> None:
    path = by_hand(store, content)
    with pytest.raises(InputError) as raised:
        get(store)
    assert str(raised.value).startswith(f"{path} is not the file that www.openml.org publishes: {sentence}.")
    assert store.list() == []


def test_a_changed_table_is_refused_by_the_client(openml: Publisher, store: DatasetStore) -> None:
    whole = openml.files[ARFF]
    openml.files[ARFF] += b"1\n"
    with pytest.raises(
        InputError, match=r"^scikit-learn does not accept what www\.openml\.org sends .*checksum"
    ) as raised:
        get(store)
    assert str(raised.value).endswith(f"put it at {store.root.parent / 'downloads' / 'adult.arff'}.")
    assert store.list() == []
    openml.files[ARFF] = whole
    assert get(store).rows == 10


@pytest.mark.parametrize("path", [API, ARFF])
def test_what_openml_does_not_give_out_is_a_sentence(
    openml: Publisher, store: DatasetStore, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client.time, "sleep", lambda _: None)
    del openml.files[path]
    with pytest.raises(InputError, match=r"^www\.openml\.org cannot be reached: .*not found"):
        get(store)
    assert store.list() == []


def test_stopping_does_not_wait_for_the_client(openml: Publisher, store: DatasetStore) -> None:
    openml.may_go_on.clear()
    stop = threading.Event()
    stop.set()
    with pytest.raises(Stopped):
        obtain("adult", store, lambda *_: None, stop)
    assert store.list() == []


def test_a_server_that_falls_silent_is_given_up(
    openml: Publisher, store: DatasetStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(adult, "LIMIT_SECONDS", 0.3)
    openml.may_go_on.clear()
    with pytest.raises(InputError, match=r"^www\.openml\.org did not answer within 0\.3 s\."):
        get(store)
