"""The queue: one run after the other, and what can befall those that wait."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from ctr_app.data.store import DatasetStore
from ctr_app.training import jobs
from ctr_app.training.driver import train_run
from ctr_app.training.extra import new_extra_run
from ctr_app.training.jobs import JobQueue
from ctr_app.training.run_store import Run, RunStore
from ctr_app.training.showing import AtEpoch

from .conftest import NewRun

PATIENCE_SECONDS = 60


class Stage:
    """Stands in for training: runs wait in it until they are let go, and it remembers who came."""

    def __init__(self) -> None:
        self.came: list[str] = []
        self.has_begun = threading.Semaphore(0)
        self.may_end = threading.Semaphore(0)

    def train_run(self, run: Run, _datasets: DatasetStore, at_epoch: AtEpoch | None = None) -> None:
        assert at_epoch is None
        self.came.append(run.id)
        run.set_status("running")
        self.has_begun.release()
        assert self.may_end.acquire(timeout=PATIENCE_SECONDS)
        run.set_status(*(run.stop_request() or ("done", "")))

    def wait_for_one(self) -> None:
        assert self.has_begun.acquire(timeout=PATIENCE_SECONDS)


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    stage = Stage()
    monkeypatch.setattr(jobs, "train_run", stage.train_run)
    return stage


@pytest.fixture
def queue(runs: RunStore, datasets: DatasetStore) -> Iterator[JobQueue]:
    queue = JobQueue(runs, datasets)
    yield queue
    queue.close()


def test_runs_are_trained_one_after_the_other_in_their_order(
    stage: Stage, queue: JobQueue, runs: RunStore, new_run: NewRun
) -> None:
    submitted = [new_run() for _ in range(3)]
    for run in submitted:
        queue.submit(run)
    stage.wait_for_one()
    assert [run.status().state for run in submitted] == ["running", "queued", "queued"]
    assert [queue.position(run.id) for run in submitted] == [0, 1, 2]
    assert queue.position("unknown") == 0
    stage.may_end.release()
    stage.wait_for_one()
    assert [run.status().state for run in submitted] == ["done", "running", "queued"]
    assert [queue.position(run.id) for run in submitted] == [0, 0, 1]
    stage.may_end.release(2)
    queue.join()
    assert stage.came == [run.id for run in submitted]
    assert {run.status().state for run in runs.list()} == {"done"}


def test_extra_trainings_let_all_others_go_first(stage: Stage, queue: JobQueue, new_run: NewRun) -> None:
    first, late = new_run(), new_run()
    extra = [new_extra_run(first, "seed", seed=seed) for seed in (1, 2)]
    for run in (first, *extra, late):
        queue.submit(run)
    stage.wait_for_one()
    assert [queue.position(run.id) for run in (first, late, *extra)] == [0, 1, 2, 3]
    stage.may_end.release(4)
    queue.join()
    assert stage.came == [first.id, late.id, *(run.id for run in extra)]


def test_extra_trainings_are_not_filmed(runs: RunStore, datasets: DatasetStore, new_run: NewRun) -> None:
    shown: list[str] = []
    queue = JobQueue(runs, datasets, at_epoch=lambda run, *_: shown.append(run.id))
    run = new_run(epochs=1)
    queue.submit(run)
    queue.submit(new_extra_run(run, "seed", seed=1))
    queue.join()
    queue.close()
    assert set(shown) == {run.id}


def test_a_run_that_waits_can_be_taken_back(stage: Stage, queue: JobQueue, new_run: NewRun) -> None:
    first, second, third = (new_run() for _ in range(3))
    for run in (first, second, third):
        queue.submit(run)
    stage.wait_for_one()
    second.ask_to_stop()
    assert second.status().state == "stopped"
    assert queue.position(third.id) == 1
    stage.may_end.release(2)
    queue.join()
    assert stage.came == [first.id, third.id]
    assert (second.status().state, second.status().reason) == ("stopped", "Stopped by hand.")
    assert second.history() == []


def test_closing_marks_all_that_have_not_ended_as_interrupted(
    stage: Stage, runs: RunStore, datasets: DatasetStore, new_run: NewRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = JobQueue(runs, datasets)
    training, waiting, taken_back = (new_run() for _ in range(3))
    for run in (training, waiting, taken_back):
        queue.submit(run)
    stage.wait_for_one()
    taken_back.ask_to_stop()
    ask = training.ask_to_stop
    monkeypatch.setattr(training, "ask_to_stop", lambda *asked: (ask(*asked), stage.may_end.release()))
    queue.close()
    assert [run.status().state for run in (training, waiting, taken_back)] == ["interrupted", "interrupted", "stopped"]
    assert "server was shut down" in waiting.status().reason
    assert stage.came == [training.id]


def test_a_run_that_fails_does_not_stop_the_worker(
    queue: JobQueue, new_run: NewRun, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken, sound = new_run(), new_run()

    def break_one(run: Run, datasets: DatasetStore, **_others: object) -> None:
        if run.id == broken.id:
            raise ZeroDivisionError
        train_run(run, datasets)

    monkeypatch.setattr(jobs, "train_run", break_one)
    for run in (broken, sound):
        queue.submit(run)
    queue.join()
    assert sound.status().state == "done"
    assert f"Run {broken.id} failed" in caplog.text


def test_two_workers_train_two_runs_at_a_time(
    stage: Stage, runs: RunStore, datasets: DatasetStore, new_run: NewRun
) -> None:
    queue = JobQueue(runs, datasets, num_workers=2)
    submitted = [new_run() for _ in range(2)]
    for run in submitted:
        queue.submit(run)
    stage.wait_for_one()
    stage.wait_for_one()
    assert {run.status().state for run in submitted} == {"running"}
    stage.may_end.release(2)
    queue.join()
    queue.close()
    assert {run.status().state for run in submitted} == {"done"}


def test_a_run_in_training_stops_when_asked(queue: JobQueue, runs: RunStore, new_run: NewRun) -> None:
    run = new_run(epochs=10_000, patience=1000, monitor="logloss", learning_rate=1e-6)
    queue.submit(run)
    while not run.has_model:
        threading.Event().wait(0.01)
    runs.get(run.id).ask_to_stop()
    queue.join()
    assert run.status().state == "stopped"
    assert run.metrics() is not None
    assert run.load_model()
