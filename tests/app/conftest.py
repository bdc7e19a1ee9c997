"""The app in Streamlit's AppTest: on folders of its own, with small samples, its queue closed afterwards."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st
import torch
from streamlit.testing.v1 import AppTest

from ctr_app.data.catalogue import SAMPLES
from ctr_app.data.store import DatasetStore
from ctr_app.training.forecast import Forecaster
from ctr_app.training.run_store import Run, RunStore
from ctr_app.ui import services, tasks
from tests.paths import REPOSITORY

from .prepared import PretendProbe, trained_run

MAIN = REPOSITORY / "ctr_app" / "ui" / "main.py"
SAMPLE_ROWS = 2500
OpenPage = Callable[..., AppTest]


@pytest.fixture
def probe() -> PretendProbe:
    """What measures how long an epoch takes, without a process of its own."""
    return PretendProbe()


@pytest.fixture(autouse=True)
def workplace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, probe: PretendProbe) -> Iterator[Path]:
    """Empty folders for data and runs, and nothing left in memory from another test."""
    monkeypatch.setenv("CTR_LENS_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("CTR_LENS_RUNS", str(tmp_path / "runs"))
    monkeypatch.delenv("CTR_LENS_LANGUAGE", raising=False)
    for name, sample in SAMPLES.items():
        monkeypatch.setitem(SAMPLES, name, replace(sample, rows=SAMPLE_ROWS))
    monkeypatch.setattr(services, "Forecaster", lambda: Forecaster(probe))
    monkeypatch.setattr(tasks, "PATIENCE_SECONDS", 60.0)
    threads = torch.get_num_threads()
    forget_all()
    yield tmp_path
    services.stop()
    forget_all()
    torch.set_num_threads(threads)


def forget_all() -> None:
    """Empty Streamlit's caches, which outlive a test."""
    st.cache_data.clear()
    st.cache_resource.clear()


@pytest.fixture
def open_page(workplace: Path) -> OpenPage:
    """Opens a page in a new session, on a run if one is given, and runs it."""
    assert workplace.is_dir()

    def open_one(name: str = "home", run: Run | str | None = None) -> AppTest:
        app = AppTest.from_file(str(MAIN), default_timeout=60).run()
        if name == "home" and run is None:
            return app
        if run is not None:
            app.query_params["run"] = run if isinstance(run, str) else run.id
        return app.switch_page(f"../../pages/{name}.py").run()

    return open_one


@pytest.fixture(scope="session")
def trained_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two small data sets and a run of each model."""
    folder = tmp_path_factory.mktemp("trained")
    runs, datasets = RunStore(folder / "runs"), DatasetStore(folder / "data")
    clicks = datasets.add_sample("planted-clicks", rows=1500)
    histories = datasets.add_sample("planted-histories", rows=1500)
    for model in ("fm", "dcn-v1", "dcn-v2", "dcn-mix"):
        trained_run(runs, datasets, clicks, model)
    trained_run(runs, datasets, histories, "din")
    return folder


@pytest.fixture
def trained(trained_folder: Path, workplace: Path) -> dict[str, Run]:
    """The workplace with a finished run of each model, by the model's title."""
    shutil.copytree(trained_folder, workplace, dirs_exist_ok=True)
    return {run.spec().title: run for run in RunStore().list()}
