"""Repeats of the standard test on disk: stopped, taken up again, and damaged."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ctr_app.data.store import DatasetStore
from ctr_app.explain import suite_jobs
from ctr_app.explain.suite import Suite, scores
from ctr_app.training.jobs import JobQueue
from ctr_app.training.run_store import RunStore

SMALL = Suite(("f5", "f1"), rows=600, seeds=(1, 2), settings={"epochs": 1, "embedding_dim": 4, "mlp_sizes": (4,)})


@pytest.fixture
def runs(tmp_path) -> RunStore:
    return RunStore(tmp_path / "runs")


def test_a_repeat_is_trained_in_the_queue_and_its_scores_are_kept(runs, tmp_path):
    datasets = DatasetStore(tmp_path / "data")
    queue = JobQueue(runs, datasets)
    suite = replace(SMALL, functions=("f5",))
    repeat = suite_jobs.new_repeat(runs, suite)
    queue.submit(repeat, suite_jobs.train_repeat)
    queue.join()
    queue.close()
    (kept,) = suite_jobs.repeats(runs)
    assert kept.id == repeat.id
    assert (kept.status().state, suite_jobs.num_done(kept), suite_jobs.next_task(kept)) == ("done", 2, None)
    assert suite_jobs.suite_of(kept) == suite
    assert suite_jobs.scores_of(kept) == list(scores(suite))
    assert suite_jobs.seconds_each(kept) > 0
    assert runs.list() == []
    assert [run.id for run in runs.list_with_extra()] == [repeat.id]


def test_what_is_stopped_keeps_what_is_done_and_goes_on_from_there(runs, monkeypatch):
    repeat, made = suite_jobs.new_repeat(runs, SMALL), []

    def one_then_stop(suite, is_stopped):
        made.append((suite.seeds, suite.functions))
        if len(made) == 2:
            repeat.ask_to_stop()
        return scores(suite, is_stopped)

    monkeypatch.setattr(suite_jobs, "scores", one_then_stop)
    suite_jobs.train_repeat(repeat, None)
    assert repeat.status().state == "stopped"
    assert (suite_jobs.num_done(repeat), suite_jobs.next_task(repeat)) == (1, (1, "f1"))
    suite_jobs.queue_again(repeat)
    suite_jobs.train_repeat(repeat, None)
    assert repeat.status().state == "done"
    assert made == [((1,), ("f5",)), ((1,), ("f1",)), ((1,), ("f1",)), ((2,), ("f5",)), ((2,), ("f1",))]
    assert len(suite_jobs.scores_of(repeat)) == 4 * 3


def test_a_damaged_repeat_is_passed_over(runs):
    repeats = [suite_jobs.new_repeat(runs, SMALL) for _ in range(3)]
    (repeats[0].folder / "asked.json").unlink()
    (repeats[1].folder / "asked.json").write_text('{"rows": 5}')
    assert [repeat.id for repeat in suite_jobs.repeats(runs)] == [repeats[2].id]
