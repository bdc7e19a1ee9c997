"""The arrays of a split, filled column by column though they lie row by row.

On disk each column waits in a file of its own until all are there; then rows are put together, some at a time. So
everything is written from beginning to end, whatever its size, and nothing has to stay in memory.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from .arrays import EncodedRows
from .distinct import Distinct, Histories, read_texts
from .files import write_pieces
from .labels import group_array, label_array, weight_array
from .schema import Column, Role, Schema
from .tables import Frame

# So many cells are put together at a time.
CELLS_AT_ONCE = 2**20
# Arrays that hold one column for each field of a role.
SIDE_BY_SIDE: dict[str, tuple[Role, type]] = {
    "numeric": (Role.NUMERIC, np.float32),
    "categorical": (Role.CATEGORICAL, np.int32),
}


class Storage(Protocol):
    """Where the arrays of one split are kept."""

    def put_column(self, name: str, column: np.ndarray) -> None:
        """Keep one column (n,) until its array is put together."""

    def column(self, name: str, start: int, stop: int, dtype: type) -> np.ndarray:
        """Rows ``start`` to ``stop`` of a column that waits."""

    def begin(self, name: str, shape: tuple[int, ...], dtype: type) -> None:
        """Begin an array; ``name`` is a field of EncodedRows, or ``sequence_0``."""

    def add(self, name: str, rows: np.ndarray) -> None:
        """Add some rows to an array, until it has its shape."""

    def close(self) -> None:
        """Let go of the columns."""


class InMemory:
    """A split in memory. ``arrays`` are those that have been put together, by their names."""

    def __init__(self) -> None:
        self._columns: dict[str, np.ndarray] = {}
        self._filled: dict[str, int] = {}
        self.arrays: dict[str, np.ndarray] = {}

    def put_column(self, name: str, column: np.ndarray) -> None:
        """Keep one column (n,) until its array is put together."""
        self._columns[name] = column

    def column(self, name: str, start: int, stop: int, dtype: type) -> np.ndarray:
        """Rows ``start`` to ``stop`` of a column that waits."""
        return self._columns[name][start:stop].astype(dtype, copy=False)

    def begin(self, name: str, shape: tuple[int, ...], dtype: type) -> None:
        """Begin an array; ``name`` is a field of EncodedRows, or ``sequence_0``."""
        self.arrays[name] = np.empty(shape, dtype)
        self._filled[name] = 0

    def add(self, name: str, rows: np.ndarray) -> None:
        """Add some rows to an array, until it has its shape."""
        start = self._filled[name]
        self.arrays[name][start : start + len(rows)] = rows
        self._filled[name] = start + len(rows)

    def rows(self, schema: Schema) -> EncodedRows:
        """All arrays of a table with that schema."""
        sequences = {c.name: self.arrays.pop(f"sequence_{i}") for i, c in enumerate(schema.with_role(Role.SEQUENCE))}
        return EncodedRows(sequences=sequences, **self.arrays)

    def close(self) -> None:
        """Let go of the columns."""
        self._columns.clear()


class OnDisk:
    """A split in files that ``arrays.load_rows`` reads, in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        """``folder`` is not there yet."""
        self._folder, self._waiting = folder, folder / ".columns"
        self._waiting.mkdir(parents=True)

    def put_column(self, name: str, column: np.ndarray) -> None:
        """Keep one column (n,) until its array is put together."""
        column.tofile(self._waiting / name)

    def column(self, name: str, start: int, stop: int, dtype: type) -> np.ndarray:
        """Rows ``start`` to ``stop`` of a column that waits."""
        return np.fromfile(self._waiting / name, dtype, stop - start, offset=start * np.dtype(dtype).itemsize)

    def begin(self, name: str, shape: tuple[int, ...], dtype: type) -> None:
        """Begin an array; ``name`` is a field of EncodedRows, or ``sequence_0``."""
        described = {"descr": np.lib.format.dtype_to_descr(np.dtype(dtype)), "fortran_order": False, "shape": shape}
        with (self._folder / f"{name}.npy").open("wb") as file:
            np.lib.format.write_array_header_1_0(file, described)

    def add(self, name: str, rows: np.ndarray) -> None:
        """Add some rows to an array, until it has its shape."""
        with (self._folder / f"{name}.npy").open("ab", buffering=0) as file:
            write_pieces(file, rows)

    def close(self) -> None:
        """Remove the columns that have waited."""
        for path in self._waiting.iterdir():
            path.unlink()
        self._waiting.rmdir()


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

    def __init__(self, rows: np.ndarray, schema: Schema, storage: Storage) -> None:
        """``rows`` int (n,) are the rows of the table that belong to the split."""
        self._rows, self._schema, self._storage = rows.astype(np.int64), schema, storage

    def put(self, column: Column, cells: Distinct, by_value: np.ndarray) -> None:
        """Fill in a numeric or categorical column; ``by_value`` (V,) is what stands for each of its values."""
        self._storage.put_column(self._place(column), cells.take(by_value, self._rows))

    def put_histories(self, column: Column, cells: Histories, by_value: np.ndarray, max_length: int) -> None:
        """Fill in a column of histories, cut to the last ``max_length`` items."""
        chunks = (cells.take(by_value, self._rows[start:stop], max_length) for start, stop in self._chunks(max_length))
        self._put(self._place(column), (len(self._rows), max_length), np.int32, chunks)

    def join(self) -> None:
        """Put the columns side by side that wait."""
        for name, (role, dtype) in SIDE_BY_SIDE.items():
            self._join(name, self._schema.with_role(role), dtype)

    def finish(self, about: AboutRows) -> None:
        """Add what is said about the rows of the table."""
        self._keep("labels", about.labels[self._rows])
        self._keep("rows", self._rows)
        if about.groups is not None:
            self._keep("group_ids", group_array(about.groups, self._rows))
        if about.weights is not None:
            self._keep("weights", about.weights[self._rows])
        self._storage.close()

    def _join(self, name: str, columns: Sequence[Column], dtype: type) -> None:
        """Put the columns side by side, (n, len(columns))."""
        places = [self._place(column) for column in columns]
        chunks = (
            np.stack([self._storage.column(place, start, stop, dtype) for place in places], axis=1)
            for start, stop in (self._chunks(len(columns)) if columns else ())
        )
        self._put(name, (len(self._rows), len(columns)), dtype, chunks)

    def _keep(self, name: str, array: np.ndarray) -> None:
        self._put(name, array.shape, array.dtype.type, [array])

    def _put(self, name: str, shape: tuple[int, ...], dtype: type, chunks: Iterable[np.ndarray]) -> None:
        self._storage.begin(name, shape, dtype)
        for chunk in chunks:
            self._storage.add(name, chunk.astype(dtype, copy=False))

    def _chunks(self, width: int) -> Iterator[tuple[int, int]]:
        """First and last row of what is put together at a time."""
        step = max(1, CELLS_AT_ONCE // width)
        return ((start, min(start + step, len(self._rows))) for start in range(0, len(self._rows), step))

    def _place(self, column: Column) -> str:
        return f"{column.role.value}_{self._schema.with_role(column.role).index(column)}"
