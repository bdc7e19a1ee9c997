"""From a table and its schema to numbers, by what the training rows alone have shown."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from .arrays import EncodedRows
from .batch import FieldLayout, SequenceField
from .coded import CodedTable
from .columns import without_missing
from .distinct import Distinct, Histories, InFile, in_file, read_histories, read_numbers, read_texts
from .errors import InputError, join_names
from .filling import SIDE_BY_SIDE, AboutRows, Filling, InMemory, Storage
from .schema import Column, Role, Schema
from .side_by_side import can_be_joined, join
from .tables import ChosenRows, Frame
from .transforms import NumericTransform
from .vocabulary import Vocabulary, read_vocabularies, write_vocabularies

# Columns that are read and encoded at the same time.
NUM_THREADS = 2
VOCABULARIES = "vocabularies.parquet"

Cells = Distinct | InFile | Histories


@dataclass(frozen=True)
class Encoder:
    """Everything needed to encode a table the way a run was trained on; it is learned from training rows only."""

    schema: Schema
    transforms: Mapping[str, NumericTransform]
    vocabularies: Mapping[str, Vocabulary]
    sequence_lengths: Mapping[str, int]

    @classmethod
    def fit(cls, frame: Frame, schema: Schema, min_count: int = 2, rows: np.ndarray | None = None) -> Encoder:
        """Learn vocabularies and quantiles from the training rows: ``rows`` of ``frame``, or all of it."""
        parts = [_learned(schema, _read(frame, unit, False), min_count, rows)[0] for unit in _units(schema)]
        return cls._of(schema, parts)

    @classmethod
    def fit_transform(
        cls,
        frame: Frame,
        schema: Schema,
        min_count: int,
        splits: Mapping[str, np.ndarray],
        storage: Mapping[str, Storage],
    ) -> Encoder:
        """``fit`` on the rows of ``splits["train"]``, then ``transform`` of each split, with each column read once.

        Of the table no more than some columns are in memory at a time; what is made of them is where ``storage`` keeps
        it for each split.
        """
        filling = {split: Filling(rows, schema, storage[split]) for split, rows in splits.items()}
        by_value: dict[str, np.ndarray] = {}
        is_coded = _is_coded(frame, schema, splits)

        def encode(unit: Sequence[Column]) -> Encoder:
            cells = _read(frame, unit, is_coded)
            learned, ids = _learned(schema, cells, min_count, splits["train"])
            for column, found in cells.items():
                numbers = learned._by_value(column, found) if ids is None else ids
                if isinstance(found, InFile):
                    by_value[column.name] = numbers
                else:
                    learned._fill(column, found, numbers, filling.values())
            return learned

        about = AboutRows.read(frame, schema)
        with ThreadPoolExecutor(NUM_THREADS) as pool:
            encoder = cls._of(schema, list(pool.map(encode, _units(schema))))
        if isinstance(frame, CodedTable) and is_coded:
            for name, (role, dtype) in SIDE_BY_SIDE.items():
                columns = [(column.name, by_value[column.name]) for column in schema.with_role(role)]
                join(frame, splits, storage, name, columns, dtype)
        for part in filling.values():
            if not is_coded:
                part.join()
            part.finish(about)
        return encoder

    @classmethod
    def _of(cls, schema: Schema, parts: Sequence[Encoder]) -> Encoder:
        """One encoder of those of some columns each."""
        merged: tuple[dict[str, Any], ...] = ({}, {}, {})
        for part in parts:
            for all_of, some in zip(merged, (part.transforms, part.vocabularies, part.sequence_lengths), strict=True):
                all_of.update(some)
        return cls(schema, *merged)

    @property
    def layout(self) -> FieldLayout:
        """What a model must know of the fields."""
        sequences = tuple(
            SequenceField(c.name, c.candidate, self.sequence_lengths[c.name])
            for c in self.schema.with_role(Role.SEQUENCE)
        )
        return FieldLayout(
            tuple(c.name for c in self.schema.with_role(Role.NUMERIC)),
            tuple(c.name for c in self.schema.with_role(Role.CATEGORICAL)),
            sequences,
            {name: len(vocabulary) for name, vocabulary in self.vocabularies.items()},
        )

    def vocabulary_of(self, field: str) -> Vocabulary:
        """The vocabulary of a categorical or sequence field."""
        return self.vocabularies[_table_of(self.schema.column(field))]

    def transform(self, frame: Frame, rows: np.ndarray | None = None) -> EncodedRows:
        """Encode ``frame`` (all of it, or only ``rows``); the label may be absent or missing, then it is NaN.

        Raises:
            InputError: if a column that the model reads is not there.
        """
        missing = [c.name for c in self.schema.fields if c.name not in frame.columns]
        if missing:
            raise InputError("The table lacks {names}, which the model was trained on.", names=join_names(missing))
        chosen = frame if rows is None else ChosenRows(frame, rows)
        storage = InMemory()
        filling = Filling(np.arange(chosen.height), self.schema, storage)
        for column in self.schema.fields:
            cells = _whole(chosen, column)
            self._fill(column, cells, self._by_value(column, cells), [filling])
        filling.join()
        filling.finish(AboutRows.read(chosen, self.schema))
        encoded = storage.rows(self.schema)
        return encoded if rows is None else replace(encoded, rows=rows.astype(np.int64))

    def _fill(
        self, column: Column, cells: Distinct | Histories, by_value: np.ndarray, splits: Iterable[Filling]
    ) -> None:
        """Put what a model reads for one column's values into the rows of all splits."""
        for split in splits:
            if isinstance(cells, Histories):
                split.put_histories(column, cells, by_value, self.sequence_lengths[column.name])
            else:
                split.put(column, cells, by_value)

    def _by_value(self, column: Column, cells: Cells) -> np.ndarray:
        """float32 or int32 (V,): what a model reads for each value of a column."""
        if column.role is Role.NUMERIC:
            return self.transforms[column.name](cells.values.to_numpy())
        return self.vocabulary_of(column.name).ids(cells.values)

    def save(self, folder: Path) -> None:
        """Write data files only (JSON and Parquet), no pickle."""
        folder.mkdir(parents=True, exist_ok=True)
        described = {
            "schema": self.schema.to_json(),
            "quantiles": {name: t.quantiles.tolist() for name, t in self.transforms.items()},
            "sequence_lengths": self.sequence_lengths,
            "tables": {name: len(vocabulary.texts) for name, vocabulary in self.vocabularies.items()},
        }
        (folder / "encoder.json").write_text(json.dumps(described, ensure_ascii=False), encoding="utf-8")
        write_vocabularies(folder / VOCABULARIES, self.vocabularies)

    @classmethod
    def load(cls, folder: Path) -> Encoder:
        """Read what ``save`` wrote, vocabularies when they are first asked for a value."""
        described = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))
        return cls(
            Schema.from_json(described["schema"]),
            {name: NumericTransform(np.array(q)) for name, q in described["quantiles"].items()},
            read_vocabularies(folder / VOCABULARIES, described["tables"]),
            described["sequence_lengths"],
        )


