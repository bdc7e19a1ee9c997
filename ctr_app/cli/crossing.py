"""crosses: pairs of fields as explicit fields, what they are worth, and the table with them."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

from ..data.errors import InputError, spaced
from ..data.store import DataSet, DatasetStore
from ..data.writing import check_suffix
from ..training.run_store import Run, RunStore
from .output import show, tell
from .training import use_threads

PAIRS_WITHOUT_A_CHOICE = 3
NAMES = {"lr": "logistic regression", "fm": "FM"}


def add_options(command: argparse.ArgumentParser) -> None:
    """The flags of ``crosses``."""
    command.add_argument("run", metavar="RUN", help="a run's id or its folder")
    command.add_argument("--runs", type=Path, metavar="DIR", help="folder of runs (default: checkpoints/)")
    command.add_argument(
        "--pair",
        nargs=2,
        action="append",
        default=[],
        metavar=("A", "B"),
        help="two fields to take as one; repeatable (default: the three strongest pairs)",
    )
    command.add_argument("--seeds", type=int, default=3, metavar="N", help="how often FM is trained (default: 3)")
    command.add_argument("--threads", type=int, metavar="N", help="threads to compute with (default: one per core)")
    command.add_argument("--out", type=Path, metavar="FILE", help="also write the table with the crosses as columns")


def crosses(options: argparse.Namespace) -> None:
    """Train logistic regression and FM with the pairs as fields and without, and print the gains."""
    from ..explain import cross_jobs  # pandas and scikit-learn take a while to import
    from ..explain.cross_tables import write_crossed

    if options.out is not None:
        check_suffix(options.out)
    if not 1 <= options.seeds <= 20:
        raise InputError("--seeds must be between 1 and 20, not {count}.", count=options.seeds)
    use_threads(options.threads)
    run, datasets = RunStore(options.runs).get(options.run), DatasetStore()
    dataset = datasets.get(run.spec().dataset_id)
    study = cross_jobs.new_study(run, run.encoder().layout, options.pair or _strongest(run, dataset), options.seeds)
    cross_jobs.train_study(study, datasets, _Teller())
    result = cross_jobs.result_of(study)
    if result is None:
        raise InputError("{reason}", reason=study.status().reason)
    document: dict[str, Any] = {"run": run.id, **asdict(result), "split": result.split, "way_to_fm": result.way_to_fm}
    lines = [
        f"{NAMES[model]:<20} {split:<6} {metric:<8} {result.metrics[model][split][metric]:.4f} -> "
        f"{result.metrics[f'{model}+'][split][metric]:.4f}  gain {gain.value:+.4f} [{gain.low:+.4f}, {gain.high:+.4f}]"
        for model, by_split in result.gains.items()
        for split, by_metric in by_split.items()
        for metric, gain in by_metric.items()
    ]
    if options.out is not None:
        rows = write_crossed(run, dataset, result.pairs, options.out)
        document["out"] = str(options.out)
        lines.append(f"{spaced(rows)} rows with the crosses in {options.out}")
    show(options, document, ["Crosses: " + ", ".join(f"{a} × {b}" for a, b in result.pairs), *lines])


def _strongest(run: Run, dataset: DataSet) -> list[tuple[str, str]]:
    from ..explain.readouts import interactions

    frame = interactions(run, dataset).head(PAIRS_WITHOUT_A_CHOICE)
    return list(zip(frame["field_a"], frame["field_b"], strict=True))


class _Teller:
    """Says once which model is trained."""

    def __init__(self) -> None:
        self.model = ""

    def __call__(self, model: str, share: float) -> None:
        if model != self.model:
            self.model = model
            words = NAMES[model.removesuffix("+")] + (" with crosses" if model.endswith("+") else "")
            tell(f"{share:4.0%}  {words}")
