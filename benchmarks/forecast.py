"""Does the forecast of the Train page hold? Asks for it, trains, and prints both in one table, which it keeps.

    python benchmarks/forecast.py [--quick] [--cases fm,...] [--rows N] [--repeats N]

Each case is forecast and trained in a process of its own, with one thread, by the code that the app uses: the models of
speed.py on its tables, and default settings on the planted samples. Where all cases take part in the full form, the
section of RESULTS.md beside this file is replaced.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import polars as pl
import torch
from acceptance import RESULTS, machine, with_section
from peers.ours import layout_of, settings_of
from peers.pool import ON_THE_CPU, ONE_THREAD
from peers.recipes import RECIPES
from peers.rows import FIRST_ID, Table, make_clicks, make_histories
from peers.tables import markdown
from peers.worker import memory_in_mb, reset_peak
from speed import one_of

from ctr_app.data import reading
from ctr_app.data.arrays import EncodedRows, save_rows
from ctr_app.data.batch import FieldLayout
from ctr_app.data.catalogue import READY_MADE, SAMPLES
from ctr_app.data.encoding import Encoder
from ctr_app.data.files import new_folder
from ctr_app.data.schema import Column, Role, Schema
from ctr_app.data.store import DataSet, DatasetStore, Preparation
from ctr_app.data.transforms import NumericTransform
from ctr_app.data.vocabulary import Vocabulary
from ctr_app.models.registry import resolve, title_of
from ctr_app.training.driver import Progress, train_run
from ctr_app.training.forecast import Probe, request_for
from ctr_app.training.launch import configs_for, new_run
from ctr_app.training.memory import memory_of, shape_of
from ctr_app.training.probe import EpochCost, Request
from ctr_app.training.run_store import RunStore

HEADING = "Forecasts"
MOST_OFF = 0.3
MIB = 2**20 / 1e6
CPU = torch.device("cpu")
CLICKS, HISTORIES = (SAMPLES[name].title for name in ("planted-clicks", "planted-histories"))
NOTES = """\
One thread; CPU seconds of an epoch with its evaluation and the writing of its weights, medians over epochs and repeats;
peak memory of the process beyond what it held before, in MB. Counted is what the Train page shows at once and what a
refusal goes by: what torch's own operators would hold, of which the compiled loops of FM and DIN need a part only.
Forecast is what the page shows a moment later. Defaults are trained on the planted samples. More than 30 % off in
bold."""


@dataclass(frozen=True)
class Case:
    """What is trained: a model that the registry knows by this name, on a stored data set, with these settings."""

    title: str
    model: str
    data: str
    settings: Mapping[str, Any]


@dataclass(frozen=True)
class Found:
    """What one process found: parameters; the seconds of an epoch and the peak in MB, before training and in it."""

    parameters: int
    seconds_forecast: float
    seconds: float
    mb_counted: float
    mb_forecast: float
    mb: float


def cases() -> dict[str, Case]:
    """All cases: the benchmark's recipes at their sizes, and the families' defaults."""
    found = {}
    for name, recipe in RECIPES.items():
        model = "din" if recipe.table == "histories" else recipe.name
        found[name] = Case(f"{recipe.title}, {recipe.table}", model, recipe.table, settings_of(recipe))
    for model, data in (("fm", CLICKS), ("dcn-v2", CLICKS), ("dcn-mix", CLICKS), ("din", HISTORIES)):
        family, implied = resolve(model)
        title = title_of(family.name, implied)
        found[f"default-{model}"] = Case(f"{title} by default, {data}", model, data, {})
    return found


def store_table(table: Table, name: str, store: DatasetStore) -> DataSet:
    """A data set whose rows are those of ``table``, encoded as they are."""
    layout = layout_of(table)
    columns = [Column("label", Role.LABEL)]
    columns += [Column(field, Role.NUMERIC) for field in layout.numeric]
    columns += [Column(field, Role.CATEGORICAL) for field in layout.categorical]
    columns += [Column(s.name, Role.SEQUENCE, "|", s.candidate, max_length=s.max_length) for s in layout.sequences]
    preparation = Preparation(Schema(tuple(columns), "1"))
    frame = pl.DataFrame({column.name: ["0", "1"] for column in columns})
    dataset = store.add_table({"train": reading.Table(frame, name, name.ljust(64, "0"), "made")}, preparation)
    with new_folder(dataset.folder / "encoded" / preparation.key) as folder:
        _encoder(preparation.schema, layout).save(folder / "encoder")
        for split, rows in (("train", table.train), ("valid", table.valid)):
            histories = {sequence.name: rows.history for sequence in layout.sequences}
            numbers = np.arange(len(rows))
            save_rows(folder / split, EncodedRows(rows.numeric, rows.categorical, histories, rows.labels, numbers))
    return dataset


def _encoder(schema: Schema, layout: FieldLayout) -> Encoder:
    """With as many values as the layout has."""
    values = {name: tuple(str(i) for i in range(FIRST_ID, size)) for name, size in layout.vocabulary_sizes.items()}
    return Encoder(
        schema,
        {name: NumericTransform(np.array([0.0, 1.0])) for name in layout.numeric},
        {name: Vocabulary.of(texts, (1,) * len(texts)) for name, texts in values.items()},
        {sequence.name: sequence.max_length for sequence in layout.sequences},
    )


def measure(case: Case, folder: Path, epochs: int) -> Found:
    """Forecast one case, then train it; in a process that does nothing else."""
    torch.set_num_threads(1)
    store, runs = DatasetStore(folder), RunStore(folder / "runs")
    dataset = next(dataset for dataset in store.list() if dataset.name == case.data)
    family, implied = resolve(case.model)
    settings = {**implied, **case.settings, "epochs": epochs, "patience": epochs}
    model, training = configs_for(family.name, settings)
    memory = memory_of(family.name, shape_of(dataset.encoded()), model, training, CPU)
    forecast = _forecast(request_for(dataset.encoded().folder, family.name, model, training, CPU, runs.root))
    _warm_up(family.name, folder / "warm-up")
    before, ends = reset_peak(), []

    def note(progress: Progress) -> None:
        if progress.kind in ("start", "eval"):
            ends.append(time.process_time())

    train_run(new_run(runs, dataset, family.name, settings, "cpu"), store, note)
    seconds = statistics.median(end - start for start, end in pairwise(ends))
    peak = memory_in_mb("VmHWM")
    grown = (peak - before) * MIB if peak and before else math.nan
    return Found(
        memory.parameters, forecast.seconds, seconds, memory.total / 1e6, (forecast.memory or math.nan) / 1e6, grown
    )


def _forecast(request: Request) -> EpochCost:
    probe = Probe()
    try:
        return probe(request)
    finally:
        probe.close()


def _warm_up(family: str, folder: Path) -> None:
    """Train a moment on a few rows, so that all libraries are there."""
    store = DatasetStore(folder)
    few = store.add_sample("planted-histories", rows=500)
    train_run(new_run(RunStore(folder / "runs"), few, family, {"epochs": 1}, "cpu"), store)


def in_processes(names: Sequence[str], folder: Path, epochs: int, repeats: int) -> Iterator[tuple[str, list[Found]]]:
    """What each case's processes found, one after the other; the repeats are interleaved."""
    found: dict[str, list[Found]] = {name: [] for name in names}
    for repeat in range(repeats):
        for name in names:
            command = [sys.executable, __file__, "--folder", str(folder), "--cases", name, "--epochs", str(epochs)]
            done = subprocess.run(command, env=os.environ | ONE_THREAD | ON_THE_CPU, capture_output=True, text=True)
            if done.returncode:
                sys.exit(f"{name}\n{done.stderr}")
            found[name].append(Found(**json.loads(done.stdout)))
            print(f"{repeat + 1}/{repeats} {name}: {done.stdout.strip()}", file=sys.stderr, flush=True)
    yield from found.items()


