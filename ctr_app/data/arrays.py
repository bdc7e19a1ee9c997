"""Encoded rows as arrays, in memory or mapped from disk."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

import numpy as np

from .distinct import Distinct, Histories, read_texts
from .files import read_json, write_json
from .labels import group_array, label_array, weight_array
from .schema import Column, Role, Schema
from .tables import Frame

# Histories of so many rows are padded at a time.
ROWS_AT_ONCE = 2**16
ROW_ARRAYS = ("numeric", "categorical", "labels", "rows", "group_ids", "weights")


@dataclass(frozen=True)
class EncodedRows:
    """Arrays of n rows: numeric float32 (n, N), categorical int32 (n, C), sequences int32 (n, T), labels float32 (n,).

    ``group_ids`` int64 (n,) tells whose row it is, where the schema has a group; a row without one is alone in its
    own. ``rows`` int64 (n,) are the rows of the table that these are. ``weights`` float32 (n,), above 0, say how much
    each row counts, where the schema has a weight.
    """

    numeric: np.ndarray
    categorical: np.ndarray
    sequences: dict[str, np.ndarray]
    labels: np.ndarray
    rows: np.ndarray
    group_ids: np.ndarray | None = None
    weights: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.labels)


class NewArray(Protocol):
    """Makes an array that the encoder fills, in memory or on disk; ``name`` is a field of EncodedRows, or a history."""

    def __call__(self, split: str, name: str, shape: tuple[int, ...], dtype: type, /) -> np.ndarray:
        """An array of that shape, whatever it holds."""


def in_memory(_split: str, _name: str, shape: tuple[int, ...], dtype: type, /) -> np.ndarray:
    """An array in memory."""
    return np.empty(shape, dtype)


def on_disk(folder: Path) -> NewArray:
    """Arrays in files that ``load_rows`` reads, each split in a folder of its own under ``folder``."""

    def new_array(split: str, name: str, shape: tuple[int, ...], dtype: type, /) -> np.ndarray:
        (folder / split).mkdir(exist_ok=True)
        return np.lib.format.open_memmap(folder / split / f"{name}.npy", "w+", dtype, shape)

    return new_array


@dataclass(frozen=True)
class AboutRows:
    """What is said about the n rows of a table beside their fields: labels and weights float32 (n,), and groups."""

    labels: np.ndarray
    weights: np.ndarray | None
    groups: Distinct | None

    @classmethod
    def read(cls, frame: Frame, schema: Schema) -> AboutRows:
        """Of a table that may lack any of these columns."""
        groups = read_texts(frame, schema.group) if schema.group is not None and schema.group in frame.columns else None
        return cls(label_array(frame, schema), weight_array(frame, schema), groups)


class Filling:
    """The arrays of one split while columns are put into them."""

    def __init__(self, split: str, rows: np.ndarray, schema: Schema, new_array: NewArray) -> None:
        """``rows`` int (n,) are the rows of the table that belong to the split."""
        self._rows, self._schema, self._new = rows.astype(np.int64), schema, partial(new_array, split)
        self._numeric = self._new("numeric", (len(rows), len(schema.with_role(Role.NUMERIC))), np.float32)
        self._categorical = self._new("categorical", (len(rows), len(schema.with_role(Role.CATEGORICAL))), np.int32)
        self._sequences: dict[str, np.ndarray] = {}

    def put(self, column: Column, cells: Distinct, by_value: np.ndarray) -> None:
        """Fill in a numeric or categorical column; ``by_value`` (V,) is what stands for each of its values."""
        target = self._numeric if column.role is Role.NUMERIC else self._categorical
        target[:, self._schema.with_role(column.role).index(column)] = cells.take(by_value, self._rows)

    def put_histories(self, column: Column, cells: Histories, by_value: np.ndarray, max_length: int) -> None:
        """Fill in a column of histories, cut to the last ``max_length`` items."""
        place = self._schema.with_role(Role.SEQUENCE).index(column)
        target = self._new(f"sequence_{place}", (len(self._rows), max_length), np.int32)
        for start in range(0, len(self._rows), ROWS_AT_ONCE):
            chunk = slice(start, start + ROWS_AT_ONCE)
            target[chunk] = cells.take(by_value, self._rows[chunk], max_length)
        self._sequences[column.name] = target

    def finished(self, about: AboutRows) -> EncodedRows:
        """All arrays, with what is said about the rows of the table."""
        groups, weights = about.groups, about.weights
        return EncodedRows(
            self._numeric,
            self._categorical,
            {c.name: self._sequences[c.name] for c in self._schema.with_role(Role.SEQUENCE)},
            self._kept("labels", about.labels[self._rows]),
            self._kept("rows", self._rows),
            None if groups is None else self._kept("group_ids", group_array(groups, self._rows)),
            None if weights is None else self._kept("weights", weights[self._rows]),
        )

    def _kept(self, name: str, array: np.ndarray) -> np.ndarray:
        target = self._new(name, array.shape, array.dtype.type)
        target[:] = array
        return target


def save_rows(folder: Path, rows: EncodedRows) -> None:
    """Store the arrays of one split in a new folder, as ``load_rows`` reads them."""
    folder.mkdir()
    named = {name: getattr(rows, name) for name in ROW_ARRAYS}
    named |= {f"sequence_{place}": ids for place, ids in enumerate(rows.sequences.values())}
    for name, array in named.items():
        if array is not None:
            np.save(folder / f"{name}.npy", array, allow_pickle=False)
    name_sequences(folder, rows)


def name_sequences(folder: Path, rows: EncodedRows) -> None:
    """Store beside the arrays of a split what its histories are called."""
    write_json(folder / "sequences.json", list(rows.sequences))


def load_rows(folder: Path) -> EncodedRows:
    """The arrays of one split, mapped from disk: nothing is read before it is used, and nothing written back."""

    def mapped(name: str) -> np.ndarray:
        return np.load(folder / f"{name}.npy", mmap_mode="c", allow_pickle=False)

    named = {name: mapped(name) for name in ROW_ARRAYS if (folder / f"{name}.npy").exists()}
    sequences = {name: mapped(f"sequence_{i}") for i, name in enumerate(read_json(folder / "sequences.json"))}
    return EncodedRows(sequences=sequences, **named)
