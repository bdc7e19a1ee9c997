"""One data set on disk: the table as it was read, and its encoded rows as memory-mappable arrays.

Its folder holds ``table.parquet`` or ``table.codes``, ``dataset.json``, and what is told of values, ``names.json`` and
``kinds.json``; each way of encoding it lies beside them under ``encoded/<key>/``, where the key is the hash of the
schema, the split and the minimum count.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import torch

from .arrays import EncodedRows, load_rows, name_sequences
from .batch import Batch
from .encoding import Encoder
from .errors import InputError
from .files import Version, bytes_in, new_folder, read_json, version_of, write_json
from .filling import OnDisk
from .kinds import Kinds
from .schema import Role, Schema
from .splitting import SPLITS, SplitRule, split_table
from .tables import FiledTable, Frame, open_table

# Readable names of values, by field.
Names = dict[str, dict[str, str]]
# What is told of values as it stands now: the versions of the files that hold it.
Told = tuple[Version, ...]


@dataclass(frozen=True)
class Preparation:
    """How a table becomes arrays: its schema, its split, and the fewest times a value must occur to have a vector."""

    schema: Schema
    split: SplitRule = field(default_factory=SplitRule)
    min_count: int = 2

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary; ``from_json`` reads it back."""
        return {"schema": self.schema.to_json(), "split": asdict(self.split), "min_count": self.min_count}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Preparation:
        """Read what ``to_json`` wrote."""
        return cls(Schema.from_json(stored["schema"]), SplitRule(**stored["split"]), stored["min_count"])

    @property
    def key(self) -> str:
        """A short name for this way of encoding."""
        return hashlib.sha256(json.dumps(self.to_json(), sort_keys=True).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class DataSet:
    """A stored table. ``file_rows`` are the rows of the given train, valid and test files, where files were given."""

    folder: Path
    id: str
    name: str
    description: str
    content_hash: str
    rows: int
    created: float
    preparation: Preparation | None
    truth: dict[str, Any] | None = None
    file_rows: tuple[int, int, int] | None = None

    @cached_property
    def frame(self) -> FiledTable:
        """The table, of which nothing is in memory until it is asked for."""
        return open_table(self.folder)

    def part(self, start: int, length: int) -> pl.DataFrame:
        """``length`` rows from row ``start`` on, without reading the rest."""
        return self.frame.slice(start, length)

    def size(self) -> int:
        """The space that it takes on disk with all that is encoded of it, in bytes."""
        return bytes_in(self.folder)

    def names(self) -> Names:
        """Readable names of values by field, where a column or an uploaded table names them; shared, never changed."""
        path = self.folder / "names.json"
        return _names(version_of(path)) if path.exists() else {}

    def kinds(self) -> dict[str, Kinds]:
        """Of which kind values are, by field, where an uploaded table tells."""
        path = self.folder / "kinds.json"
        return read_json(path) if path.exists() else {}

    def told(self) -> Told:
        """Another one once more is told of values: for the keys of what is kept and depends on names or kinds."""
        paths = (self.folder / "names.json", self.folder / "kinds.json")
        return tuple(version_of(path) for path in paths if path.exists())

    def encoded(self, preparation: Preparation | None = None) -> EncodedDataset:
        """The arrays for ``preparation`` (by default the data set's own), made and stored on first use."""
        preparation = preparation or self.preparation
        if preparation is None:
            raise InputError("Say first which column of {name} is the label.", name=self.name)
        folder = self.folder / "encoded" / preparation.key
        if not folder.is_dir():
            parts = split_table(self.frame, preparation.schema, preparation.split, self.file_rows)
            with new_folder(folder) as temporary:
                encode_into(temporary, self.frame, preparation, parts)
        return EncodedDataset(folder)


class EncodedDataset:
    """Encoded splits of one data set, opened without being read: arrays are mapped from disk."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.encoder = Encoder.load(folder / "encoder")

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits there are: train and valid, and test where it has rows."""
        return tuple(split for split in SPLITS if (self.folder / split).is_dir())

    def rows(self, split: str) -> EncodedRows:
        """The arrays of one split."""
        return load_rows(self.folder / split)

    def batch(self, split: str) -> Batch:
        """The whole split as one batch over the mapped arrays."""
        return as_batch(self.rows(split))


@lru_cache(maxsize=32)
def _names(version: Version) -> Names:
    names: Names = read_json(Path(version[0]))
    return names


def as_batch(rows: EncodedRows) -> Batch:
    """Tensors over the same memory as the arrays."""
    return Batch(
        torch.from_numpy(rows.numeric),
        torch.from_numpy(rows.categorical),
        {name: torch.from_numpy(ids) for name, ids in rows.sequences.items()},
        torch.from_numpy(rows.labels),
        None if rows.weights is None else torch.from_numpy(rows.weights),
    )


def encode_into(folder: Path, frame: Frame, preparation: Preparation, splits: Mapping[str, np.ndarray]) -> None:
    """Encode ``splits``, row numbers of ``frame``, into files that ``EncodedDataset`` opens."""
    schema, min_count = preparation.schema, preparation.min_count
    storage = {split: OnDisk(folder / split) for split in splits}
    Encoder.fit_transform(frame, schema, min_count, splits, storage).save(folder / "encoder")
    for split in splits:
        name_sequences(folder / split, [column.name for column in schema.with_role(Role.SEQUENCE)])


def write_names(dataset: DataSet, names: dict[str, dict[str, str]]) -> None:
    """Add readable names of values to those that the data set has."""
    if names:
        merged = dict(dataset.names())
        for field, by_value in names.items():
            merged[field] = merged.get(field, {}) | by_value
        write_json(dataset.folder / "names.json", merged)


def write_kinds(dataset: DataSet, kinds: dict[str, Kinds]) -> None:
    """Say anew of which kind the values of some fields are."""
    if kinds:
        write_json(dataset.folder / "kinds.json", dataset.kinds() | kinds)
