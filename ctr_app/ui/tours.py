"""The three tours of the Home page: a planted sample, a model, and the picture that they end on."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from ..training.launch import new_run
from ..training.run_store import Run
from . import services
from .state import Started, state

DOUBLE_PRESS_SECONDS = 2.0


@dataclass(frozen=True)
class Tour:
    """What one button does: which model on which sample, with which settings over the defaults."""

    family: str
    sample: str
    title: str
    settings: dict[str, Any] = field(default_factory=dict)


TOURS = {
    "fm": Tour("fm", "planted-clicks", "FM on planted clicks", {"learning_rate": 4e-3, "batch_size": 512}),
    "dcn": Tour(
        "dcn",
        "planted-clicks",
        "DCN-V2 on planted clicks",
        {"learning_rate": 4e-3, "batch_size": 2048, "epochs": 10},
    ),
    "din": Tour("din", "planted-histories", "DIN on planted histories"),
}


def start_tour(name: str) -> Run:
    """Load the sample, start training in the background, and remember to end on the picture."""
    tour = TOURS[name]
    dataset = services.datasets().add_sample(tour.sample)
    own = state()
    run = start_run(dataset.id, tour.family, tour.settings)
    own.tour_run_id = run.id
    return run


def start_run(dataset_id: str, family: str, settings: dict[str, Any], device: str = "auto") -> Run:
    """Store a new run and put it into the queue; raises InputError for settings or data that cannot be used.

    The second press of a double one begins nothing: it gives the run of the first.
    """
    own, runs, jobs = state(), services.runs(), services.jobs()  # asking for these is where a second press cuts in
    asked, last = (dataset_id, family, dict(settings), device), own.started
    if last is not None and last.asked == asked and time.monotonic() - last.moment < DOUBLE_PRESS_SECONDS:
        run = services.run_called(last.run_id)
        if run.status().is_live:
            return run
    run = new_run(runs, services.datasets().get(dataset_id), family, settings, device)
    jobs.submit(run)
    own.started = Started(asked, run.id, time.monotonic())
    own.run_id, own.dataset_id = run.id, dataset_id
    return run
