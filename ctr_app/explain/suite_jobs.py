"""The standard test on disk: each repeat a folder with a status, what was asked, and a line for every training.

Repeats lie as extra trainings do, so that they wait until all other runs are trained and never show among them.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from itertools import product
from typing import Any

from ..data.files import read_json, write_json
from ..data.schema import Column, Role, Schema
from ..data.store import DatasetStore, Preparation
from ..training.driver import carry_out
from ..training.run_store import EXTRA, UNREADABLE, Run, RunStore
from .suite import Score, Stopped, Suite, scores

PURPOSE, FOLDER = "suite", "recovery"
# The tables are made anew for each training, so that no stored one is named; a schema must have a field.
NO_TABLE = Preparation(Schema((Column("x1", Role.NUMERIC), Column("probability", Role.LABEL)), positive=None))

Task = tuple[int, str]  # a seed, and a function that is learned with it


def new_repeat(runs: RunStore, suite: Suite) -> Run:
    """A queued repeat of the standard test; nobody trains it yet."""
    family, model, training = suite.recipe.configs(suite.seeds[0])
    repeat = _store(runs).create(
        family,
        model,
        training,
        device="cpu",
        dataset_id="",
        dataset_name="",
        content_hash="",
        preparation=NO_TABLE,
        purpose=PURPOSE,
    )
    write_json(repeat.folder / "asked.json", asdict(suite))
    return repeat


def repeats(runs: RunStore) -> list[Run]:
    """The repeats that were ever asked for, newest first; what is damaged is passed over."""
    return [repeat for repeat in _store(runs).list() if _is_readable(repeat)]


def suite_of(repeat: Run) -> Suite:
    """What a repeat was asked to do."""
    asked = read_json(repeat.folder / "asked.json")
    lists = {name: tuple(asked[name]) for name in ("functions", "seeds")}
    settings = {name: tuple(value) if isinstance(value, list) else value for name, value in asked["settings"].items()}
    return Suite(**{**asked, **lists, "settings": settings})


def scores_of(repeat: Run) -> list[Score]:
    """The score of every readout of every training that is done."""
    return [Score(**score) for event in _done(repeat) for score in event["scores"]]


def num_done(repeat: Run) -> int:
    """How many trainings are done, of ``len(suite_of(repeat))``."""
    return len(_done(repeat))


def seconds_each(repeat: Run) -> float | None:
    """The mean seconds of a training; None before the first is done."""
    seconds = [event["seconds"] for event in _done(repeat)]
    return sum(seconds) / len(seconds) if seconds else None


def next_task(repeat: Run) -> Task | None:
    """The seed and the function that are trained now, or come next; None when all are done."""
    return next(_missing(repeat), None)


def queue_again(repeat: Run) -> None:
    """Let a repeat that was stopped wait again; what is done is kept."""
    (repeat.folder / "stop.json").unlink(missing_ok=True)
    repeat.set_status("queued")


def train_repeat(repeat: Run, _datasets: DatasetStore) -> None:
    """Train what is missing until all is done, stopped or failed; the repeat's status says which, in words."""
    carry_out(repeat, lambda: _train(repeat))


def _train(repeat: Run) -> tuple[str, str]:
    suite = suite_of(repeat)
    for seed, function in _missing(repeat):
        started = time.perf_counter()
        one = replace(suite, functions=(function,), seeds=(seed,))
        try:
            found = list(scores(one, lambda: repeat.stop_request() is not None))
        except Stopped:
            return repeat.stop_request() or ("stopped", "")
        seconds = time.perf_counter() - started
        repeat.append(
            "scored", seed=seed, function=function, seconds=seconds, scores=[asdict(score) for score in found]
        )
    return "done", ""


def _missing(repeat: Run) -> Iterator[Task]:
    """What was not trained before, seed by seed."""
    suite, done = suite_of(repeat), {(event["seed"], event["function"]) for event in _done(repeat)}
    return (task for task in product(suite.seeds, suite.functions) if task not in done)


def _done(repeat: Run) -> list[dict[str, Any]]:
    return [event for event in repeat.history() if event["kind"] == "scored"]


def _store(runs: RunStore) -> RunStore:
    return RunStore(runs.root / FOLDER / EXTRA)


def _is_readable(repeat: Run) -> bool:
    try:
        return bool(suite_of(repeat).functions)
    except UNREADABLE:
        return False
