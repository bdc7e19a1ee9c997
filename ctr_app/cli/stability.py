"""stability: other seeds and null labels for a run, and which of its pairs stand above the null line."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..data.errors import InputError
from ..data.store import DatasetStore
from ..training.driver import train_run
from ..training.repeats import Repeat, missing
from ..training.run_store import Run, RunStore
from .output import show, tell
from .training import use_threads

if TYPE_CHECKING:
    from ..explain.stability import Stability

SHOWN_PAIRS = 20
MOST_REPEATS = 100


def add_options(command: argparse.ArgumentParser) -> None:
    """The flags of ``stability``."""
    command.add_argument("run", metavar="RUN", help="a run's id or its folder")
    command.add_argument("--runs", type=Path, metavar="DIR", help="folder of runs (default: checkpoints/)")
    command.add_argument("--seeds", type=int, default=4, metavar="K", help="trainings with other seeds (default: 4)")
    command.add_argument(
        "--nulls", type=int, default=8, metavar="M", help="trainings on labels without interactions (default: 8)"
    )
    command.add_argument("--readout", choices=("weights", "behaviour"))
    command.add_argument("--threads", type=int, metavar="N", help="threads to compute with (default: one per core)")


def stability(options: argparse.Namespace) -> None:
    """Train what is missing of the seeds and nulls, then list the pairs with interval, p-value and line."""
    from ..explain.stability import stability_of  # pandas takes a while to import

    for flag, count in (("--seeds", options.seeds), ("--nulls", options.nulls)):
        if not 0 <= count <= MOST_REPEATS:
            raise InputError(
                "{flag} must be between 0 and {most}, not {count}.", flag=flag, most=MOST_REPEATS, count=count
            )
    run, datasets = RunStore(options.runs).get(options.run), DatasetStore()
    use_threads(options.threads)
    dataset = datasets.get(run.spec().dataset_id)
    stability_of(run, dataset, options.readout)  # what cannot be read is told before anything is trained
    to_do = missing(run, options.seeds, options.nulls)
    for number, repeat in enumerate(to_do, start=1):
        _train(run, repeat, datasets, f"{number} of {len(to_do)}")
    found = stability_of(run, dataset, options.readout)
    document = {
        "run": run.id,
        "model": run.spec().title,
        "readout": found.readout,
        "seeds": found.num_seeds,
        "nulls": found.num_nulls,
        "above": found.num_passing,
        "pairs": [
            {name: None if value != value else value for name, value in pair.items()}  # NaN is no JSON
            for pair in found.frame.to_dict("records")
        ],
    }
    show(options, document, _lines(found))


def _train(run: Run, repeat: Repeat, datasets: DatasetStore, which: str) -> None:
    extra = repeat.queue(run)
    what = f"seed {repeat.seed}" if repeat.null_seed is None else f"null labels {repeat.null_seed}"
    tell(f"{which}: training with {what}")
    try:
        train_run(extra, datasets)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"Stopped at {which}; the same command goes on from there.") from None
    if extra.status().state == "failed":
        raise InputError("{reason}", reason=extra.status().reason)


def _where(pair: Any) -> str:
    """Where a pair stands to its line."""
    if not pair.passes:
        return "below"
    return f"above, perhaps lent by {pair.through}" if pair.through else "above"


def _lines(found: Stability) -> list[str]:
    lines = [f"By {found.readout}, {found.num_seeds} seeds, {found.num_nulls} nulls: strength, its 95 % interval, line"]
    for pair in found.frame.head(SHOWN_PAIRS).itertuples():
        interval = f"{pair.low:.4f} to {pair.high:.4f}" if found.num_seeds > 1 else "-"
        line = f"{pair.line:.4f}  {_where(pair)}" if found.has_line else "-"
        lines.append(f"{pair.field_a} × {pair.field_b}  {pair.strength:.4f}  {interval}  {line}")
    if len(found.frame) > SHOWN_PAIRS:
        lines.append(f"and {len(found.frame) - SHOWN_PAIRS} more; --json lists them all")
    if found.has_line:
        lines.append(f"{found.num_passing} of {len(found.frame)} pairs stand above the null line")
    return lines
