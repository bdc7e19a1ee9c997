"""evaluate, predict and runs: looking at what was trained."""

from __future__ import annotations

import argparse
import hashlib
import io
from pathlib import Path
from typing import Any

import polars as pl

from ..data.catalogue import is_known
from ..data.errors import InputError, shorten, spaced
from ..data.files import write_bytes
from ..data.known import dataset_named
from ..data.reading import Table
from ..data.store import DataSet, DatasetStore
from ..data.writing import SEPARATORS, check_suffix, flat
from ..training.run_store import Run, RunSpec, RunStore
from ..training.scoring import evaluate_splits, evaluate_table, score_table
from .output import four, metrics_line, show, tell
from .reading import read_file


def evaluate(options: argparse.Namespace) -> None:
    """Metrics over all rows of a table, and split by split if it is the table that the run was trained on."""
    run, datasets = _run(options), DatasetStore()
    spec = run.spec()
    result: dict[str, Any] = {"run": run.id, "model": spec.title, "data": options.data or spec.dataset_id}
    lines = []
    table = None if options.data is None else table_of(options, datasets)
    if table is not None:
        metrics = evaluate_table(run, table.frame).to_json()
        result |= metrics
        lines.append(metrics_line("all rows", metrics))
        if metrics["auc"] is None:
            tell("There is no AUC: the rows with a label are all clicks, or all not.")
    own = _own_dataset(spec, table, datasets)
    if own is not None:
        by_split = {split: metrics.to_json() for split, metrics in evaluate_splits(run, own).items()}
        result |= by_split
        lines += [metrics_line(split, metrics) for split, metrics in by_split.items()]
    show(options, result, lines)


def predict(options: argparse.Namespace) -> None:
    """Write the table with a column of predicted CTR."""
    check_suffix(options.out)
    if not is_known(options.data) and _is_same_file(Path(options.data), options.out):
        raise InputError("--out {path} is the table itself; choose another name.", path=options.out)
    run = _run(options)
    frame = table_of(options, DatasetStore()).frame
    ctr = score_table(run, frame)
    column = _free_name("ctr", frame.columns)
    _write_table(frame.head(frame.height).with_columns(pl.Series(column, ctr)), options.out)
    result = {"run": run.id, "rows": len(ctr), "out": str(options.out), "column": column, "mean_ctr": float(ctr.mean())}
    show(options, result, [f"{spaced(len(ctr))} rows with column {column} in {options.out}"])


def runs(options: argparse.Namespace) -> None:
    """Every run with its state and metrics, newest first."""
    listed = [_described(run) for run in RunStore(options.runs).list()]
    lines = [
        f"{r['run']:<36} {r['model']:<8} {r['dataset']:<36} {r['state']:<12} "
        f"test AUC {four((r['test'] or {}).get('auc'))}"
        for r in listed
    ]
    show(options, {"runs": listed}, lines or ["No runs yet; start one with python -m ctr_app train."])


def _described(run: Run) -> dict[str, Any]:
    spec, status, metrics = run.spec(), run.status(), run.metrics() or {}
    return {
        "run": run.id,
        "model": spec.title,
        "dataset": spec.dataset_id,
        "state": status.state,
        "reason": status.reason,
        "created": spec.created,
        "best_epoch": metrics.get("best_epoch"),
        "valid": metrics.get("valid"),
        "test": metrics.get("test"),
    }


def _run(options: argparse.Namespace) -> Run:
    return RunStore(options.runs).get(options.run)


def table_of(options: argparse.Namespace, datasets: DatasetStore) -> Table:
    """The table of a file, or of a data set known by name."""
    if is_known(options.data):
        dataset = dataset_named(options.data, datasets)
        return Table(dataset.frame, dataset.name, dataset.content_hash, "known")
    return read_file(Path(options.data), options)


def _own_dataset(spec: RunSpec, table: Table | None, datasets: DatasetStore) -> DataSet | None:
    """The run's own data set, if ``table`` is it or no table was named."""
    if table is None:
        return datasets.get(spec.dataset_id)
    hashes = (table.content_hash, hashlib.sha256(table.content_hash.encode()).hexdigest())
    if spec.content_hash not in hashes:
        return None
    try:
        return datasets.get(spec.dataset_id)
    except InputError:
        return None


def _is_same_file(a: Path, b: Path) -> bool:
    return a.exists() and b.exists() and a.samefile(b)


def _free_name(name: str, taken: list[str]) -> str:
    """``name``, or ``predicted_name`` (as often as needed) if the table has a column of that name."""
    while name in taken:
        name = f"predicted_{name}"
    return name


def _write_table(frame: pl.DataFrame, path: Path) -> None:
    """Write the file whole or not at all; a column of lists becomes text with ``|`` where lists cannot be written."""
    content = io.BytesIO()
    try:
        if path.suffix.lower() == ".parquet":
            frame.write_parquet(content)
        else:
            flat(frame).write_csv(content, separator=SEPARATORS[path.suffix.lower()])
        write_bytes(path, content.getvalue())
    except OSError as error:
        raise InputError("{path} cannot be written to: {why}.", path=path, why=error.strerror or error) from error
    except pl.exceptions.PolarsError as error:
        raise InputError(
            "The table cannot be written as {kind} ({why}); write .parquet.",
            kind=path.suffix,
            why=shorten(str(error), 120),
        ) from error
