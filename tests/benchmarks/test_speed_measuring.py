"""One peer at work: what is timed, what is answered, and what happens when it fails."""

import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import speed
import torch
from peers import ours, rows, worker
from peers.environments import NotInstalled
from peers.pool import PeerFailed, Worker
from peers.recipes import RECIPES, Job
from peers.tables import TITLES


@pytest.fixture
def clicks(tmp_path) -> Path:
    return rows.write_table(rows.make_clicks(300, 5_000), tmp_path / "clicks")


class PretendLearner:
    """Takes one second of CPU time in each epoch."""

    def __init__(self) -> None:
        self.model, self.epochs = torch.nn.Linear(2, 1), 0

    def train_epoch(self, watch: worker.Stopwatch) -> None:
        self.epochs += 1
        watch.cpu += 1.0
        watch.wall += 2.0

    def scores(self) -> np.ndarray:
        assert self.epochs == 3, "AUC is measured after equal epochs, whatever is timed beyond"
        return np.arange(60)


def test_the_warm_up_epoch_is_not_timed_and_more_are_added_until_it_is_long_enough(clicks) -> None:
    learner = PretendLearner()
    adapter = SimpleNamespace(build=lambda *_: learner)
    found = worker.measure(adapter, Job("fm", str(clicks), 0, epochs=3, seconds=3.5))
    assert learner.epochs == 5
    assert (found.rows, found.cpu, found.wall) == (4 * 240, 4.0, 8.0)
    assert found.parameters == 3


@pytest.mark.parametrize("name", RECIPES)
def test_our_adapter_trains_every_recipe_and_times_each_epoch(name) -> None:
    recipe = RECIPES[name]
    table = rows.make_clicks(100, 5_000) if recipe.table == "clicks" else rows.make_histories(100)
    learner, watch = ours.build(recipe, table, 0), worker.Stopwatch()
    learner.train_epoch(watch)
    once = watch.cpu
    learner.train_epoch(watch)
    assert 0 < once < watch.cpu
    assert learner.scores().shape == (20,)


def test_the_clicks_recipes_have_as_many_parameters_as_the_issue_says() -> None:
    table = rows.make_clicks(10)
    for name in ("fm", "dcn-v1", "dcn-v2", "dcn-mix"):
        model = ours.build(RECIPES[name], table, 0).model
        assert 3.3e6 < sum(parameter.numel() for parameter in model.parameters()) < 3.9e6


def test_a_worker_answers_jobs_and_says_why_one_fails(clicks, tmp_path) -> None:
    peer = Worker("ours", sys.executable, tmp_path / "log")
    try:
        assert peer.versions["torch"] == torch.__version__
        assert peer.measure(Job("fm", str(clicks), 0)).rows == 240
        with pytest.raises(PeerFailed, match="FileNotFoundError"):
            peer.measure(Job("fm", str(tmp_path / "nowhere"), 0))
        assert peer.measure(Job("fm", str(clicks), 1)).rows == 240
    finally:
        peer.close()


def test_peers_that_cannot_start_are_left_out_with_the_reason(tmp_path, monkeypatch) -> None:
    def refuse(*_: object) -> str:
        raise NotInstalled("no network")

    monkeypatch.setattr(speed, "python_of", refuse)
    findings, plan = speed.Findings(), speed.Plan(["fm"], ["tutorial", "rechub"], 100, 1, 0.0)
    with speed.workers_for(plan, tmp_path, tmp_path / "absent", tmp_path, findings) as workers:
        assert workers == {}
    assert findings.missing == [
        "The tutorials are not here, so their row is left out.",
        "torch-rechub is left out: no network.",
    ]


def test_only_a_run_of_everything_is_kept() -> None:
    assert speed.Plan(list(RECIPES), list(TITLES), 100, 1, 0.0).is_whole
    assert not speed.Plan(list(RECIPES), ["ours"], 100, 1, 0.0).is_whole


def test_the_section_tells_how_it_was_made() -> None:
    plan, findings = speed.Plan(["fm"], ["ours"], 1000, 2, 0.0), speed.Findings(missing=["A reason."])
    text = speed.section(plan, findings, "python benchmarks/speed.py", 12.3)
    assert text.startswith("## Training speed\n")
    assert "A reason." in text
    assert "1,000 rows of clicks and 500 of histories" in text
    assert "2 interleaved repeats, 12 s" in text
