"""From files and a user's words about them to a stored data set: one way for the page and the command line."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from .catalogue import KNOWN_NAMES, is_known
from .column_warnings import find_warnings
from .columns import as_text, value_text
from .correcting import check_numbers, check_separator, corrected
from .errors import InputError, join_names
from .event_guess import guess_events
from .event_words import EventWords, asked_rows
from .files import read_json
from .inferring import Inference, infer
from .known import dataset_named
from .labels import label_array, weight_array
from .reading import ReadOptions, Table, read_table
from .schema import Corrections, Role, Schema
from .splitting import SplitRule, split_table
from .store import DataSet, DatasetStore, Preparation, joined, write_names
from .tables import Frame


@dataclass(frozen=True)
class Request:
    """What is to be trained on: a known name or files, and what the user says of files, columns and the split."""

    data: str
    valid: str | None = None
    test: str | None = None
    schema_file: str | None = None
    corrections: Corrections = field(default_factory=Corrections)
    min_count: int = 2
    split_seed: int = 0
    events: EventWords | None = None
    reading: ReadOptions = field(default_factory=ReadOptions)


def ingest(request: Request, store: DatasetStore) -> tuple[DataSet, tuple[str, ...]]:
    """The data set asked for, stored, and warnings in words; of a file nothing is stored if anything is wrong.

    Raises:
        InputError: one sentence, with the flag that settles a doubt.
    """
    if is_known(request.data):
        return _ingest_known(request, store), ()
    paths = {"train": request.data, "valid": request.valid, "test": request.test}
    tables = {split: _table(path, request.reading) for split, path in paths.items() if path}
    if request.events is not None:
        return _ingest_events(tables, request.events, request, store)
    schema, inference = _schema_for(tables["train"].frame, request)
    preparation = _preparation(schema, request, "files" if len(tables) > 1 else None)
    check(tables, preparation)
    warnings = find_warnings(inference, schema, preparation.min_count, preparation.split.method)
    return store.add_table(tables, preparation), (*_notes(tables), *map(str, warnings))


def _ingest_events(
    tables: dict[str, Table], words: EventWords, request: Request, store: DatasetStore
) -> tuple[DataSet, tuple[str, ...]]:
    """Rows built of a log, stored."""
    if len(tables) > 1:
        raise InputError("Rows are built of one log; leave --valid and --test out.")
    built = asked_rows(tables["train"], words)
    schema, inference = _schema_for(built.tables["train"].frame, request, built.schema)
    preparation = Preparation(schema, built.split, request.min_count)
    warnings = find_warnings(inference, schema, request.min_count, built.split.method)
    check(built.tables, preparation)
    dataset = store.add_table(built.tables, preparation)
    write_names(dataset, built.names)
    return dataset, (*_notes(tables), *map(str, (*built.notes, *warnings)))


def check(tables: dict[str, Table], preparation: Preparation) -> None:
    """Raise InputError if the tables cannot be trained on as prepared; nothing is written."""
    frame, schema = tables["train"].frame, preparation.schema.check()
    for column in schema.with_role(Role.SEQUENCE):
        check_separator(frame, column)
    for column in schema.with_role(Role.NUMERIC):
        check_numbers(frame, column.name)
    check_label(frame, schema)
    joined_frame, file_rows = joined(tables)
    weight_array(joined_frame, schema)
    split_table(joined_frame, schema, preparation.split, file_rows)


def check_label(frame: Frame, schema: Schema) -> None:
    """Raise InputError if the label does not have the value that counts as a click and another one.

    Or, where it should be the probability itself, if it is none in some row.
    """
    if schema.positive is None:
        label_array(frame, schema)
        return
    values = as_text(frame[schema.label]).drop_nulls().unique()
    if value_text(schema.positive) not in values or len(values) < 2:
        raise InputError(
            "Label {label} needs the value {positive} and another one; it has {values}.",
            label=schema.label,
            positive=schema.positive,
            values=join_names(sorted(values)) or "none",
        )


def read_schema(path: Path) -> Schema:
    """A schema file as ``sample`` writes it."""
    try:
        stored: Any = read_json(path)
    except (OSError, ValueError) as error:
        raise InputError("The schema file {path} cannot be read ({why}).", path=path, why=error) from error
    return Schema.from_json(stored)


def _notes(tables: dict[str, Table]) -> list[str]:
    """What was odd about the rows of each file."""
    return [f"{table.name}: {note}" for table in tables.values() for note in table.notes]


def _table(path: str, options: ReadOptions) -> Table:
    if not Path(path).exists():
        raise InputError(
            "There is no file and no known data set called {name}; known are {known}.",
            name=path,
            known=join_names(KNOWN_NAMES),
        )
    return read_table(Path(path), options=options)


def _ingest_known(request: Request, store: DatasetStore) -> DataSet:
    if request.valid or request.test:
        raise InputError(
            "{name} is a known data set and has its own split; leave --valid and --test out.", name=request.data
        )
    if request.events is not None:
        raise InputError("{name} has its rows already; leave --events out.", name=request.data)
    dataset = dataset_named(request.data, store)
    if request == Request(request.data):
        return dataset
    assert dataset.preparation is not None
    schema, _ = _schema_for(dataset.frame, request, dataset.preparation.schema)
    method = "time" if request.corrections.time else dataset.preparation.split.method
    preparation = _preparation(schema, request, method)
    check({"train": Table(dataset.frame, dataset.name, dataset.content_hash, "known")}, preparation)
    return replace(dataset, preparation=preparation)


def _preparation(schema: Schema, request: Request, method: str | None = None) -> Preparation:
    method = method or request.corrections.split or ("time" if request.corrections.time else "random")
    return Preparation(schema, SplitRule(method, seed=request.split_seed), request.min_count)


def _schema_for(frame: Frame, request: Request, known: Schema | None = None) -> tuple[Schema, Inference]:
    """The schema of the file named, or else the known or inferred one, with corrections; and what was inferred."""
    label, positive = request.corrections.label, request.corrections.positive
    label = label if label in frame.columns else None
    inference = infer(frame, label, None if positive is None else value_text(positive))
    if request.schema_file:
        known = read_schema(Path(request.schema_file))
        if lacking := [column.name for column in known.columns if column.name not in frame.columns]:
            raise InputError("The table lacks {names}, which the schema file speaks of.", names=join_names(lacking))
    if known is not None:
        inference = replace(inference, schema=known)
    if inference.schema is None and request.corrections.label is None and guess_events(frame):
        raise InputError(
            "No column is known for the label, and the table looks like a log of events: build rows of it with "
            "--events, or name the label with --label COL."
        )
    schema = corrected(frame, inference, request.corrections)
    return schema, inference
