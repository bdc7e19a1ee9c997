"""Extra trainings of a run: where they lie, what they are asked to do, and who sees them."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from torch import nn

from ctr_app.data.batch import Batch
from ctr_app.data.store import DatasetStore
from ctr_app.training import driver
from ctr_app.training.driver import train_run
from ctr_app.training.extra import extra_runs, new_extra_run
from ctr_app.training.null_labels import null_labels
from ctr_app.training.run_record import PROCESS_TOKEN
from ctr_app.training.run_store import Run, RunStore
from ctr_app.training.trainer import Trainer

from .conftest import NewRun


@pytest.fixture
def learned(monkeypatch: pytest.MonkeyPatch) -> dict[str, np.ndarray]:
    """The labels that the latest trainer was given, by split."""
    given: dict[str, np.ndarray] = {}

    def remember(model: nn.Module, train: Batch, valid: Batch, *others: Any) -> Trainer:
        given.update(train=train.labels.numpy(), valid=valid.labels.numpy())
        return Trainer(model, train, valid, *others)

    monkeypatch.setattr(driver, "Trainer", remember)
    return given


def test_extra_trainings_lie_in_the_run_and_repeat_its_settings(runs: RunStore, new_run: NewRun) -> None:
    run = new_run("dcn", cross="vector", seed=3)
    extra = [new_extra_run(run, "seed", seed=4), new_extra_run(run, "null", null_seed=1, epochs=7)]
    assert [found.id for found in runs.list()] == [run.id]
    assert {found.id for found in runs.list_with_extra()} == {run.id, *(found.id for found in extra)}
    assert [found.id for found in extra_runs(run)] == [found.id for found in extra]
    assert [found.id for found in extra_runs(run, "null")] == [extra[1].id]
    assert extra_runs(new_run()) == []
    own, seed, null = run.spec(), extra[0].spec(), extra[1].spec()
    assert (own.purpose, own.null_seed) == ("", None)
    assert (seed.purpose, seed.null_seed, seed.training) == ("seed", None, own.training | {"seed": 4})
    assert (null.purpose, null.null_seed, null.training) == ("null", 1, own.training | {"epochs": 7})
    for spec in (seed, null):
        assert (spec.family, spec.model, spec.preparation) == (own.family, own.model, own.preparation)
        assert (spec.dataset_id, spec.content_hash, spec.device) == (own.dataset_id, own.content_hash, own.device)


def test_a_run_from_before_there_were_extra_trainings_still_opens(new_run: NewRun) -> None:
    run = new_run()
    path = run.folder / "run.json"
    stored = json.loads(path.read_text())
    path.write_text(json.dumps({k: v for k, v in stored.items() if k not in ("purpose", "null_seed")}))
    assert Run(run.folder).spec() == run.spec()
    assert (run.spec().purpose, run.spec().null_seed) == ("", None)


def test_a_server_that_starts_writes_down_that_an_extra_training_was_abandoned(runs: RunStore, new_run: NewRun) -> None:
    extra = new_extra_run(new_run(), "seed", seed=1)
    path = extra.folder / "status.json"
    path.write_text(path.read_text().replace(PROCESS_TOKEN, "another"))
    runs.mark_interrupted()
    assert json.loads(path.read_text())["state"] == "interrupted"


def test_a_training_with_a_null_seed_learns_the_null_labels(
    new_run: NewRun, datasets: DatasetStore, learned: dict[str, np.ndarray]
) -> None:
    run = new_run()
    extra = new_extra_run(run, "null", null_seed=5)
    train_run(extra, datasets)
    encoded = datasets.get(run.spec().dataset_id).encoded()
    expected = null_labels(encoded, 5)
    for split in ("train", "valid"):
        assert (learned[split] == expected[split]).all()
        assert (learned[split] != encoded.rows(split).labels).any()
    assert extra.metrics()["test"]["rows"] == len(expected["test"])  # type: ignore[index]
    assert sorted(path.name for path in extra.folder.glob("*.safetensors")) == ["best.safetensors"]
    train_run(run, datasets)
    assert (learned["train"] == encoded.rows("train").labels).all()
