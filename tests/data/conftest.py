"""What holds for the tests of the data layer, and a store with a small table in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from ctr_app.data.store import DataSet, DatasetStore

from .examples import preparation, table


@pytest.fixture(autouse=True)
def data_root(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of the test's own, where tables that are read are staged."""
    root = tmp_path_factory.mktemp("data")
    monkeypatch.setenv("CTR_LENS_DATA", str(root))
    return root


@pytest.fixture
def store(tmp_path) -> DatasetStore:
    return DatasetStore(tmp_path)


@pytest.fixture
def dataset(store) -> DataSet:
    return store.add_table({"train": table()}, preparation())
