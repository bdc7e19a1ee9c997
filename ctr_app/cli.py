"""The command line: the same jobs as in the browser, with the same code."""

from __future__ import annotations

import argparse
import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from .data.catalogue import SAMPLES, sample_named
from .data.errors import InputError, spaced
from .data.files import write_json
from .data.ingest import Request, ingest
from .data.reading import Table, read_table
from .data.schema import Corrections
from .data.store import DatasetStore

USER_ERROR = 2


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one sentence."""

    def error(self, message: str) -> NoReturn:
        raise InputError(
            "{message}; see python -m ctr_app {command} --help.",
            message=message[:1].upper() + message[1:],
            command=self.prog.split()[-1],
        )


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code: 0, or 2 after one plain sentence on standard error."""
    try:
        options = _parser().parse_args(arguments)
        options.command(options)
    except InputError as error:
        print(error, file=sys.stderr)
        return USER_ERROR
    except BrokenPipeError:
        return 0
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m ctr_app", description="Train click models on a table and look inside them.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND", parser_class=_Parser)

    def command(name: str, function: Callable[[argparse.Namespace], None], help: str) -> argparse.ArgumentParser:
        added = commands.add_parser(name, help=help, description=help)
        added.set_defaults(command=function)
        added.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
        return added

    command("samples", _samples, "List the data sets that are known by name.")
    sample = command("sample", _sample, "Write a planted sample: table.parquet, schema.json and truth.json.")
    sample.add_argument("name", metavar="NAME")
    sample.add_argument("--rows", type=int, help="number of rows")
    sample.add_argument("--seed", type=int, default=0)
    sample.add_argument("--out", type=Path, required=True, help="folder to write into")

    _add_train_options(command("train", _train, "Train a model on a table or a sample."))

    for name, function, help in (
        ("evaluate", _evaluate, "Measure a run on a table; on its own data, split by split."),
        ("predict", _predict, "Write a table with the predicted CTR of each row."),
        ("interactions", _interactions, "List pairs of fields by how much they interact."),
        ("attention", _attention, "Show DIN's attention over the history of one row."),
    ):
        added = command(name, function, help)
        added.add_argument("run", metavar="RUN", help="a run's id or its folder")
        added.add_argument("--runs", type=Path, help="folder of runs (default: checkpoints/)")
        if name != "interactions":
            added.add_argument("--data", required=name != "evaluate", help="the table, or a sample's name")
        if name == "predict":
            added.add_argument("--out", type=Path, required=True, help="file to write: .csv, .tsv or .parquet")
        if name == "interactions":
            added.add_argument("--readout", choices=("weights", "behaviour", "counts"))
        if name == "attention":
            added.add_argument("--row", type=int, required=True, help="row of the table, from 0")
            added.add_argument("--candidate", help="another candidate value than the row's own")

    command("runs", _runs, "List the runs.").add_argument("--runs", type=Path, help="folder of runs")
    return parser


def _add_train_options(train: argparse.ArgumentParser) -> None:
    train.add_argument("--data", required=True, metavar="FILE|NAME", help="a table, or a sample's name")
    train.add_argument("--valid", metavar="FILE")
    train.add_argument("--test", metavar="FILE")
    train.add_argument("--model", required=True, metavar="NAME", help="fm, dcn (dcn-v1, dcn-v2, dcn-mix) or din")
    train.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="a setting; repeatable")
    train.add_argument("--seed", type=int, default=0)
    train.add_argument("--device", default="auto", metavar="D", help="auto, cpu, cuda or mps")
    train.add_argument("--runs", type=Path, help="folder of runs (default: checkpoints/)")
    columns = train.add_argument_group("what each column is")
    columns.add_argument("--schema", metavar="FILE", help="a schema file, as `sample` writes it")
    columns.add_argument("--label", metavar="COL")
    columns.add_argument("--positive", metavar="VALUE", help="the label's value that counts as a click")
    for flag in ("--ignore", "--numeric", "--categorical"):
        columns.add_argument(flag, action="append", default=[], metavar="A,B")
    columns.add_argument("--sequence", action="append", default=[], metavar="HISTORY[:CANDIDATE]")
    columns.add_argument("--separator", metavar="'|'", help="between the items of the --sequence columns")
    columns.add_argument("--group", metavar="COL", help="user or session, for GAUC")
    columns.add_argument("--time", metavar="COL", help="split by this column: the latest rows are for testing")
    columns.add_argument("--min-count", type=int, default=2, metavar="N", help="rarer values share one vector")


