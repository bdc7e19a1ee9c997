"""Forecasts of an epoch's time: what is measured, what is remembered, and that nothing else is changed by it."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from ctr_app.data.store import DataSet, DatasetStore
from ctr_app.models.registry import FAMILIES
from ctr_app.training import forecast
from ctr_app.training.driver import train_run
from ctr_app.training.forecast import Forecast, Forecaster, Probe, ProbeFailed, request_for
from ctr_app.training.launch import configs_for
from ctr_app.training.probe import EpochCost, Request, answer, clock_for
from tests.paths import REPOSITORY

from .conftest import NewRun

PATIENCE_SECONDS = 60
CPU = torch.device("cpu")
FOUND = EpochCost(1.0, 0.5, 0.25, 10**6)


def request(folder: Path = Path("data"), family: str = "fm", is_busy: bool = False, **settings: Any) -> Request:
    """For a family's defaults but these settings."""
    return request_for(folder, family, *configs_for(family, settings), CPU, Path("runs"), is_busy)


class PretendProbe:
    """Measures when it is let; remembers what it was asked, and fails where it is told to."""

    def __init__(self) -> None:
        self.asked: list[Request] = []
        self.has_begun, self.may_end = threading.Semaphore(0), threading.Semaphore(0)
        self.closed = 0
        self.fails = False

    def __call__(self, request: Request) -> EpochCost:
        self.asked.append(request)
        self.has_begun.release()
        assert self.may_end.acquire(timeout=PATIENCE_SECONDS)
        if self.fails:
            raise ProbeFailed("for a reason")
        return FOUND

    def close(self) -> None:
        self.closed += 1
        self.may_end.release(100)

    def wait_for_one(self) -> None:
        assert self.has_begun.acquire(timeout=PATIENCE_SECONDS)


@pytest.fixture
def probe() -> PretendProbe:
    return PretendProbe()


@pytest.fixture
def forecaster(probe: PretendProbe) -> Iterator[Forecaster]:
    forecaster = Forecaster(probe)
    yield forecaster
    forecaster.close()


