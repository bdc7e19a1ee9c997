"""Trains a peer until its validation AUC no longer grows, inside the peer's environment.

python -m peers.fitting ours|deepctr|rechub|fuxictr FOLDER

FOLDER holds ``job.json``; ``fit.json`` and ``scores.npy`` (of the test rows, by the best epoch) are written beside it.
The validation rows of the job's table are those to stop by, followed by those to test.
"""

from __future__ import annotations

import importlib
import json
import math
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from .recipes import Recipe
from .rows import auc, read_table
from .worker import Learner, Stopwatch


@dataclass(frozen=True)
class FitJob:
    """One fit to make: a recipe on a table whose first ``num_valid`` validation rows are those to stop by."""

    recipe: Recipe
    table: str
    num_valid: int
    seed: int
    epochs: int
    patience: int

    def to_json(self) -> str:
        """The text of ``job.json``; ``from_json`` reads it back."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> FitJob:
        """Read what ``to_json`` wrote."""
        stored = json.loads(text)
        recipe = {key: tuple(v) if isinstance(v, list) else v for key, v in stored.pop("recipe").items()}
        return cls(Recipe(**recipe), **stored)


@dataclass(frozen=True)
class Fit:
    """What came of it: the best validation AUC, the epochs it took, and wall seconds of the training loop."""

    valid_auc: float
    best_epoch: int
    epochs: int
    seconds: float


def fit(learner: Learner, job: FitJob, labels: np.ndarray) -> tuple[Fit, np.ndarray]:
    """Train until ``patience`` is out; also the best epoch's scores of the rows after the first ``num_valid``."""
    watch, best, best_epoch, kept = Stopwatch(), -math.inf, 0, np.zeros(0)
    for epoch in range(1, job.epochs + 1):
        learner.train_epoch(watch)
        scores = np.asarray(learner.scores(), dtype=np.float64).reshape(-1)
        reached = auc(labels[: job.num_valid], scores[: job.num_valid])
        if reached > best:
            best, best_epoch, kept = reached, epoch, scores[job.num_valid :]
        elif epoch - best_epoch >= job.patience:
            break
        else:
            slow_down(learner)
    return Fit(best, best_epoch, epoch, watch.wall), kept


def slow_down(learner: Learner) -> None:
    """FuxiCTR's own ``fit`` lowers the learning rate after an epoch without gain; the others' do nothing."""
    lower = getattr(learner.model, "lr_decay", None)
    if lower is not None:
        lower()


def main() -> None:
    """Do the job of one folder."""
    adapter, folder = importlib.import_module(f"peers.{sys.argv[1]}"), Path(sys.argv[2])
    job = FitJob.from_json((folder / "job.json").read_text())
    torch.set_num_threads(1)
    np.random.seed(job.seed)
    torch.manual_seed(job.seed)
    table = read_table(Path(job.table))
    done, scores = fit(adapter.build(job.recipe, table, job.seed), job, table.valid.labels)
    np.save(folder / "scores.npy", scores)
    (folder / "fit.json").write_text(json.dumps(asdict(done)))


if __name__ == "__main__":
    main()
