"""Studies of crosses on disk: extra trainings of a run, each a folder with a status, progress and its result."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import cast

from ..data.batch import FieldLayout
from ..data.files import read_json, write_json
from ..data.store import DatasetStore
from ..models.fm import FMConfig
from ..training.device import choose_device
from ..training.driver import carry_out
from ..training.extra import extra_runs, extra_store
from ..training.launch import configs_for
from ..training.run_store import UNREADABLE, Run
from .cross_study import Study, study_crosses
from .crosses import Pair, check_pairs

PURPOSE = "crosses"
NUM_SEEDS = 3
WRITE_SECONDS = 0.3


class Stopped(Exception):
    """Someone asked to stop."""


def new_study(run: Run, layout: FieldLayout, pairs: Sequence[Sequence[str]], seeds: int = NUM_SEEDS) -> Run:
    """A queued study of these pairs; nobody trains it yet. FM has the run's settings if that is one, or the usual ones.

    Raises:
        InputError: if the pairs cannot be crossed.
    """
    chosen = check_pairs(layout, pairs)
    spec = run.spec()
    config, training = configs_for("fm", {"seed": spec.training_config.seed})
    if spec.family == "fm":
        config, training = spec.model_config, spec.training_config
    study = extra_store(run).create(
        "fm",
        config,
        training,
        device=spec.device,
        dataset_id=spec.dataset_id,
        dataset_name=spec.dataset_name,
        content_hash=spec.content_hash,
        preparation=spec.preparation,
        purpose=PURPOSE,
    )
    write_json(study.folder / "asked.json", {"pairs": chosen, "seeds": seeds})
    return study


def studies(run: Run) -> list[Run]:
    """The studies of a run, newest first."""
    return [study for study in reversed(extra_runs(run, PURPOSE)) if (study.folder / "asked.json").exists()]


def pairs_of(study: Run) -> list[Pair]:
    """The pairs that a study was asked to cross."""
    return [(a, b) for a, b in read_json(study.folder / "asked.json")["pairs"]]


def result_of(study: Run) -> Study | None:
    """What a study came to; None before it is done, or if the file is damaged."""
    try:
        return Study.from_json(read_json(study.folder / "result.json"))
    except UNREADABLE:
        return None


def how_far(study: Run) -> tuple[float, str | None]:
    """The share of a study that is done, 0 to 1, and which model it trains: lr, lr+, fm or fm+; None at first."""
    shares = [event for event in study.history() if event["kind"] == "share"]
    return (shares[-1]["share"], shares[-1]["model"]) if shares else (0.0, None)


def train_study(
    study: Run, datasets: DatasetStore, on_progress: Callable[[str, float], None] = lambda *_: None
) -> None:
    """Train a study in this thread until it is done, stopped or failed; its status says which, in words.

    ``on_progress`` is told which model is trained and the share of the whole that is done.
    """
    carry_out(study, lambda: _train(_Progress(study, on_progress), study, datasets))


def _train(progress: _Progress, study: Run, datasets: DatasetStore) -> tuple[str, str]:
    spec = study.spec()
    dataset = datasets.get(spec.dataset_id).encoded(spec.preparation)
    try:
        result = study_crosses(
            dataset,
            pairs_of(study),
            cast(FMConfig, spec.model_config),
            spec.training_config,
            min_count=spec.preparation.min_count,
            seeds=read_json(study.folder / "asked.json")["seeds"],
            device=choose_device(spec.device),
            progress=progress,
        )
    except Stopped:
        return study.stop_request() or ("stopped", "")
    write_json(study.folder / "result.json", asdict(result))
    return "done", ""


class _Progress:
    """Writes into a study's history how far it is, now and then, and stops it when that is asked for."""

    def __init__(self, study: Run, tell: Callable[[str, float], None]) -> None:
        self.study, self.tell, self.last = study, tell, 0.0

    def __call__(self, model: str, share: float) -> None:
        if self.study.stop_request():
            raise Stopped
        if time.monotonic() - self.last >= WRITE_SECONDS:
            self.last = time.monotonic()
            self.study.append("share", model=model, share=share)
            self.tell(model, share)