def _samples(options: argparse.Namespace) -> None:
    listed = [
        {"name": s.name, "title": s.title, "description": s.description, "rows": s.rows, "truth": s.has_truth}
        for s in SAMPLES.values()
    ]
    _print(
        options,
        {"samples": listed},
        [f"{s['name']:<20}{spaced(s['rows']):>10} rows  {'truth planted' if s['truth'] else ''}" for s in listed],
    )


def _sample(options: argparse.Namespace) -> None:
    sample = sample_named(options.name)
    rows = sample.rows if options.rows is None else options.rows
    planted = sample.make(rows, options.seed)
    _make_folder(options.out)
    planted.frame.write_parquet(options.out / "table.parquet")
    write_json(options.out / "schema.json", planted.schema.to_json())
    write_json(options.out / "truth.json", planted.truth.to_json())
    written = {
        "table": str(options.out / "table.parquet"),
        "schema": str(options.out / "schema.json"),
        "truth": str(options.out / "truth.json"),
        "rows": rows,
        "best_auc": planted.truth.best_auc,
    }
    _print(options, written, [f"{spaced(rows)} rows in {options.out}; best reachable AUC {planted.truth.best_auc:.4f}"])


def _train(options: argparse.Namespace) -> None:
    from .models.registry import FAMILIES, resolve
    from .training.device import choose_device, use_threads_sparingly
    from .training.driver import Progress, train_run
    from .training.launch import configs_for
    from .training.run_store import RunStore

    family, implied = resolve(options.model)
    settings = implied | dict(_key_value(text) for text in options.set) | {"seed": options.seed}
    model, training = configs_for(family.name, settings)
    choose_device(options.device)
    datasets = DatasetStore()
    dataset, warnings = ingest(_request(options), datasets)
    for warning in warnings:
        print(warning, file=sys.stderr)
    assert dataset.preparation is not None
    FAMILIES[family.name].build(dataset.encoded().encoder.layout, model)  # says now what the model needs
    use_threads_sparingly()
    run = RunStore(options.runs).create(
        family.name,
        model,
        training,
        device=options.device,
        dataset_id=dataset.id,
        dataset_name=dataset.name,
        content_hash=dataset.content_hash,
        preparation=dataset.preparation,
    )
    print(f"Run {run.id} in {run.folder}", file=sys.stderr)

    def report(progress: Progress) -> None:
        if progress.kind == "eval":
            values = progress.values
            print(
                f"epoch {values['epoch']:>3}  validation AUC {_four(values['auc'])}  logloss {values['logloss']:.4f}"
                f"{'  best so far' if values['is_best'] else ''}",
                file=sys.stderr,
            )

    try:
        train_run(run, datasets, report)
    except KeyboardInterrupt:
        run.set_status("stopped", "Stopped by hand.")
        raise
    status = run.status()
    if status.state == "failed":
        raise InputError("{reason}", reason=status.reason)
    _print_trained(options, run.id)


