"""Runs trained before a test begins, by the same code as the app's; and measurements made up."""

from __future__ import annotations

import threading
from typing import Any

from ctr_app.data.store import DataSet, DatasetStore
from ctr_app.explain.snapshots import keep_snapshot
from ctr_app.models.registry import resolve
from ctr_app.training.driver import train_run
from ctr_app.training.forecast import ProbeFailed
from ctr_app.training.launch import configs_for
from ctr_app.training.probe import EpochCost, Request
from ctr_app.training.run_store import Run, RunStore


def queued_run(runs: RunStore, dataset: DataSet, model: str = "fm", **settings: Any) -> Run:
    """A new run of ``model`` (a family or another name of one) that nobody trains yet."""
    family, implied = resolve(model)
    config, training = configs_for(family.name, {"epochs": 2, "batch_size": 256, **implied, **settings})
    assert dataset.preparation is not None
    return runs.create(
        family.name,
        config,
        training,
        device="cpu",
        dataset_id=dataset.id,
        dataset_name=dataset.name,
        content_hash=dataset.content_hash,
        preparation=dataset.preparation,
    )


def trained_run(runs: RunStore, datasets: DatasetStore, dataset: DataSet, model: str = "fm", **settings: Any) -> Run:
    """A run of ``model`` on a stored data set, trained to its end."""
    run = queued_run(runs, dataset, model, **settings)
    train_run(run, datasets, at_epoch=keep_snapshot)
    return run


class PretendProbe:
    """Says how long an epoch takes, once it ``may_answer``: ``epoch``, or with None that it cannot be measured."""

    def __init__(self) -> None:
        self.epoch: EpochCost | None = EpochCost(2.0, 0.09, 0.012, memory=123_456_789)
        self.asked: list[Request] = []
        self.may_answer = threading.Event()
        self.may_answer.set()

    def __call__(self, request: Request) -> EpochCost:
        self.asked.append(request)
        self.may_answer.wait(60)
        if self.epoch is None:
            raise ProbeFailed("for a reason")
        return self.epoch

    def close(self) -> None:
        self.may_answer.set()
