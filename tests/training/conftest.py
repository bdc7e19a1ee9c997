"""A small planted data set, stored once, and a new run store for each test."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from ctr_app.data.store import DataSet, DatasetStore
from ctr_app.training.launch import new_run as launched
from ctr_app.training.run_store import Run, RunStore

NewRun = Callable[..., Run]


@pytest.fixture(autouse=True, scope="session")
def _one_thread() -> None:
    """Threads that wait for each other would make small models slow on a machine with other work."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> DatasetStore:
    return DatasetStore(tmp_path_factory.mktemp("data"))


@pytest.fixture(scope="session")
def clicks(datasets: DatasetStore) -> DataSet:
    return datasets.add_sample("planted-clicks", rows=1500)


@pytest.fixture(scope="session")
def histories(datasets: DatasetStore) -> DataSet:
    return datasets.add_sample("planted-histories", rows=1500)


@pytest.fixture
def runs(tmp_path: Path) -> RunStore:
    return RunStore(tmp_path / "runs")


@pytest.fixture
def new_run(runs: RunStore, clicks: DataSet) -> NewRun:
    """Makes a queued run; by default FM for two epochs on planted clicks."""

    def make(family: str = "fm", dataset: DataSet = clicks, device: str = "cpu", **settings: Any) -> Run:
        return launched(runs, dataset, family, {"epochs": 2, "batch_size": 256, **settings}, device)

    return make
