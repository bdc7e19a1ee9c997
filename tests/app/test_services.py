"""What the server does when it starts and when it ends."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from ctr_app.data.errors import InputError
from ctr_app.data.store import DatasetStore
from ctr_app.training.run_store import Run, RunStore
from ctr_app.ui import services

from .prepared import queued_run


def test_a_server_that_has_started_has_the_samples_ready() -> None:
    services.start()
    datasets = DatasetStore().list()
    assert {dataset.name for dataset in datasets} == {"Planted clicks", "Planted histories"}
    assert all((dataset.folder / "encoded").is_dir() for dataset in datasets)


def test_a_server_whose_folder_cannot_be_written_starts_all_the_same(
    workplace: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (workplace / "data").write_text("a file where a folder should be")
    services.start()
    assert "Warming up failed" in caplog.text


def test_a_server_that_starts_writes_down_which_runs_were_cut_off(trained: dict[str, Run]) -> None:
    run = queued_run(RunStore(), DatasetStore().get(trained["FM"].spec().dataset_id))
    status = (run.folder / "status.json").read_text()
    (run.folder / "status.json").write_text(status.replace('"process": "', '"process": "another-'))
    services.jobs()
    assert '"state": "interrupted"' in (run.folder / "status.json").read_text()


def test_a_server_that_ends_interrupts_what_it_trains_and_what_waits(trained: dict[str, Run]) -> None:
    dataset = DatasetStore().get(trained["FM"].spec().dataset_id)
    runs = [queued_run(RunStore(), dataset, epochs=10_000, patience=1000) for _ in range(2)]
    for run in runs:
        services.jobs().submit(run)
    give_up = time.monotonic() + 60
    while runs[0].status().state == "queued" and time.monotonic() < give_up:
        time.sleep(0.02)
    services.stop()
    assert [run.status().state for run in runs] == ["interrupted", "interrupted"]
    assert "The server was shut down" in runs[0].status().reason


@pytest.mark.parametrize("name", ["", ".", "..", "../runs", "/", "a/b", "no-such-run", "x" * 5000, "a\0b", "é"])
def test_only_a_runs_own_name_opens_it(trained: dict[str, Run], name: str) -> None:
    with pytest.raises(InputError):
        services.run_called(name)
    assert services.run_called(trained["FM"].id).id == trained["FM"].id


def test_a_run_whose_description_is_damaged_is_refused_in_words(trained: dict[str, Run]) -> None:
    (trained["FM"].folder / "run.json").write_text("{torn")
    with pytest.raises(InputError, match=r"run\.json of run"):
        services.run_called(trained["FM"].id)