def _print_trained(options: argparse.Namespace, run_id: str) -> None:
    from .training.run_store import RunStore

    run = RunStore(options.runs).get(run_id)
    spec, metrics = run.spec(), run.metrics() or {}
    start = next(event for event in run.history() if event["kind"] == "start")
    result = {
        "run": run.id,
        "folder": str(run.folder),
        "model": spec.title,
        "family": spec.family,
        "device": start["device"],
        "dataset": spec.dataset_id,
        "state": run.status().state,
        "reason": run.status().reason,
        "epochs": metrics.get("epochs"),
        "best_epoch": metrics.get("best_epoch"),
        "rows_per_second": metrics.get("rows_per_second"),
        "seconds": metrics.get("seconds"),
        "peak_rss_mb": _peak_rss_mb(),
        "parameters": start["parameters"],
        "settings": spec.model | spec.training,
        **{split: metrics.get(split) for split in ("train", "valid", "test")},
    }
    lines = [f"{spec.title} on {spec.dataset_name}: best epoch {result['best_epoch']} of {result['epochs']}"]
    lines += [_metrics_line(split, result[split]) for split in ("train", "valid", "test") if result[split]]
    _print(options, result, [*lines, f"Run {run.id}"])


def _evaluate(options: argparse.Namespace) -> None:
    from .training.scoring import evaluate_splits, evaluate_table

    run, datasets = _run(options), DatasetStore()
    spec = run.spec()
    result: dict[str, Any] = {"run": run.id, "model": spec.title, "data": options.data or spec.dataset_id}
    lines = []
    table = None if options.data is None else _data_table(options.data, datasets)
    if table is not None:
        metrics = evaluate_table(run, table.frame).to_json()
        result |= metrics
        lines.append(_metrics_line("all rows", metrics))
    own = datasets.get(spec.dataset_id) if table is None else None
    if table is not None and _is_own(table, spec.content_hash):
        own = datasets.get(spec.dataset_id)
    if own is not None:
        by_split = {split: metrics.to_json() for split, metrics in evaluate_splits(run, own).items()}
        result |= by_split
        lines += [_metrics_line(split, metrics) for split, metrics in by_split.items()]
    _print(options, result, lines)


def _predict(options: argparse.Namespace) -> None:
    import polars as pl

    from .training.scoring import score_table

    writers = {".csv": "write_csv", ".tsv": "write_csv", ".parquet": "write_parquet"}
    suffix = options.out.suffix.lower()
    if suffix not in writers:
        raise InputError("{path} should end in .csv, .tsv or .parquet.", path=options.out)
    run = _run(options)
    frame = _data_table(options.data, DatasetStore()).frame
    ctr = score_table(run, frame)
    name = "ctr" if "ctr" not in frame.columns else "predicted_ctr"
    scored = frame.with_columns(pl.Series(name, ctr))
    _make_folder(options.out.parent)
    if suffix == ".parquet":
        scored.write_parquet(options.out)
    else:
        lists = [c for c, dtype in scored.schema.items() if isinstance(dtype, pl.List | pl.Array)]
        scored = scored.with_columns(pl.col(c).cast(pl.List(pl.String)).list.join("|") for c in lists)
        scored.write_csv(options.out, separator="\t" if suffix == ".tsv" else ",")
    result = {"run": run.id, "rows": len(ctr), "out": str(options.out), "column": name, "mean_ctr": float(ctr.mean())}
    _print(options, result, [f"{spaced(len(ctr))} rows with column {name} in {options.out}"])


def _interactions(options: argparse.Namespace) -> None:
    from .explain.readouts import interactions, readouts_for

    run = _run(options)
    spec = run.spec()
    readout = options.readout or readouts_for(spec.family)[0]
    frame = interactions(run, DatasetStore().get(spec.dataset_id), readout)
    result = {"run": run.id, "model": spec.title, "readout": readout, "pairs": frame.to_dict("records")}
    lines = [f"{row.field_a} × {row.field_b}  {row.strength:.4f}" for row in frame.head(20).itertuples()]
    _print(options, result, lines)


