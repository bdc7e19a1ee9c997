"""sample and train: making data sets and training on them."""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import polars as pl
import torch

from ..data.catalogue import generator_named, sample_named
from ..data.errors import InputError, spaced
from ..data.files import write_bytes, write_json
from ..data.ingest import Request, ingest
from ..data.store import DataSet, DatasetStore
from ..data.synthetic import GENERATORS, Planted
from ..models.registry import resolve
from ..training.device import choose_device, num_cores
from ..training.driver import Progress, train_run
from ..training.launch import configs_for, new_run
from ..training.run_store import Run, RunStore
from .output import four, metrics_line, show, tell
from .request import key_value, request_of

MAX_SEED = 2**31 - 1

Used = TypeVar("Used")


def sample(options: argparse.Namespace) -> None:
    """Write a sample's table.parquet, schema.json and truth.json."""
    planted = _planted(options)
    rows, best_auc = planted.frame.height, planted.truth.best_auc
    paths = {name: options.out / name for name in ("table.parquet", "schema.json", "truth.json")}
    try:
        options.out.mkdir(parents=True, exist_ok=True)
        planted.frame.write_parquet(paths["table.parquet"])
        write_json(paths["schema.json"], planted.schema.to_json())
        write_json(paths["truth.json"], planted.truth.to_json())
    except (OSError, pl.exceptions.PolarsError) as error:
        raise InputError("{path} cannot be written to: {why}.", path=options.out, why=_why(error)) from error
    written = {path.stem: str(path) for path in paths.values()} | {"rows": rows, "best_auc": best_auc}
    show(options, written, [f"{spaced(rows)} rows in {options.out}; best reachable AUC {best_auc:.4f}"])


def _planted(options: argparse.Namespace) -> Planted:
    """The table that --rows, --seed and --set ask for."""
    known = sample_named(options.name)
    given = {"rows": options.rows, "seed": options.seed}
    flags = {name: value for name, value in given.items() if value is not None}
    values: dict[str, Any] = dict(key_value(text) for text in options.set)
    if options.name not in GENERATORS and not values:
        seed = flags.get("seed", 0)
        if not 0 <= seed <= MAX_SEED:
            raise InputError("--seed must be between 0 and {most}, not {seed}.", most=MAX_SEED, seed=seed)
        return known.make(flags.get("rows", known.rows), seed)
    if twice := [name for name in flags if name in values]:
        raise InputError("Give {name} once: by --{name}, or by --set {name}=….", name=twice[0])
    generator = generator_named(options.name)
    return generator.make(generator.with_values(values | flags))


def train(options: argparse.Namespace) -> None:
    """Train a model, and print what came of it."""
    datasets = DatasetStore()
    run = _queued_run(options, datasets)
    tell(f"Run {run.id} in {run.folder}")
    from ..explain.snapshots import keep_snapshot  # pandas takes a while to import

    try:
        train_run(run, datasets, _tell_progress, keep_snapshot)
    except KeyboardInterrupt:
        kept = "its best epoch is kept" if run.has_model else "before its first epoch ended"
        raise KeyboardInterrupt(f"Run {run.id} was stopped; {kept}.") from None
    status = run.status()
    if status.state == "failed":
        raise InputError("{reason}", reason=status.reason)
    _show_trained(options, run)


def _queued_run(options: argparse.Namespace, datasets: DatasetStore) -> Run:
    """A new run of what the flags ask for; if anything about them is wrong, nothing is left on disk."""
    family, settings = asked_settings(options)
    configs_for(family, settings)
    choose_device(options.device)
    use_threads(options.threads)
    runs = RunStore(options.runs)

    def queue(dataset: DataSet) -> Run:
        return new_run(runs, dataset, family, settings, options.device)

    return with_dataset(request_of(options), datasets, queue)


def asked_settings(options: argparse.Namespace) -> tuple[str, dict[str, Any]]:
    """The family's name, and the settings by --model, --set and --seed; raises InputError where they disagree."""
    family, implied = resolve(options.model)
    settings: dict[str, Any] = dict(key_value(text) for text in options.set)
    if options.seed is not None:
        implied["seed"] = options.seed
    for name, value in implied.items():
        if name in settings and settings[name] != str(value):
            raise InputError(
                "--set {name}={asked} contradicts {flag}.",
                name=name,
                asked=settings[name],
                flag=f"--seed {value}" if name == "seed" else f"--model {options.model}",
            )
    return family.name, settings | implied


def use_threads(count: int | None) -> None:
    """Nobody looks at a page that this process serves, so it may use every core."""
    if count is not None and not 1 <= count <= 1024:
        raise InputError("--threads must be between 1 and 1024, not {count}.", count=count)
    torch.set_num_threads(count or num_cores())


def with_dataset(request: Request, datasets: DatasetStore, use: Callable[[DataSet], Used]) -> Used:
    """Store the data set and ``use`` it; if that fails, the store is as it was before."""
    before = {path: path.read_bytes() for path in datasets.root.glob("*/dataset.json")}
    dataset, warnings = ingest(request, datasets)
    encoded = set(dataset.folder.glob("encoded/*"))
    try:
        used = use(dataset)
    except BaseException:
        description = dataset.folder / "dataset.json"
        if description in before:
            write_bytes(description, before[description])
        new = dataset.folder.glob("encoded/*") if description in before else [dataset.folder]
        for folder in set(new) - encoded:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    for warning in warnings:
        tell(warning)
    return used


def _tell_progress(progress: Progress) -> None:
    if progress.kind == "eval":
        values = progress.values
        tell(
            f"epoch {values['epoch']:>3}  validation AUC {four(values['auc'])}  logloss {four(values['logloss'])}"
            f"{'  best so far' if values['is_best'] else ''}"
        )


def _show_trained(options: argparse.Namespace, run: Run) -> None:
    spec, status, metrics = run.spec(), run.status(), run.metrics() or {}
    start = next(event for event in run.history() if event["kind"] == "start")
    result = {
        "run": run.id,
        "folder": str(run.folder),
        "model": spec.title,
        "family": spec.family,
        "device": start["device"],
        "dataset": spec.dataset_id,
        "state": status.state,
        "reason": status.reason,
        "epochs": metrics.get("epochs", 0),
        "best_epoch": metrics.get("best_epoch"),
        "rows_per_second": metrics.get("rows_per_second"),
        "seconds": metrics.get("seconds"),
        "peak_rss_mb": _peak_rss_mb(),
        "parameters": start["parameters"],
        "settings": spec.model | spec.training,
        **{split: metrics.get(split) for split in ("train", "valid", "test")},
    }
    best = f"best epoch {result['best_epoch']} of {result['epochs']}" if metrics else "stopped before an epoch ended"
    lines = [metrics_line(split, metrics[split]) for split in ("train", "valid", "test") if metrics.get(split)]
    show(options, result, [f"{spec.title} on {spec.dataset_name}: {best}", *lines, f"Run {run.id}"])


def _peak_rss_mb() -> float | None:
    """Peak resident memory of this process in MiB; None where the system does not tell (Windows)."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # KiB on Linux, bytes on macOS
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def _why(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else None) or str(error)
