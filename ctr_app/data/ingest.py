"""From files and a user's words about them to a stored data set: one way for the page and the command line."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import polars as pl

from .catalogue import SAMPLES
from .columns import as_text
from .correcting import check_separator, corrected
from .encoding import label_array
from .errors import InputError, join_names
from .files import read_json
from .inferring import Inference, infer
from .reading import Table, read_table
from .schema import Corrections, Role, Schema
from .splitting import SplitRule, check_both_labels, split_rows
from .store import DataSet, DatasetStore, Preparation


@dataclass(frozen=True)
class Request:
    """What is to be trained on: a known name or files, and what the user says of the columns and the split."""

    data: str
    valid: str | None = None
    test: str | None = None
    schema_file: str | None = None
    corrections: Corrections = field(default_factory=Corrections)
    min_count: int = 2
    split_seed: int = 0


def ingest(request: Request, store: DatasetStore) -> tuple[DataSet, tuple[str, ...]]:
    """The data set asked for, stored, and warnings in words; nothing is stored if anything is wrong.

    Raises:
        InputError: one sentence, with the flag that settles a doubt.
    """
    if request.data in SAMPLES:
        return _ingest_sample(request, store), ()
    paths = {"train": request.data, "valid": request.valid, "test": request.test}
    tables = {split: _table(path) for split, path in paths.items() if path}
    frame = tables["train"].frame
    schema, warnings = _schema_for(frame, request)
    method = "files" if len(tables) > 1 else "time" if request.corrections.time else "random"
    preparation = Preparation(schema, SplitRule(method, seed=request.split_seed), request.min_count)
    check(tables, preparation)
    return store.add_table(tables, preparation), warnings


def check(tables: dict[str, Table], preparation: Preparation) -> None:
    """Raise InputError if the tables cannot be trained on as prepared; nothing is written."""
    frame, schema = tables["train"].frame, preparation.schema.check()
    for column in schema.with_role(Role.SEQUENCE):
        check_separator(frame, column)
    check_label(frame, schema)
    for split, table in tables.items():
        if schema.label not in table.frame.columns:
            raise InputError("The {split} file has no column {label}.", split=split, label=schema.label)
        labels = label_array(table.frame, schema)
        check_both_labels(labels[labels == labels] > 0, split)
    if len(tables) == 1:
        labels = label_array(frame, schema)
        split_rows(labels[labels == labels] > 0, replace(preparation.split, method="random"))


def check_label(frame: pl.DataFrame, schema: Schema) -> None:
    """Raise InputError if the label does not have the value that counts as a click and another one."""
    values = as_text(frame[schema.label]).drop_nulls().unique()
    if schema.positive not in values or len(values) < 2:
        raise InputError(
            "Label {label} needs the value {positive} and another one; it has {values}.",
            label=schema.label,
            positive=schema.positive,
            values=join_names(sorted(values)) or "none",
        )


def schema_warnings(inference: Inference, schema: Schema) -> tuple[str, ...]:
    """One sentence for each column with a warning that the schema still lets a model read."""
    read = {column.name for column in schema.fields}
    return tuple(
        f"Column {p.name}: {p.warning} Leave it out with --ignore {p.name}."
        for p in inference.profiles
        if p.warning and p.name in read
    )


def read_schema(path: Path) -> Schema:
    """A schema file as ``sample`` writes it."""
    try:
        stored: Any = read_json(path)
    except (OSError, ValueError) as error:
        raise InputError("The schema file {path} cannot be read ({why}).", path=path, why=error) from error
    return Schema.from_json(stored)


def _table(path: str) -> Table:
    if not Path(path).exists():
        raise InputError(
            "There is no file and no sample called {name}; the samples are {known}.",
            name=path,
            known=join_names(list(SAMPLES)),
        )
    return read_table(Path(path))


def _ingest_sample(request: Request, store: DatasetStore) -> DataSet:
    if request.valid or request.test:
        raise InputError("{name} is a sample and has its own split; leave --valid and --test out.", name=request.data)
    dataset = store.add_sample(request.data)
    if request.corrections == Corrections() and request.min_count == 2:
        return dataset
    inference = infer(dataset.frame)
    assert dataset.preparation is not None
    schema = corrected(dataset.frame, replace(inference, schema=dataset.preparation.schema), request.corrections)
    return replace(dataset, preparation=Preparation(schema, SplitRule(), request.min_count))


def _schema_for(frame: pl.DataFrame, request: Request) -> tuple[Schema, tuple[str, ...]]:
    inference = infer(frame, request.corrections.label if request.corrections.label in frame.columns else None)
    if request.schema_file:
        schema = read_schema(Path(request.schema_file))
        lacking = [column.name for column in schema.columns if column.name not in frame.columns]
        if lacking:
            raise InputError("The table lacks {names}, which the schema file speaks of.", names=join_names(lacking))
        inference = replace(inference, schema=schema)
    schema = corrected(frame, inference, request.corrections)
    return schema, schema_warnings(inference, schema)
