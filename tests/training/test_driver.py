"""One stored run from start to end: the state it ends in, and what it leaves behind."""

from __future__ import annotations

import errno
import json
import shutil
import threading
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from ctr_app.data.dataset import EncodedDataset
from ctr_app.data.store import DatasetStore
from ctr_app.training import driver
from ctr_app.training.driver import Progress, train_run
from ctr_app.training.metrics import measure
from ctr_app.training.run_store import Run
from ctr_app.training.trainer import Trainer, predict

from .conftest import NewRun


@pytest.fixture(autouse=True)
def _every_step_is_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(driver, "WRITE_SECONDS", 0.0)


def at_first(kind: str, do: Any) -> Any:
    """A progress callback that does something once, at the first event of that kind."""
    done = []

    def on_progress(progress: Progress) -> None:
        if progress.kind == kind and not done:
            done.append(True)
            do()

    return on_progress


def failing_step(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    def step(*_: object) -> None:
        raise error

    monkeypatch.setattr(Trainer, "_step", step)


def kinds(run: Run) -> list[str]:
    return [event["kind"] for event in run.history()]


def test_a_run_that_is_done_leaves_history_and_metrics(new_run: NewRun, datasets: DatasetStore) -> None:
    run, seen = new_run(epochs=2), []
    train_run(run, datasets, seen.append)
    assert (run.status().state, run.status().reason) == ("done", "")
    one_epoch = ["steps"] * 5 + ["eval"]  # 1,200 training rows, 256 in each step
    assert kinds(run) == ["start", *one_epoch, *one_epoch, "end"]
    assert [progress.kind for progress in seen] == kinds(run)
    start, first_steps, *_, end = run.history()
    assert (start["device"], start["rows"], start["steps_per_epoch"], start["epochs"]) == ("cpu", 1200, 5, 2)
    assert start["parameters"] == sum(parameter.numel() for parameter in run.load_model()[0].parameters())
    assert (first_steps["step"], first_steps["epoch"], first_steps["rows"]) == (1, 0.2, 256)
    metrics = run.metrics()
    assert metrics is not None
    assert (metrics["epochs"], metrics["best_epoch"]) == (2, end["best_epoch"])
    assert metrics["rows_per_second"] > 0
    assert {split: metrics[split]["rows"] for split in ("train", "valid", "test")} == {
        "train": 1200,
        "valid": 150,
        "test": 150,
    }
    best = next(e for e in run.history() if e["kind"] == "eval" and e["epoch"] == metrics["best_epoch"])
    assert metrics["valid"]["auc"] == pytest.approx(best["auc"], abs=1e-6)


def test_a_run_out_of_patience_is_done_and_says_so(new_run: NewRun, datasets: DatasetStore) -> None:
    run = new_run(epochs=50, patience=1, learning_rate=0.5)
    train_run(run, datasets)
    assert run.status().state == "done"
    assert run.status().reason == "No better validation AUC for 1 epochs."
    assert run.metrics()["epochs"] < 50  # type: ignore[index]


def test_the_same_run_twice_gives_the_same_weights(new_run: NewRun, datasets: DatasetStore) -> None:
    first, second = new_run("dcn", seed=5), new_run("dcn", seed=5)
    for run in (first, second):
        train_run(run, datasets)
        torch.rand(11)
    a, b = (run.load_model()[0].state_dict() for run in (first, second))
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_a_run_stopped_after_an_epoch_keeps_what_it_learned(new_run: NewRun, datasets: DatasetStore) -> None:
    run = new_run(epochs=100, patience=100)
    train_run(run, datasets, at_first("eval", run.ask_to_stop))
    assert (run.status().state, run.status().reason) == ("stopped", "Stopped by hand.")
    assert run.metrics()["epochs"] == 1  # type: ignore[index]
    assert run.load_model()
    assert kinds(run)[-1] == "end"


def test_a_run_stopped_before_the_first_epoch_has_no_model(new_run: NewRun, datasets: DatasetStore) -> None:
    run = new_run()
    train_run(run, datasets, at_first("steps", run.ask_to_stop))
    assert run.status().state == "stopped"
    assert not run.has_model
    assert run.metrics() is None


def test_control_c_stops_the_run_and_keeps_what_it_learned(new_run: NewRun, datasets: DatasetStore) -> None:
    run = new_run(epochs=100, patience=100)

    def press() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_run(run, datasets, at_first("eval", press))
    assert (run.status().state, run.status().reason) == ("stopped", "Stopped by hand.")
    assert run.metrics()["test"]["rows"] == 150  # type: ignore[index]


def test_control_c_before_training_stops_the_run(
    new_run: NewRun, datasets: DatasetStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = new_run()
    failing_step(monkeypatch, KeyboardInterrupt())
    with pytest.raises(KeyboardInterrupt):
        train_run(run, datasets)
    assert run.status().state == "stopped"


def test_a_loss_that_is_no_number_fails_with_advice(
    new_run: NewRun, datasets: DatasetStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = new_run()
    monkeypatch.setattr(Trainer, "_step", lambda *_: torch.tensor(float("nan")))
    train_run(run, datasets)
    assert run.status().state == "failed"
    assert run.status().reason == "The loss is no number any more at step 1; try a lower learning rate."


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (MemoryError(), driver.NO_MEMORY),
        (torch.OutOfMemoryError("CUDA out of memory"), driver.NO_MEMORY),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes"), driver.NO_MEMORY),
        (
            OSError(errno.ENOSPC, "No space left on device", "last.safetensors"),
            "last.safetensors cannot be read or written: No space left on device.",
        ),
    ],
    ids=["memory", "memory of the GPU", "torch's own words for memory", "a full disk"],
)
def test_what_the_machine_lacks_is_a_sentence(
    new_run: NewRun, datasets: DatasetStore, monkeypatch: pytest.MonkeyPatch, error: Exception, reason: str
) -> None:
    run = new_run()
    failing_step(monkeypatch, error)
    train_run(run, datasets)
    assert (run.status().state, run.status().reason) == ("failed", reason)


def test_an_error_of_ours_fails_the_run_and_is_not_hidden(
    new_run: NewRun, datasets: DatasetStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = new_run()
    failing_step(monkeypatch, ZeroDivisionError("by zero"))
    with pytest.raises(ZeroDivisionError):
        train_run(run, datasets)
    assert run.status().state == "failed"
    assert run.status().reason == "An error that should not happen: ZeroDivisionError: by zero"


def test_a_data_set_or_device_that_is_gone_is_a_sentence(new_run: NewRun, datasets: DatasetStore) -> None:
    run = new_run()
    described = json.loads((run.folder / "run.json").read_text())
    (run.folder / "run.json").write_text(json.dumps(described | {"dataset_id": "gone"}))
    train_run(run, datasets)
    assert (run.status().state, run.status().reason) == ("failed", "The data set gone is not here any more.")
    elsewhere = new_run(device="cuda:77")
    train_run(elsewhere, datasets)
    assert elsewhere.status().state == "failed"
    assert "no device cuda:77" in elsewhere.status().reason


def test_signs_of_life_come_while_nothing_is_written_and_end_with_the_run(
    new_run: NewRun, datasets: DatasetStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver, "HEARTBEAT_SECONDS", 0.001)
    run, renewed = new_run(), threading.Event()
    set_status = run.set_status

    def noticed(state: str, reason: str = "") -> None:
        set_status(state, reason)
        if threading.current_thread() is not threading.main_thread():
            renewed.set()

    monkeypatch.setattr(run, "set_status", noticed)
    train_run(run, datasets, at_first("start", lambda: renewed.wait(60)))
    assert renewed.is_set()
    assert run.status().state == "done"
    assert not [thread for thread in threading.enumerate() if run.id in thread.name]


def test_a_run_deleted_while_it_trains_ends_and_stays_deleted(new_run: NewRun, datasets: DatasetStore) -> None:
    run = new_run(epochs=50)
    train_run(run, datasets, at_first("eval", lambda: shutil.rmtree(run.folder)))
    assert not run.folder.exists()


def test_the_model_is_shown_before_training_and_as_it_was_validated(new_run: NewRun, datasets: DatasetStore) -> None:
    run, shown = new_run("dcn", epochs=2), {}

    def look(of: Run, epoch: int, model: nn.Module, dataset: EncodedDataset) -> None:
        logits = predict(model, dataset.batch("valid"))
        auc = measure(np.asarray(dataset.rows("valid").labels), logits).auc
        shown[epoch] = (of.id, auc, {name: tensor.clone() for name, tensor in model.state_dict().items()})

    train_run(run, datasets, at_epoch=look)
    evals = {event["epoch"]: event["auc"] for event in run.history() if event["kind"] == "eval"}
    assert list(shown) == [0, 1, 2]
    assert {of for of, _, _ in shown.values()} == {run.id}
    assert {epoch: auc for epoch, (_, auc, _) in shown.items() if epoch} == pytest.approx(evals, abs=1e-6)
    best, _ = run.load_model()
    kept = shown[run.metrics()["best_epoch"]][2]  # type: ignore[index]
    assert all(torch.equal(tensor, kept[name]) for name, tensor in best.state_dict().items())


def test_training_goes_on_where_nothing_can_be_shown(
    new_run: NewRun, datasets: DatasetStore, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    run, plain = new_run(), new_run()
    train_run(run, datasets, at_epoch=fail)
    train_run(plain, datasets)
    assert run.status().state == "done"
    assert f"Run {run.id} goes on without what was to be kept of epoch 2" in caplog.text
    a, b = (trained.load_model()[0].state_dict() for trained in (run, plain))
    assert all(torch.equal(a[name], b[name]) for name in a)
