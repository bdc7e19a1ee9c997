"""Frappe_x1 with its published validation and test rows: our defaults beside the published figures."""

from __future__ import annotations

import shutil
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from acceptance import SPLITS, CommandLine
from peers.tables import markdown
from quality_numbers import listed, marked, shown, wrapped
from quality_runs import Part, Plan, Trained, say, train
from safetensors.torch import load_file

from ctr_app.data.ingest import Request, ingest
from ctr_app.data.store import DatasetStore
from ctr_app.training.device import num_cores
from ctr_app.training.driver import Progress, train_run
from ctr_app.training.launch import new_run
from ctr_app.training.metrics import auc
from ctr_app.training.run_store import Run, RunStore
from ctr_app.training.trainer import predict

MOST_SEEDS = 3
MOST_SECONDS = 60.0
NOTES = """\
Files given, early stop on validation AUC. Published: BARS, about the best of five seeds. Seconds are those of one
training with its final metrics, on all cores."""


@dataclass(frozen=True)
class Published:
    """A model, the least mean test AUC that ours is to reach, and the published test AUC and logloss."""

    model: str
    title: str
    target: float
    auc: float | None = None
    logloss: float | None = None


FM = Published("fm", "FM", 0.967, 0.9671, 0.2065)
MODELS = (
    FM,
    Published("dcn-v1", "DCN-V1", 0.9835, 0.9839, 0.1527),
    Published("dcn-v2", "DCN-V2", 0.9845, 0.9845, 0.1491),
    Published("dcn-mix", "DCN-Mix", 0.984),
)


@dataclass(frozen=True)
class Moment:
    """An epoch that was the best so far by validation: seconds since Train was pressed, and its test AUC."""

    seconds: float
    auc: float


def measured(plan: Plan) -> Part:
    """The whole part: a table of all models, and the time to the published figure of FM."""
    run, files = CommandLine(plan.folder / "frappe"), files_in(plan.shared)
    flags = [part for flag, file in zip(("--data", "--valid", "--test"), files, strict=True) for part in (flag, file)]
    seeds = plan.seeds[:MOST_SEEDS]
    found = {model.model: [train(run, model.model, seed, *flags) for seed in seeds] for model in MODELS}
    times = [time_to(FM, files, plan.folder / f"frappe-clock-{seed}", seed) for seed in seeds]
    return Part("Frappe_x1", "\n\n".join([wrapped(NOTES), table(found), times_in_words(times)]))


def files_in(shared: Path) -> list[Path]:
    """Train, validation and test file."""
    return [shared / "frappe_x1" / f"{split}.csv.gz" for split in SPLITS]


def table(found: dict[str, list[Trained]]) -> str:
    """One row for each model."""
    header = ["", "test AUC", "by seed", "published", "test logloss", "published", "epochs", "seconds"]
    return markdown(header, [_row(model, found[model.model]) for model in MODELS])


def _row(model: Published, runs: Sequence[Trained]) -> list[str]:
    aucs, losses = [r.test["auc"] for r in runs], [r.test["logloss"] for r in runs]
    reached = marked(f"{shown(aucs)} (≥ {model.target:g})", statistics.fmean(aucs) >= model.target)
    published = ["–" if number is None else f"{number:.4f}" for number in (model.auc, model.logloss)]
    costs = [listed([r.epochs for r in runs], "d"), listed([r.seconds for r in runs], ".0f")]
    return [model.title, reached, listed(aucs), published[0], shown(losses), published[1], *costs]


def time_to(model: Published, files: Sequence[Path], folder: Path, seed: int) -> float | None:
    """Seconds from pressing Train until the best model so far by validation reaches the published test AUC."""
    datasets = DatasetStore(folder / "data")
    train_file, valid_file, test_file = map(str, files)
    dataset, _ = ingest(Request(train_file, valid_file, test_file), datasets)
    torch.set_num_threads(num_cores())
    started, kept = time.perf_counter(), dict[Path, float]()
    run = new_run(RunStore(folder / "runs"), dataset, model.model, {"seed": seed})

    def keep(progress: Progress) -> None:
        if progress.kind == "eval" and progress.values["is_best"]:
            seconds = time.perf_counter() - started
            kept[keep_weights(run, progress.values["epoch"])] = seconds

    train_run(run, datasets, keep)
    moments = [Moment(seconds, test_auc(run, datasets, path)) for path, seconds in kept.items()]
    reached = first_at(moments, model.auc or 1.0)
    say(f"{model.title} seed {seed}: {model.auc} on test after {'–' if reached is None else f'{reached:.1f} s'}")
    return reached


def keep_weights(run: Run, epoch: int) -> Path:
    """A copy of the best weights as they are after ``epoch``."""
    path = run.folder / f"best-{epoch}.safetensors"
    shutil.copy(run.folder / "best.safetensors", path)
    return path


def test_auc(run: Run, datasets: DatasetStore, weights: Path) -> float:
    """Test AUC of the run's model with the given weights."""
    model, _ = run.load_model()
    model.load_state_dict(load_file(weights))
    spec = run.spec()
    rows = datasets.get(spec.dataset_id).encoded(spec.preparation).batch("test")
    return auc(rows.labels.numpy(), predict(model, rows)) or 0.0


def first_at(moments: Sequence[Moment], figure: float) -> float | None:
    """Seconds of the first moment that reaches ``figure``; None if none does."""
    return next((moment.seconds for moment in moments if moment.auc >= figure), None)


def times_in_words(times: Sequence[float | None]) -> str:
    """The sentence under the table."""
    is_met = all(time is not None and time < MOST_SECONDS for time in times)
    told = ", ".join("never" if time is None else f"{time:.1f} s" for time in times)
    return wrapped(
        f"Time to the published FM figure ({FM.auc}), from pressing Train until the best model so far by validation "
        f"has it on test: {marked(f'{told} (< {MOST_SECONDS:.0f} s)', is_met)}."
    )
