"""values: one pair of fields value by value, training rows of a cell, and pairs never seen together."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from torch import nn

from ..data.dataset import DataSet, EncodedDataset
from ..data.errors import InputError
from ..data.store import DatasetStore
from ..training.run_store import Run, RunStore
from .output import four, show

if TYPE_CHECKING:
    import pandas as pd

    from ..explain.coded import CodedField

SHOWN_CELLS = 20
Part = tuple[dict[str, Any], list[str]]


@dataclass(frozen=True)
class _Pair:
    """Two fields of a run, and all that is asked about them."""

    run: Run
    dataset: DataSet
    encoded: EncodedDataset
    model: nn.Module
    a: CodedField
    b: CodedField


def add_options(command: argparse.ArgumentParser) -> None:
    """The flags of ``values``."""
    command.add_argument("run", metavar="RUN", help="a run's id or its folder")
    command.add_argument("field_a", metavar="FIELD_A")
    command.add_argument("field_b", metavar="FIELD_B")
    command.add_argument("--runs", type=Path, metavar="DIR", help="folder of runs (default: checkpoints/)")
    for side in ("a", "b"):
        words = f"a value of FIELD_{side.upper()}, shown beside the most frequent ones; repeatable"
        command.add_argument(f"--value-{side}", action="append", default=[], metavar="VALUE", help=words)
    command.add_argument("--unseen", type=int, metavar="K", help="the K strongest pairs of values never seen together")
    command.add_argument("--min-count", type=int, metavar="N", help="for --unseen: rows that each value has, at least")


def values(options: argparse.Namespace) -> None:
    """The value × value table of two fields; with one value of each, training rows that have both."""
    _check(options)
    pair = _opened(options)
    document: dict[str, Any] = {"run": pair.run.id, "model": pair.run.spec().title}
    document |= {"field_a": pair.a.name, "field_b": pair.b.name}
    parts = [_cells(pair, options)]
    if len(options.value_a) == len(options.value_b) == 1:
        parts.append(_rows(pair, options))
    if options.unseen is not None:
        parts.append(_unseen(pair, options))
    for described, _ in parts:
        document |= described
    show(options, document, [line for _, lines in parts for line in lines])


def _check(options: argparse.Namespace) -> None:
    for flag, number in (("--unseen", options.unseen), ("--min-count", options.min_count)):
        if number is not None and number < 1:
            raise InputError("{flag} must be 1 or more, not {number}.", flag=flag, number=number)
    if options.min_count is not None and options.unseen is None:
        raise InputError("--min-count goes with --unseen.")


def _opened(options: argparse.Namespace) -> _Pair:
    from ..explain.values import coded_pair  # pandas takes a while to import

    run = RunStore(options.runs).get(options.run)
    dataset = DatasetStore().get(run.spec().dataset_id)
    encoded, (model, encoder) = dataset.encoded(run.spec().preparation), run.load_model()
    a, b = coded_pair(encoder, encoded.batch("train"), options.field_a, options.field_b, dataset.names())
    return _Pair(run, dataset, encoded, model, a, b)


def _cells(pair: _Pair, options: argparse.Namespace) -> Part:
    """All cells of the table; as lines those with the largest effects."""
    from ..explain.values import NUM_VALUES, pair_table

    a, b = (
        field.choose(NUM_VALUES, [int(field.with_value(text).codes[0]) for text in texts])
        for field, texts in ((pair.a, options.value_a), (pair.b, options.value_b))
    )
    table = pair_table(pair.model, pair.encoded.batch("train"), a, b, pair.encoded.encoder.layout)
    strongest = table.loc[table["effect"].abs().sort_values(ascending=False, kind="stable").index]
    lines = [
        f"{pair.a.name} {cell['name_a']} × {pair.b.name} {cell['name_b']}  {cell['effect']:+.4f}  "
        f"{cell['support']} rows  CTR {four(cell['observed'])}  predicted {four(cell['predicted'])}"
        for cell in _records(strongest.head(SHOWN_CELLS))
    ]
    if len(table) > SHOWN_CELLS:
        lines.append(f"and {len(table) - SHOWN_CELLS} more; --json lists them all")
    return {"cells": _records(table)}, lines


def _rows(pair: _Pair, options: argparse.Namespace) -> Part:
    """Training rows that have both values, with their predicted CTR."""
    from ..explain.example_rows import example_rows

    a, b = pair.a.with_value(options.value_a[0]), pair.b.with_value(options.value_b[0])
    frame, ctr = example_rows(pair.model, pair.dataset, pair.encoded, a, b)
    rows = [{"predicted": predicted, "row": row} for predicted, row in zip(ctr.tolist(), _records(frame), strict=True)]
    lines = [f"predicted {one['predicted']:.4f}  {json.dumps(one['row'], ensure_ascii=False)}" for one in rows]
    return {"rows": rows}, lines or ["No training row has both values."]


def _unseen(pair: _Pair, options: argparse.Namespace) -> Part:
    """The strongest pairs of values that no training row has together."""
    from ..explain.unseen import MIN_COUNT, strongest_unseen

    layout, batch = pair.encoded.encoder.layout, pair.encoded.batch("train")
    found = strongest_unseen(
        pair.model, batch, [pair.a, pair.b], layout, options.min_count or MIN_COUNT, options.unseen
    )
    lines = [
        f"{row.field_a} {row.name_a} with {row.field_b} {row.name_b} never occurred together, "
        f"yet {pair.run.spec().title} gives {row.effect:+.4f}"
        for row in found.itertuples()
    ]
    return {"unseen": _records(found)}, lines or ["All values that often occur do occur together."]


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The lines of a table for JSON, with null for what is not known."""
    records: list[dict[str, Any]] = json.loads(frame.to_json(orient="records", date_format="iso", double_precision=15))
    return records
