"""stability: what is missing is trained once, and what was cut off is made up for."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from ctr_app.cli import stability
from ctr_app.training.run_store import Run

from .conftest import Trained
from .workplace import Workplace

FLAGS = ("--seeds", 1, "--nulls", 3, "--threads", 1)


@pytest.fixture
def copied(trained: Trained, workplace: Workplace) -> Workplace:
    """A copy of the workplace with trained runs, of which extra trainings leave nothing to other tests."""
    for name in ("data", "runs"):
        shutil.copytree(trained.workplace.folder / name, workplace.folder / name)
    return workplace


def test_a_run_is_repeated_and_its_pairs_are_measured(trained: Trained, copied: Workplace) -> None:
    answer = copied("stability", trained.id("fm"), *FLAGS, "--json")
    found = answer.json()
    assert (found["run"], found["model"], found["readout"]) == (trained.id("fm"), "FM", "weights")
    assert (found["seeds"], found["nulls"], len(found["pairs"])) == (2, 3, 66)
    assert found["above"] == sum(pair["passes"] for pair in found["pairs"])
    for pair in found["pairs"]:
        assert pair["low"] <= pair["strength"] <= pair["high"]
        assert pair["passes"] == (pair["strength"] >= pair["line"])
    assert answer.err.count("training with") == 4
    lines = copied("stability", trained.id("fm"), *FLAGS, "--readout", "behaviour")
    assert "training with" not in lines.err
    assert lines.out.splitlines()[0].startswith("By behaviour, 2 seeds, 3 nulls")
    assert lines.out.splitlines()[-1].endswith("of 66 pairs stand above the null line")
    assert [run["run"] for run in copied("runs", "--json").json()["runs"]] == [
        run["run"] for run in trained("runs", "--json").json()["runs"]
    ]


def test_what_ctrl_c_cut_off_is_trained_by_the_same_command(
    trained: Trained, copied: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    train, count = stability.train_run, 0

    def interrupted(run: Run, *others: Any) -> None:
        nonlocal count
        count += 1
        if count == 2:
            run.set_status("stopped", "Stopped by hand.")
            raise KeyboardInterrupt
        train(run, *others)

    monkeypatch.setattr(stability, "train_run", interrupted)
    answer = copied("stability", trained.id("fm"), "--seeds", 2, "--nulls", 0, "--threads", 1)
    assert answer.code == 130
    assert answer.err.endswith("Stopped at 2 of 2; the same command goes on from there.\n")
    again = copied("stability", trained.id("fm"), "--seeds", 2, "--nulls", 0, "--threads", 1, "--json")
    assert again.err.count("training with") == 1
    assert again.json()["seeds"] == 3
    assert {pair["line"] for pair in again.json()["pairs"]} == {None}
    extra = Path(trained.runs["fm"]["folder"]).name
    assert len(list((copied.folder / "runs" / extra / "extra").iterdir())) == 2


def test_what_cannot_be_repeated_is_a_sentence(trained: Trained, workplace: Workplace) -> None:
    run = trained.id("din")
    assert "must be between 0 and 100, not -1" in trained("stability", run, "--seeds", -1).refusal()
    refusal = trained("stability", run, "--readout", "weights").refusal()
    assert refusal == "Other seeds and nulls are read by behaviour, not by weights."
    assert "There is no run" in workplace("stability", "nowhere").refusal()