def _is_coded(frame: Frame, schema: Schema, splits: Mapping[str, np.ndarray]) -> bool:
    """Whether columns can go straight from the table's codes into their places side by side."""
    names = [column.name for role, _ in SIDE_BY_SIDE.values() for column in schema.with_role(role)]
    return isinstance(frame, CodedTable) and can_be_joined(frame, names, splits.values())


def _units(schema: Schema) -> list[tuple[Column, ...]]:
    """The columns that are learned together: numbers alone, a categorical column with the histories of its values."""
    units: dict[str, tuple[Column, ...]] = {}
    for column in schema.fields:
        table = _table_of(column)
        units[table] = (*units.get(table, ()), column)
    return list(units.values())


def _table_of(column: Column) -> str:
    """The name of the vocabulary that a field is encoded with: a history's is its candidate's."""
    return column.candidate or column.name if column.role is Role.SEQUENCE else column.name


def _read(frame: Frame, columns: Sequence[Column], codes_stay: bool) -> dict[Column, Cells]:
    return {column: _cells(frame, column, codes_stay) for column in columns}


def _cells(frame: Frame, column: Column, codes_stay: bool) -> Cells:
    """A column; its codes in a table of codes may stay in the file."""
    if codes_stay and column.role is not Role.SEQUENCE and isinstance(frame, CodedTable):
        return in_file(frame, column)
    return _whole(frame, column)


def _whole(frame: Frame, column: Column) -> Distinct | Histories:
    if column.role is Role.SEQUENCE:
        return read_histories(frame, column)
    if column.role is Role.NUMERIC:
        return read_numbers(frame, column.name)
    found = read_texts(frame, column.name)
    return replace(found, values=without_missing(found.values, column))


def _learned(
    schema: Schema, cells: Mapping[Column, Cells], min_count: int, rows: np.ndarray | None
) -> tuple[Encoder, np.ndarray | None]:
    """The part of an encoder that is about these columns, which are learned together.

    And the ids of the values, where they are known by then: if one column alone has them, each once.
    """
    counted = [(found.values, found.counts(rows)) for found in cells.values()]
    first = next(iter(cells))
    if first.role is Role.NUMERIC:
        [(values, counts)] = counted
        return Encoder(schema, {first.name: NumericTransform.fit(values.to_numpy(), counts)}, {}, {}), None
    alone, ids = cells[first], None
    if len(cells) == 1 and not isinstance(alone, Histories) and alone.are_different:
        vocabulary, ids = Vocabulary.fit_different(*counted[0], min_count)
    else:
        vocabulary = Vocabulary.fit_counts(counted, min_count)
    lengths = {c.name: found.longest(rows) for c, found in cells.items() if isinstance(found, Histories)}
    return Encoder(schema, {}, {_table_of(first): vocabulary}, lengths), ids