def row(title: str, found: Sequence[Found]) -> list[str]:
    """One line of the table, medians of the repeats."""
    median = {key: statistics.median(asdict(one)[key] for one in found) for key in asdict(found[0])}
    seconds, mb = median["seconds"], median["mb"]
    return [
        title,
        f"{median['parameters']:,.0f}",
        _compared(median["seconds_forecast"], seconds, ".3g"),
        format(seconds, ".3g"),
        _compared(median["mb_counted"], mb, ".0f"),
        _compared(median["mb_forecast"], mb, ".0f"),
        format(mb, ".0f"),
    ]


def _compared(forecast: float, measured: float, form: str) -> str:
    """A forecast, and how many times what was measured that is."""
    ratio = forecast / measured
    text = f"{forecast:{form}} ({ratio:.2f}×)"
    return text if 1 - MOST_OFF <= ratio <= 1 + MOST_OFF else f"**{text}**"


def section(found: Mapping[str, Sequence[Found]], command: str, rows: int, seconds: float) -> str:
    """The whole section of RESULTS.md."""
    known = cases()
    header = ["", "parameters", "s, forecast", "s", "MB, counted", "MB, forecast", "MB"]
    table = markdown(header, [row(known[name].title, ones) for name, ones in found.items()])
    repeats = max(len(ones) for ones in found.values())
    told = f"{rows:,} rows of clicks and {rows // 2:,} of histories, {repeats} repeats, {seconds:.0f} s"
    return "\n\n".join([f"## {HEADING}", machine(), NOTES, table, f"`{command}`: {told}."]) + "\n"


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rows and one repeat; RESULTS.md is left alone")
    parser.add_argument("--cases", type=one_of(list(cases())), default=list(cases()), metavar="NAMES")
    parser.add_argument("--rows", type=int, metavar="N", help="by default 128,000, with --quick 32,000")
    parser.add_argument("--repeats", type=int, metavar="N", help="by default 3, with --quick 1")
    parser.add_argument("--epochs", type=int, default=4, metavar="N", help="to train in each process, by default 4")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Measure, print, and keep the section where everything took part."""
    options = arguments()
    if options.folder is not None:
        (name,) = options.cases
        print(json.dumps(asdict(measure(cases()[name], options.folder, options.epochs))))
        return
    rows = options.rows or (32_000 if options.quick else 128_000)
    repeats, started = options.repeats or (1 if options.quick else 3), time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        store = DatasetStore(Path(name))
        store_table(make_clicks(rows), "clicks", store)
        store_table(make_histories(rows // 2), "histories", store)
        for sample in READY_MADE:
            store.add_sample(sample).encoded()
        found = dict(in_processes(options.cases, Path(name), options.epochs, repeats))
    given = [f"--{name} {getattr(options, name)}" for name in ("rows", "repeats") if getattr(options, name)]
    command = " ".join(["python benchmarks/forecast.py", *given])
    text = section(found, command, rows, time.perf_counter() - started)
    print(text)
    if not options.quick and set(options.cases) == set(cases()):
        RESULTS.write_text(with_section(RESULTS.read_text() if RESULTS.exists() else "# Results\n\n", text))


if __name__ == "__main__":
    main()