def _attention(options: argparse.Namespace) -> None:
    from .explain.attention import attention, din_or_error, encode_row, predicted_ctr, with_candidate

    run, datasets = _run(options), DatasetStore()
    model, encoder = run.load_model()
    din = din_or_error(model)
    batch = encode_row(encoder, _data_table(options.data, datasets).frame, options.row)
    candidate_field = din.groups[0][0].candidate or ""
    if options.candidate is not None:
        batch = with_candidate(batch, encoder, candidate_field, options.candidate)
    frame = attention(din, encoder, batch, _names(datasets, run.spec().dataset_id))
    ctr = predicted_ctr(din, batch)
    groups = []
    for (_, history), part in frame.groupby(["group", "history"], sort=False):
        items = part[["position", "value", "name", "weight"]].to_dict("records")
        groups.append(
            {
                "history": history,
                "candidate_field": part["candidate_field"].iloc[0],
                "candidate": part["candidate"].iloc[0],
                "items": items,
            }
        )
    lines = [f"CTR {ctr:.4f}"]
    lines += [f"{row.history} {row.position:>3}  {row.weight:.4f}  {row.name}" for row in frame.itertuples(index=False)]
    _print(options, {"run": run.id, "row": options.row, "ctr": ctr, "groups": groups}, lines)


def _runs(options: argparse.Namespace) -> None:
    from .training.run_store import RunStore

    listed = []
    for run in RunStore(options.runs).list():
        spec, status, metrics = run.spec(), run.status(), run.metrics() or {}
        listed.append(
            {
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
        )
    lines = [
        f"{r['run']:<36} {r['model']:<8} {r['dataset']:<36} {r['state']:<12} "
        f"test AUC {_four((r['test'] or {}).get('auc'))}"
        for r in listed
    ]
    _print(options, {"runs": listed}, lines or ["No runs yet; start one with python -m ctr_app train."])


def _request(options: argparse.Namespace) -> Request:
    sequences: dict[str, str | None] = {}
    for text in options.sequence:
        history, _, candidate = text.rpartition(":") if ":" in text else (text, "", "")
        sequences[history] = candidate or None
    corrections = Corrections(
        options.label,
        options.positive,
        _names_in(options.ignore),
        _names_in(options.numeric),
        _names_in(options.categorical),
        sequences or None,
        options.separator,
        options.group,
        options.time,
    )
    if options.min_count < 1:
        raise InputError("--min-count must be at least 1, not {value}.", value=options.min_count)
    return Request(options.data, options.valid, options.test, options.schema, corrections, options.min_count)


def _names_in(flags: list[str]) -> tuple[str, ...]:
    return tuple(name.strip() for flag in flags for name in flag.split(",") if name.strip())


def _key_value(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise InputError("--set takes key=value, not {text}.", text=text)
    return key.strip(), value.strip()


def _run(options: argparse.Namespace) -> Any:
    from .training.run_store import RunStore

    return RunStore(options.runs).get(options.run)


def _data_table(data: str, datasets: DatasetStore) -> Table:
    """The table of a file, or of a sample known by name."""
    if data in SAMPLES:
        dataset = datasets.add_sample(data)
        return Table(dataset.frame, dataset.name, dataset.content_hash, "sample")
    return read_table(Path(data))


def _is_own(table: Table, content_hash: str) -> bool:
    import hashlib

    return content_hash in (table.content_hash, hashlib.sha256(table.content_hash.encode()).hexdigest())


def _names(datasets: DatasetStore, dataset_id: str) -> dict[str, dict[str, str]]:
    try:
        return datasets.get(dataset_id).names()
    except InputError:
        return {}


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError("{path} cannot be written to: {why}.", path=folder, why=error.strerror or error) from error


def _peak_rss_mb() -> float:
    """Peak resident memory of this process in MiB (the system counts KiB on Linux, bytes on macOS)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def _metrics_line(name: str, metrics: dict[str, Any]) -> str:
    gauc = f"  GAUC {metrics['gauc']:.4f}" if metrics.get("gauc") is not None else ""
    return (
        f"{name:<9} AUC {_four(metrics['auc'])}  logloss {metrics['logloss']:.4f}{gauc}  {spaced(metrics['rows'])} rows"
    )


def _four(number: float | None) -> str:
    return "-" if number is None else f"{number:.4f}"


def _print(options: argparse.Namespace, document: dict[str, Any], lines: list[str]) -> None:
    print(json.dumps(document, ensure_ascii=False, indent=1) if options.json else "\n".join(lines))