def wait_for(forecaster: Forecaster, wanted: Request) -> Forecast:
    """Ask until it is known."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not (found := forecaster.ask(wanted)).is_over:
        assert time.monotonic() < give_up
        time.sleep(0.01)
    return found


def test_nobody_waits_and_what_was_measured_is_remembered(forecaster: Forecaster, probe: PretendProbe) -> None:
    assert forecaster.ask(request()) == Forecast(False)
    assert forecaster.ask(request()) == Forecast(False)
    probe.may_end.release()
    assert wait_for(forecaster, request()) == Forecast(True, FOUND)
    assert forecaster.ask(request()).epoch == FOUND
    assert len(probe.asked) == 1


@pytest.mark.parametrize(
    "settings",
    [{"learning_rate": 0.5}, {"epochs": 3}, {"seed": 7}, {"patience": 9}, {"monitor": "logloss"}],
    ids=str,
)
def test_settings_that_cost_nothing_are_not_measured_again(settings: dict[str, Any]) -> None:
    assert request(**settings) == request()


@pytest.mark.parametrize(
    "other",
    [
        request(batch_size=7),
        request(embedding_dim=7),
        request(weight_decay=0.0),
        request(family="dcn"),
        request(Path("other")),
        request(is_busy=True),
    ],
    ids=["batch size", "embedding", "decay", "family", "data", "busy"],
)
def test_settings_that_cost_something_are_measured_apart(other: Request) -> None:
    assert other != request()


def test_the_latest_request_comes_first(forecaster: Forecaster, probe: PretendProbe) -> None:
    first, second, third = (request(embedding_dim=size) for size in (1, 2, 3))
    forecaster.ask(first)
    probe.wait_for_one()
    forecaster.ask(second)
    forecaster.ask(third)
    probe.may_end.release(3)
    for wanted in (third, second):
        wait_for(forecaster, wanted)
    assert probe.asked == [first, third, second]


def test_what_nobody_asks_for_any_more_is_not_measured(
    forecaster: Forecaster, probe: PretendProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, left, kept, last = (request(embedding_dim=size) for size in (1, 2, 3, 4))
    seconds = [0.0]
    monkeypatch.setattr(forecast, "time", SimpleNamespace(monotonic=lambda: seconds[0]))
    forecaster.ask(first)
    probe.wait_for_one()
    forecaster.ask(left)
    forecaster.ask(kept)
    seconds[0] = forecast.FORGOTTEN_SECONDS + 1
    forecaster.ask(kept)
    probe.may_end.release(3)
    for wanted in (kept, last):
        wait_for(forecaster, wanted)
    assert probe.asked == [first, kept, last]


def test_what_cannot_be_measured_is_not_tried_again_and_again(forecaster: Forecaster, probe: PretendProbe) -> None:
    probe.fails = True
    probe.may_end.release(2)
    assert wait_for(forecaster, request()) == Forecast(True, None)
    assert forecaster.ask(request()) == Forecast(True, None)
    assert len(probe.asked) == 1


def test_only_so_much_is_remembered(
    forecaster: Forecaster, probe: PretendProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forecast, "REMEMBERED", 2)
    probe.may_end.release(3)
    for size in (1, 2, 3):
        wait_for(forecaster, request(embedding_dim=size))
    assert [forecaster.ask(request(embedding_dim=size)).is_over for size in (3, 2, 1)] == [True, True, False]


def test_when_nobody_asks_for_long_the_process_is_let_go_and_begins_anew(
    forecaster: Forecaster, probe: PretendProbe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forecast, "IDLE_SECONDS", 0.01)
    probe.may_end.release()
    wait_for(forecaster, request())
    give_up = time.monotonic() + PATIENCE_SECONDS
    while not probe.closed:
        assert time.monotonic() < give_up
        time.sleep(0.01)
    assert wait_for(forecaster, request(embedding_dim=2)).epoch == FOUND


def test_closing_gives_up_what_is_being_measured(probe: PretendProbe) -> None:
    forecaster = Forecaster(probe)
    forecaster.ask(request())
    probe.wait_for_one()
    forecaster.close()
    assert "ctr-lens-forecast" not in [thread.name for thread in threading.enumerate()]
    forecaster.ask(request(embedding_dim=2))
    assert len(probe.asked) == 1


@pytest.fixture(scope="module")
def process() -> Iterator[Probe]:
    """A measuring process."""
    probe = Probe()
    yield probe
    probe.close()


def real(datasets: DatasetStore, dataset: DataSet, runs: Path, family: str = "fm", **settings: Any) -> Request:
    """A request for a stored data set."""
    folder = datasets.get(dataset.id).encoded().folder
    return request_for(folder, family, *configs_for(family, settings), CPU, runs)


@pytest.mark.parametrize("batch_size", [64, 100_000])
@pytest.mark.parametrize("family", FAMILIES)
def test_every_part_of_an_epoch_is_measured(
    datasets: DatasetStore, histories: DataSet, tmp_path: Path, family: str, batch_size: int
) -> None:
    found = answer(real(datasets, histories, tmp_path / "runs", family, batch_size=batch_size))
    assert (found.memory is None) == (not Path("/proc/self/status").exists())
    assert min(found.steps, found.evaluation, found.writing) > 0
    assert found.seconds == found.steps + found.evaluation + found.writing
    assert list((tmp_path / "runs").iterdir()) == []


def test_one_thread_is_timed_by_what_it_computes(monkeypatch: pytest.MonkeyPatch) -> None:
    for threads, device, clock in ((1, "cpu", "process_time"), (2, "cpu", "perf_counter"), (1, "cuda", "perf_counter")):
        monkeypatch.setattr(torch, "get_num_threads", lambda threads=threads: threads)
        assert clock_for(torch.device(device)) is getattr(time, clock)


def test_the_process_answers_each_line_with_one_and_ends_with_its_input(
    datasets: DatasetStore, clicks: DataSet, tmp_path: Path
) -> None:
    good = real(datasets, clicks, tmp_path)
    lines = [json.dumps(asdict(wanted)) for wanted in (replace(good, folder=str(tmp_path / "gone")), good)]
    done = subprocess.run(
        [sys.executable, "-m", "ctr_app.training.probe"],
        input="\n".join(["no JSON", *lines]),
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    )
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [list(found) for found in answers] == [["error"], ["error"], ["steps", "evaluation", "writing", "memory"]]
    assert "FileNotFoundError" in answers[1]["error"]


def test_a_process_that_is_gone_is_an_error_once(
    process: Probe, datasets: DatasetStore, clicks: DataSet, tmp_path: Path
) -> None:
    wanted = real(datasets, clicks, tmp_path)
    process.close()
    process._process = subprocess.Popen(
        [sys.executable, "-c", "input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    process._process.kill()
    with pytest.raises(ProbeFailed, match="without an answer"):
        process(wanted)
    assert process(wanted).seconds > 0


def test_a_process_that_takes_too_long_is_ended(
    datasets: DatasetStore, clicks: DataSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forecast, "LIMIT_SECONDS", 0.0)
    probe = Probe()
    with pytest.raises(ProbeFailed, match="without an answer"):
        probe(real(datasets, clicks, tmp_path))


def test_measuring_changes_nothing_of_a_run_that_trains_meanwhile(
    process: Probe, datasets: DatasetStore, clicks: DataSet, new_run: NewRun, tmp_path: Path
) -> None:
    alone, beside = (new_run("dcn", epochs=3, dropout=0.5) for _ in range(2))
    train_run(alone, datasets)
    before = torch.get_rng_state()
    wanted = real(datasets, clicks, tmp_path, "dcn")
    process(wanted)
    assert torch.equal(before, torch.get_rng_state())
    has_ended, measured = threading.Event(), []

    def measure() -> None:
        while not has_ended.is_set():
            measured.append(process(wanted))

    thread = threading.Thread(target=measure)
    thread.start()
    train_run(beside, datasets)
    has_ended.set()
    thread.join()
    assert measured
    first, second = (load_file(run.folder / "best.safetensors") for run in (alone, beside))
    assert all(torch.equal(tensor, second[name]) for name, tensor in first.items())
    assert [event for event in alone.history() if event["kind"] == "eval"] == [
        event for event in beside.history() if event["kind"] == "eval"
    ]
