"""The Criteo sample of the tutorials."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

import pytest

from ctr_app.data.catalogue import REAL_DATA_SETS
from ctr_app.data.known import obtain
from ctr_app.data.known.criteo import schema
from ctr_app.data.schema import Role
from ctr_app.data.store import DatasetStore
from tests import published
from tests.paths import SHARED_DATA, needs_shared_data
from tests.publisher import publishing

SAMPLE = SHARED_DATA / "criteo" / "criteo_sample_200.csv"


@needs_shared_data
def test_the_file_that_is_known_is_the_real_one() -> None:
    remote = REAL_DATA_SETS["criteo-sample"].remote
    content = SAMPLE.read_bytes()
    assert (len(content), hashlib.sha256(content).hexdigest()) == (remote.size, remote.sha256)


@needs_shared_data
def test_its_rows_are_read_with_the_known_schema(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with publishing({}) as publisher:
        published.publish(monkeypatch, publisher, "criteo-sample", SAMPLE.read_bytes())
        dataset = obtain("criteo-sample", DatasetStore(tmp_path), lambda *_: None, threading.Event())
    assert dataset.rows == 200
    assert dataset.preparation is not None
    assert dataset.preparation.schema == schema()
    encoded = dataset.encoded()
    assert encoded.rows("train").numeric.shape == (160, 13)
    assert encoded.rows("train").categorical.shape == (160, 26)
    assert dataset.frame["I1"].null_count() > 0


def test_the_schema_has_13_numbers_and_26_categories() -> None:
    assert [len(schema().with_role(role)) for role in (Role.LABEL, Role.NUMERIC, Role.CATEGORICAL)] == [1, 13, 26]
