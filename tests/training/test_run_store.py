"""Runs on disk: what they say of themselves, and that no accident spoils them."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch

from ctr_app.data.errors import InputError
from ctr_app.data.files import write_json
from ctr_app.data.store import DataSet, DatasetStore
from ctr_app.training import run_store
from ctr_app.training.driver import train_run
from ctr_app.training.run_record import SILENCE_SECONDS
from ctr_app.training.run_store import Run, RunStatus, RunStore
from ctr_app.training.scoring import evaluate_splits

from .conftest import NewRun

LONG_AGO = time.time() - 10 * SILENCE_SECONDS


def claim(run: Run, state: str, **claims: Any) -> None:
    """Write a status as another process would have left it."""
    write_json(run.folder / "status.json", asdict(RunStatus(state)) | claims)


@pytest.fixture(scope="module")
def dead_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_a_new_run_is_queued_and_says_what_was_asked_for(runs: RunStore, new_run: NewRun, clicks: DataSet) -> None:
    run = new_run("dcn", cross="vector", learning_rate=0.01, seed=7)
    assert run.status().state == "queued"
    assert run.status().is_live
    spec = run.spec()
    assert spec.title == "DCN-V1"
    assert spec.model_config.to_json() == spec.model
    assert (spec.training_config.learning_rate, spec.training_config.seed) == (0.01, 7)
    assert (spec.dataset_id, spec.content_hash, spec.preparation) == (
        clicks.id,
        clicks.content_hash,
        clicks.preparation,
    )
    assert {"ctr_lens", "torch", "python"} <= spec.versions.keys()
    assert not run.has_model
    assert run.history() == []
    assert run.metrics() is None
    with pytest.raises(InputError, match="no finished epoch"):
        run.load_model()
    assert [found.id for found in runs.list()] == [run.id]


@pytest.mark.parametrize("family", ["fm", "dcn"])
def test_a_run_that_is_older_than_vectors_of_numbers_reads_numbers_as_they_are(new_run: NewRun, family: str) -> None:
    run = new_run(family)
    stored = json.loads((run.folder / "run.json").read_text())
    assert stored["model"].pop("numeric_embedding") == "auto"
    write_json(run.folder / "run.json", stored)
    config: Any = run.spec().model_config
    assert config.numeric_embedding == "number"


@pytest.mark.parametrize("family", ["fm", "dcn"])
def test_a_run_that_is_older_than_first_vectors_began_at_random(new_run: NewRun, family: str) -> None:
    run = new_run(family)
    stored = json.loads((run.folder / "run.json").read_text())
    assert stored["model"].pop("first_vectors") == "pairs"
    write_json(run.folder / "run.json", stored)
    config: Any = run.spec().model_config
    assert config.first_vectors == "random"


def test_a_run_is_found_by_its_id_and_by_its_folder(
    runs: RunStore, new_run: NewRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = new_run()
    monkeypatch.chdir(run.folder)
    for name in (run.id, str(run.folder), f"{run.folder}{os.sep}", "."):
        assert runs.get(name).folder == run.folder.resolve()
    monkeypatch.chdir(runs.root)
    for name in ("", "..", "nowhere", "a/b", str(runs.root)):
        with pytest.raises(InputError, match="There is no run"):
            runs.get(name)


@pytest.mark.parametrize("state", ["queued", "running"])
def test_a_run_whose_process_died_is_interrupted(new_run: NewRun, dead_pid: int, state: str) -> None:
    run = new_run()
    claim(run, state, pid=dead_pid)
    assert run.status().state == "interrupted"
    assert ("before it began" if state == "queued" else "in the middle") in run.status().reason


def test_a_run_of_an_earlier_process_of_the_same_number_is_interrupted(new_run: NewRun) -> None:
    run = new_run()
    claim(run, "running", process="another")
    assert run.status().state == "interrupted"


@pytest.mark.parametrize(
    ("claims", "state"),
    [
        ({"host": "elsewhere", "updated": LONG_AGO}, "interrupted"),
        ({"host": "elsewhere"}, "running"),
        ({"pid": os.getppid(), "updated": LONG_AGO}, "interrupted"),
        ({"pid": os.getppid()}, "running"),
        ({"updated": LONG_AGO}, "interrupted"),
        ({}, "running"),
    ],
)
def test_silence_tells_where_a_process_cannot_be_asked(new_run: NewRun, claims: dict[str, Any], state: str) -> None:
    run = new_run()
    claim(run, "running", **claims)
    assert run.status().state == state


def test_a_run_that_waits_may_be_silent_on_its_own_host(new_run: NewRun) -> None:
    run = new_run()
    claim(run, "queued", updated=LONG_AGO)
    assert run.status().state == "queued"


def test_a_run_that_has_ended_stays_as_it_ended(new_run: NewRun, dead_pid: int) -> None:
    run = new_run()
    claim(run, "done", pid=dead_pid, host="elsewhere", updated=LONG_AGO)
    assert run.status().state == "done"


def test_a_server_that_starts_writes_down_what_was_abandoned(runs: RunStore, new_run: NewRun, dead_pid: int) -> None:
    abandoned, waiting, damaged = new_run(), new_run(), new_run()
    claim(abandoned, "running", pid=dead_pid)
    (damaged.folder / "run.json").write_text("")
    runs.mark_interrupted()
    assert json.loads((abandoned.folder / "status.json").read_text())["state"] == "interrupted"
    assert abandoned.status().state == "interrupted"
    assert abandoned.status().host == socket.gethostname()
    assert waiting.status().state == "queued"


def test_a_line_that_is_only_half_written_is_left_out(new_run: NewRun) -> None:
    run = new_run()
    run.append("start", epochs=2)
    run.append("eval", auc=0.5)
    path = run.folder / "history.jsonl"
    whole = path.read_bytes()
    for cut in range(len(whole)):
        path.write_bytes(whole[:cut])
        assert [event["kind"] for event in run.history()] in ([], ["start"], ["start", "eval"])
    path.write_bytes(whole[:-5] + b"\n")
    run.append("end", state="done")
    assert [event["kind"] for event in run.history()] == ["start", "end"]


def test_damaged_files_are_told_in_a_sentence(runs: RunStore, new_run: NewRun, datasets: DatasetStore) -> None:
    run = new_run(epochs=1)
    train_run(run, datasets)
    (run.folder / "best.safetensors").write_bytes(b"\x10" * 100)
    with pytest.raises(InputError, match=rf"The model of run {run.id} cannot be read"):
        run.load_model()
    (run.folder / "metrics.json").write_text('{"train": ')
    assert run.metrics() is None
    (run.folder / "status.json").write_text("")
    assert run.status().state == "interrupted"
    (run.folder / "run.json").write_text("[]")
    with pytest.raises(InputError, match=r"run\.json"):
        run.spec()
    healthy = new_run()
    assert [found.id for found in runs.list()] == [healthy.id]


def test_weights_are_written_whole_or_not_at_all(new_run: NewRun, monkeypatch: pytest.MonkeyPatch) -> None:
    run = new_run()
    run.save_best({"weight": torch.ones(3)})
    before = (run.folder / "best.safetensors").read_bytes()
    files = sorted(path.name for path in run.folder.iterdir())

    def breaks_off(_tensors: dict[str, torch.Tensor], path: Path) -> None:
        path.write_bytes(b"half")
        raise run_store.SafetensorError("no space left on device")

    monkeypatch.setattr(run_store, "save_file", breaks_off)
    with pytest.raises(OSError, match="no space left"):
        run.save_best({"weight": torch.zeros(3)})
    assert (run.folder / "best.safetensors").read_bytes() == before
    assert sorted(path.name for path in run.folder.iterdir()) == files


@pytest.mark.parametrize(
    ("family", "dataset"), [("fm", "clicks"), ("dcn", "clicks"), ("dcn", "histories"), ("din", "histories")]
)
def test_the_best_model_reloads_and_gives_its_metrics_again(
    family: str, dataset: str, new_run: NewRun, datasets: DatasetStore, request: pytest.FixtureRequest
) -> None:
    stored: DataSet = request.getfixturevalue(dataset)
    run = new_run(family, stored, epochs=3, patience=1)
    train_run(run, datasets)
    metrics = run.metrics()
    assert metrics is not None
    again = evaluate_splits(Run(run.folder), stored)
    assert again.keys() == {"train", "valid", "test"}
    for split, measured in again.items():
        assert measured.to_json() == pytest.approx(metrics[split], abs=1e-6)
        assert ("gauc" in metrics[split]) == (dataset == "histories")
    model, encoder = run.load_model()
    assert not model.training
    assert not any(parameter.requires_grad for parameter in model.parameters())
    assert encoder.schema == stored.preparation.schema  # type: ignore[union-attr]


def test_a_run_holds_data_files_only_and_no_pickle(new_run: NewRun, datasets: DatasetStore) -> None:
    run = new_run()
    train_run(run, datasets)
    files = [path for path in run.folder.rglob("*") if path.is_file()]
    assert {path.suffix for path in files} == {".json", ".jsonl", ".safetensors", ".parquet"}
    assert {"run.json", "status.json", "history.jsonl", "best.safetensors", "last.safetensors"} <= {
        path.name for path in files
    }
    assert not [path for path in files if path.read_bytes()[:2] in (b"\x80\x02", b"\x80\x04", b"\x80\x05", b"PK")]


def test_asking_to_stop_ends_a_run_that_waits_at_once(new_run: NewRun) -> None:
    waiting, training = new_run(), new_run()
    waiting.ask_to_stop()
    assert waiting.status().state == "stopped"
    assert waiting.stop_request() == ("stopped", "Stopped by hand.")
    training.set_status("running")
    training.ask_to_stop("interrupted", "The server was shut down.")
    assert training.status().state == "running"
    assert training.stop_request() == ("interrupted", "The server was shut down.")


def test_a_deleted_run_does_not_come_back(new_run: NewRun) -> None:
    run = new_run()
    for path in run.folder.iterdir():
        path.unlink()
    run.folder.rmdir()
    run.set_status("running")
    run.ask_to_stop()
    assert not run.folder.exists()
    assert run.stop_request() is None
