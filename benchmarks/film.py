"""What does it cost a training that its map is kept by epoch? Prints one table and keeps it.

    python benchmarks/film.py [--quick]

Trains as the app does and takes the time of each map. The table replaces its section of RESULTS.md beside this file.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import torch
from acceptance import RESULTS, machine, with_section
from peers.tables import markdown
from torch import nn

from ctr_app.data.catalogue import generator_named
from ctr_app.data.dataset import EncodedDataset
from ctr_app.data.files import bytes_in
from ctr_app.data.store import DataSet, DatasetStore
from ctr_app.explain.snapshots import (
    FEWEST_PAIRS,
    LEAST_ROWS,
    SHARE_OF_EPOCH,
    keep_snapshot,
    snapshot_epochs,
    snapshots,
)
from ctr_app.models.registry import resolve
from ctr_app.training.driver import train_run
from ctr_app.training.launch import new_run
from ctr_app.training.run_store import Run, RunStore
from ctr_app.training.showing import MOST_SHARE
from ctr_app.training.warm_up import warm_up

HEADING = "Maps kept by epoch"
EPOCHS = 5
TARGET = 0.03
NOTES = f"""\
Default settings, {EPOCHS} epochs, one thread, CPU seconds. A map is kept before training, after the first epoch and
after the last; after the others, if all of them take at most {MOST_SHARE:.0%} of the training's seconds by the clock,
which other work on the machine lengthens. By behaviour one is left out where {FEWEST_PAIRS} swaps of every pair would
pass more than {SHARE_OF_EPOCH:.0%} of an epoch's rows, and more than {LEAST_ROWS:,}, through the model. Shares above
{TARGET:.0%} in bold."""


@dataclass(frozen=True)
class Cost:
    """One training: its CPU seconds with its maps, those of the maps alone, and what it kept."""

    title: str
    rows: int
    fields: int
    seconds: float
    maps: float
    epochs: list[int]
    readouts: str
    kilobytes: float


def measured(model: str, dataset: DataSet, datasets: DatasetStore, runs: RunStore) -> Cost:
    """Train once, and take the time of what is kept at each epoch."""
    family, implied = resolve(model)
    run = new_run(runs, dataset, family.name, {**implied, "epochs": EPOCHS, "patience": EPOCHS}, "cpu")
    maps: list[float] = []

    def keep(run: Run, epoch: int, model: nn.Module, encoded: EncodedDataset) -> None:
        started = time.process_time()
        keep_snapshot(run, epoch, model, encoded)
        maps.append(time.process_time() - started)

    started = time.process_time()
    train_run(run, datasets, at_epoch=keep)
    seconds = time.process_time() - started
    kept, epochs = snapshots(run), snapshot_epochs(run)
    fields, rows = len(run.encoder().layout.field_names), int(run.history()[0]["rows"])
    size = bytes_in(run.folder / "snapshots") / 1000
    return Cost(
        f"{run.spec().title}, {dataset.name}", rows, fields, seconds, sum(maps), epochs, _listed(kept["readout"]), size
    )


def _listed(names: Iterable[str]) -> str:
    return " and ".join(dict.fromkeys(names))


def row(cost: Cost) -> list[str]:
    """One line of the table."""
    share, told = cost.maps / cost.seconds, f"{cost.maps / cost.seconds:.1%}"
    return [
        cost.title,
        f"{cost.rows:,}",
        str(cost.fields),
        cost.readouts,
        f"{cost.seconds:.1f}",
        ", ".join(map(str, cost.epochs)),
        f"{1000 * cost.maps / len(cost.epochs):.0f}",
        f"**{told}**" if share > TARGET else told,
        f"{cost.kilobytes:.0f}",
    ]


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="a tenth of the rows; RESULTS.md is left alone")
    is_quick = parser.parse_args().quick
    torch.set_num_threads(1)
    warm_up()
    with tempfile.TemporaryDirectory() as name:
        datasets, runs = DatasetStore(Path(name) / "data"), RunStore(Path(name) / "runs")
        wide = {"rows": 10_000 if is_quick else 100_000, "num_categorical_fields": 26, "num_numeric_fields": 13}
        pairs = datasets.add_planted("planted-pairs", generator_named("planted-pairs").with_values(wide))
        clicks, histories = (datasets.add_sample(f"planted-{kind}") for kind in ("clicks", "histories"))
        plan = [("fm", clicks), ("dcn-v2", clicks), ("din", histories), ("fm", pairs), ("dcn-v2", pairs)]
        found = [measured(model, dataset, datasets, runs) for model, dataset in plan]
    header = ["", "training rows", "fields", "maps by", "s", "epochs kept", "ms a map", "share of maps", "kB kept"]
    parts = [f"## {HEADING}", machine(), NOTES, markdown(header, [row(cost) for cost in found])]
    text = "\n\n".join([*parts, "`python benchmarks/film.py`"]) + "\n"
    print(text)
    if not is_quick:
        RESULTS.write_text(with_section(RESULTS.read_text() if RESULTS.exists() else "# Results\n\n", text))


if __name__ == "__main__":
    main()
