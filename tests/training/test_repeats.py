"""Repeats of a run: which are planned, which are missing, and that what was cut off is made up for."""

from __future__ import annotations

from ctr_app.data.store import DatasetStore
from ctr_app.training.driver import train_run
from ctr_app.training.jobs import JobQueue
from ctr_app.training.repeats import (
    NULL,
    SEED,
    Repeat,
    asked_for,
    finished,
    missing,
    planned,
    repeats,
    seconds_each,
    standing,
    stop_repeats,
)
from ctr_app.training.run_store import RunStore

from .conftest import NewRun


def test_planned_repeats_differ_from_the_run_and_from_each_other(new_run: NewRun) -> None:
    run = new_run(seed=2**31 - 2)
    found = planned(run, 3, 4)
    assert [repeat.purpose for repeat in found] == [SEED] * 3 + [NULL] * 4
    assert [repeat.null_seed for repeat in found] == [None] * 3 + [0, 1, 2, 3]
    seeds = [repeat.seed for repeat in found]
    assert len({*seeds, run.spec().training["seed"]}) == 8
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert planned(run, 1, 2) == [found[0], *found[3:5]]


def test_what_is_done_or_on_its_way_is_not_missing(new_run: NewRun, datasets: DatasetStore) -> None:
    run = new_run(epochs=1)
    wanted = planned(run, 2, 1)
    assert missing(run, 2, 1) == wanted
    first, second, third = (repeat.queue(run) for repeat in wanted)
    assert missing(run, 2, 1) == []
    assert asked_for(run) == (2, 1)
    train_run(first, datasets)
    second.ask_to_stop()
    third.set_status("failed", "for a reason")
    assert missing(run, 2, 1) == wanted[1:]
    assert [extra.id for extra in finished(run, SEED)] == [first.id]
    assert finished(run, NULL) == []
    far = standing(run)
    assert (far.num_done, far.live, far.problem) == (1, [], "for a reason")
    again = [repeat.queue(run) for repeat in missing(run, 2, 1)]
    assert {extra.id for extra in repeats(run)} == {first.id, *(extra.id for extra in again)}
    assert asked_for(run) == (2, 1)
    assert [Repeat.of(extra) for extra in repeats(run)] == wanted


def test_a_batch_that_was_stopped_goes_on_where_it_was(new_run: NewRun, runs: RunStore, datasets: DatasetStore) -> None:
    run = new_run(epochs=1)
    assert seconds_each(run) is None
    train_run(run, datasets)
    assert seconds_each(run) == run.metrics()["seconds"]  # type: ignore[index]
    queue = JobQueue(runs, datasets)
    for repeat in missing(run, 1, 2):
        queue.submit(repeat.queue(run))
    stop_repeats(run)
    queue.join()
    assert standing(run).live == []
    before = standing(run).num_done
    for repeat in missing(run, 1, 2):
        queue.submit(repeat.queue(run))
    queue.join()
    queue.close()
    assert standing(run).num_done == 3 > before
    assert missing(run, 1, 2) == []
