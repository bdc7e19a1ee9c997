"""Tables in memory and tables in a Parquet file, behind one face."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from .coded import CodedTable
from .columns import as_text

PIECE_ROWS = 2**18
PARQUET_NAME, CODED_NAME = "table.parquet", "table.codes"


class Frame(Protocol):
    """What our code asks of a table, so that it need not be in memory: one column, or a few rows, at a time."""

    @property
    def columns(self) -> list[str]:
        """The names of the columns, in order."""

    @property
    def height(self) -> int:
        """The number of rows."""

    @property
    def width(self) -> int:
        """The number of columns."""

    def __getitem__(self, name: str, /) -> pl.Series:
        """One whole column."""

    def head(self, n: int = 5) -> pl.DataFrame:
        """The first ``n`` rows; ``head(0)`` tells the types."""

    def slice(self, offset: int, length: int) -> pl.DataFrame:
        """``length`` rows from row ``offset`` on."""


class ParquetTable:
    """A table in a Parquet file. Nothing is kept in memory: each column is read when it is asked for."""

    def __init__(self, path: Path, start: int = 0, height: int | None = None) -> None:
        """All rows of the file, or ``height`` rows from row ``start`` on, which must be there."""
        self.path, self.start = path, start
        self._height, self._is_part = height, start > 0 or height is not None

    @cached_property
    def columns(self) -> list[str]:
        """The names of the columns, in order."""
        return list(self._types)

    @cached_property
    def height(self) -> int:
        """The number of rows."""
        if self._height is not None:
            return self._height
        return int(self._metadata.num_rows) - self.start

    @property
    def width(self) -> int:
        """The number of columns."""
        return len(self.columns)

    def __getitem__(self, name: str, /) -> pl.Series:
        """One whole column, read from the file; raises KeyError if there is none of that name."""
        return self.cells(name, 0, self.height)

    def cells(self, name: str, offset: int, length: int) -> pl.Series:
        """``length`` cells of a column from row ``offset`` on; raises KeyError if there is none of that name."""
        if name not in self.columns:
            raise KeyError(name)
        return self._rows(offset, length).select(pl.nth(self.columns.index(name))).collect().to_series()

    def dictionary(self, name: str) -> tuple[pl.Series, np.ndarray] | None:
        """A column of text as the file keeps it: distinct values (V,) and for each row its place in them, int32 (n,).

        Null is the last of the values if it occurs. None if the column is no text, or has too much of it.
        """
        if self._is_part or self.height == 0 or self._types[name] != pl.String:
            return None
        with pq.ParquetFile(self.path, metadata=self._metadata, read_dictionary=[name]) as file:
            try:
                chunks = file.reader.read_all(column_indices=[self._leaves[name]], use_threads=False).column(0)
                chunks = chunks.unify_dictionaries()
            except pa.ArrowException:
                return None
        values = pl.Series(chunks.chunk(0).dictionary)
        codes = pa.chunked_array([chunk.indices for chunk in chunks.chunks])
        if codes.null_count:
            codes = codes.fill_null(len(values))
            values = pl.concat([values, pl.Series([None], dtype=pl.String)])
        return values, codes.to_numpy()

    def head(self, n: int = 5) -> pl.DataFrame:
        """The first ``n`` rows."""
        return self.slice(0, n)

    def slice(self, offset: int, length: int) -> pl.DataFrame:
        """``length`` rows from row ``offset`` on, without reading the rest."""
        return self._rows(offset, length).collect()

    @cached_property
    def _types(self) -> dict[str, pl.DataType]:
        return dict(pl.read_parquet_schema(self.path))

    @cached_property
    def _metadata(self) -> pq.FileMetaData:
        return pq.read_metadata(self.path)

    @cached_property
    def _leaves(self) -> dict[str, int]:
        """Where a flat column lies in the file; a column of lists lies under a longer name."""
        schema = self._metadata.schema
        return {schema.column(place).path: place for place in range(len(schema))}

    def _rows(self, offset: int, length: int) -> pl.LazyFrame:
        return pl.scan_parquet(self.path).slice(self.start + offset, max(min(length, self.height - offset), 0))


class ChosenRows:
    """Some rows of a table, as a table."""

    def __init__(self, frame: Frame, rows: np.ndarray) -> None:
        """``rows`` int (n,) are row numbers of ``frame``."""
        self.frame, self.rows = frame, rows

    @property
    def columns(self) -> list[str]:
        """The names of the columns, in order."""
        return self.frame.columns

    @property
    def height(self) -> int:
        """The number of rows."""
        return len(self.rows)

    @property
    def width(self) -> int:
        """The number of columns."""
        return self.frame.width

    def __getitem__(self, name: str, /) -> pl.Series:
        """One whole column."""
        return self.frame[name].gather(self.rows)

    def head(self, n: int = 5) -> pl.DataFrame:
        """The first ``n`` rows."""
        return self.slice(0, n)

    def slice(self, offset: int, length: int) -> pl.DataFrame:
        """``length`` rows from row ``offset`` on."""
        rows = self.rows[offset : offset + length]
        return pl.DataFrame([self.frame[name].gather(rows) for name in self.columns])


class JoinedTable:
    """The rows of several tables one after another, with the columns of the first.

    A column that is not of the same type in all of them is text.
    """

    def __init__(self, frames: Sequence[Frame]) -> None:
        self.frames = frames
        self._types = [frame.head(0).schema for frame in frames]

    @property
    def columns(self) -> list[str]:
        """The names of the columns, in order."""
        return self.frames[0].columns

    @property
    def height(self) -> int:
        """The number of rows."""
        return sum(frame.height for frame in self.frames)

    @property
    def width(self) -> int:
        """The number of columns."""
        return self.frames[0].width

    def __getitem__(self, name: str, /) -> pl.Series:
        """One whole column."""
        return pl.concat([self._alike(frame[name]) for frame in self.frames])

    def head(self, n: int = 5) -> pl.DataFrame:
        """The first ``n`` rows."""
        return self.slice(0, n)

    def slice(self, offset: int, length: int) -> pl.DataFrame:
        """``length`` rows from row ``offset`` on."""
        parts, start = [], 0
        for frame in self.frames:
            first, last = max(offset - start, 0), min(offset + length - start, frame.height)
            parts.append(frame.slice(first, max(last - first, 0)))
            start += frame.height
        return pl.concat([pl.DataFrame([self._alike(part[name]) for name in self.columns]) for part in parts])

    def _alike(self, series: pl.Series) -> pl.Series:
        is_alike = all(types[series.name] == self._types[0][series.name] for types in self._types)
        return series if is_alike else as_text(series)


# What only some of is read at a time.
FiledTable = ParquetTable | CodedTable


def pieces(frame: Frame, name: str) -> Iterator[pl.Series]:
    """One column piece by piece, at least one; of a table in a file, no more than a piece is in memory."""
    starts = range(0, max(frame.height, 1), PIECE_ROWS)
    if isinstance(frame, FiledTable):
        yield from (frame.cells(name, start, PIECE_ROWS) for start in starts)
    else:
        column = frame[name]
        yield from (column.slice(start, PIECE_ROWS) for start in starts)


def write_table(frame: Frame, folder: Path) -> None:
    """Write a table to a new file; one that is in a file already shares its space on disk where that works."""
    if not isinstance(frame, FiledTable):
        frame.head(frame.height).write_parquet(folder / PARQUET_NAME)
        return
    path = folder / (CODED_NAME if isinstance(frame, CodedTable) else PARQUET_NAME)
    try:
        os.link(frame.path, path)
    except OSError:
        shutil.copyfile(frame.path, path)


def open_table(folder: Path) -> FiledTable:
    """The table that ``write_table`` wrote; nothing of it is read before it is asked for."""
    path = folder / CODED_NAME
    return CodedTable(path) if path.exists() else ParquetTable(folder / PARQUET_NAME)
