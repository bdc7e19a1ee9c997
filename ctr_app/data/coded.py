"""Tables of text on disk as codes: of each column its values, and for each row which of them it has.

The file is a sequence of blocks of rows. A block holds, column by column, the rows' codes in one, two or four bytes
each, then the values that no earlier block has: their lengths int32 and their bytes. After the last block come, as one
line of JSON, the names of the columns and whether the values of each are all different, then the numbers of rows of the
blocks, and where everything lies; at the very end three numbers: where that begins, and how many columns and blocks
there are.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property
from io import FileIO
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa

from .coding import Cells, ColumnCoder, cells_of_column
from .files import write_pieces
from .loops.codes import count

NUM_THREADS = 2
# Columns are worked on in so many parts, so that no thread waits long for another.
NUM_PARTS = 8
# What all columns may hold in memory of values that they have seen.
MOST_BYTES = 2**29
PLACES = np.dtype([("offset", "<i8"), ("code_bytes", "<i4"), ("values", "<i4"), ("value_bytes", "<i8")])
ENDING = np.dtype([("offset", "<i8"), ("columns", "<i8"), ("blocks", "<i8")])

Coded = tuple[np.ndarray, np.ndarray, np.ndarray]  # of a column in a block: codes, lengths and bytes of new values


def write_coded(path: Path, names: list[str], blocks: Iterable[Cells | pl.DataFrame]) -> None:
    """Write blocks of rows with these columns, texts without spaces around them and null for what is missing.

    Rows in which nothing but missing values stands are left out. The next block is made while one is worked on.
    """
    coder = _TableCoder(len(names))
    heights: list[int] = []
    places: list[np.ndarray] = []
    with path.open("wb", buffering=0) as file, ThreadPoolExecutor(NUM_THREADS) as pool:
        waiting: list[Future[list[Coded]]] = []
        for block in blocks:
            done = [future.result() for future in waiting]
            waiting = coder.start(block, pool)
            if done:
                heights.append(_write_block(file, done, places))
        if waiting:
            heights.append(_write_block(file, [future.result() for future in waiting], places))
        described: dict[str, list] = {"names": names, "are_distinct": coder.are_distinct}
        _write_ending(file, described, heights, places)


class _TableCoder:
    """Gives the cells of all columns their codes."""

    def __init__(self, width: int) -> None:
        self._columns = [ColumnCoder() for _ in range(width)]

    @property
    def are_distinct(self) -> list[bool]:
        """Of each column whether all values with different codes are different."""
        return [column.is_distinct for column in self._columns]

    def start(self, block: Cells | pl.DataFrame, pool: ThreadPoolExecutor) -> list[Future[list[Coded]]]:
        """Begin to work on a block, once the one before is done."""
        self._keep_small()
        step = -(-len(self._columns) // NUM_PARTS)
        parts = [range(first, min(first + step, len(self._columns))) for first in range(0, len(self._columns), step)]
        return [pool.submit(self._code, block, part) for part in parts]

    def _code(self, block: Cells | pl.DataFrame, part: range) -> list[Coded]:
        coded = []
        for place in part:
            column = self._columns[place]
            if isinstance(block, Cells):
                codes = column.code(block, place)
            else:
                codes = column.code(cells_of_column(block.to_series(place)), 0)
            codes = codes.astype(_code_type(column.num_codes), copy=False)
            coded.append((codes, *column.take_new()))
        return coded

    def _keep_small(self) -> None:
        """Let the largest columns forget their values while all hold too many."""
        while sum(column.bytes for column in self._columns) > MOST_BYTES:
            largest = max(self._columns, key=lambda column: column.bytes)
            if not largest.is_distinct:
                return
            largest.give_up()


class CodedTable:
    """A table that ``write_coded`` wrote. Nothing is kept in memory: of each column what is asked for is read."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def columns(self) -> list[str]:
        """The names of the columns, in order."""
        return list(self._positions)

    @property
    def height(self) -> int:
        """The number of rows."""
        return int(self._edges[-1])

    @property
    def width(self) -> int:
        """The number of columns."""
        return len(self._positions)

    def __getitem__(self, name: str, /) -> pl.Series:
        """One whole column; raises KeyError if there is none of that name."""
        return self.cells(name, 0, self.height)

    def cells(self, name: str, offset: int, length: int) -> pl.Series:
        """``length`` cells of a column from row ``offset`` on; raises KeyError if there is none of that name."""
        with self.path.open("rb", buffering=0) as file:
            return self._cells(file, name, offset, length)

    def dictionary(self, name: str) -> tuple[pl.Series, np.ndarray]:
        """The values (V,) of a column and for each row its place in them, int32 (n,).

        The first value is null, which no row need have. Others may be equal unless the column ``is_distinct``.
        """
        with self.path.open("rb", buffering=0) as file:
            position = self._positions[name]
            return self._values(file, position, range(len(self._places))), self._codes(file, position, 0, self.height)

    def values(self, name: str) -> pl.Series:
        """The values (V,) of a column as ``dictionary`` gives them."""
        with self.path.open("rb", buffering=0) as file:
            return self._values(file, self._positions[name], range(len(self._places)))

    def counts(self, name: str, rows: np.ndarray) -> np.ndarray:
        """int64 (V,): how often each value of a column occurs in ``rows``, int (n,) ascending."""
        counts, position = np.zeros(self.num_values(name), np.int64), self._positions[name]
        edges = np.searchsorted(rows, self._edges).tolist()
        with self.path.open("rb", buffering=0) as file:
            for block, (start, _) in enumerate(self.blocks):
                chosen = rows[edges[block] : edges[block + 1]]
                count(self._block_codes(file, block, position), chosen, start, counts)
        return counts

    def is_distinct(self, name: str) -> bool:
        """Whether all values that ``dictionary`` gives of a column are different."""
        return bool(self._index[0]["are_distinct"][self._positions[name]])

    def num_values(self, name: str) -> int:
        """How many values ``dictionary`` gives of a column."""
        return 1 + int(self._places["values"][:, self._positions[name]].sum())

    @cached_property
    def _code_places(self) -> list[list[tuple[int, int]]]:
        """Block -> column -> where its codes begin, and how many bytes each has."""
        return self._places[["offset", "code_bytes"]].tolist()

    @cached_property
    def blocks(self) -> list[tuple[int, int]]:
        """The rows with which blocks start and before which they stop."""
        return list(itertools.pairwise(self._edges.tolist()))

    def block_codes(self, names: Iterable[str], block: int) -> Iterator[np.ndarray]:
        """Of each of these columns the codes, int32, of all rows of a block."""
        with self.path.open("rb", buffering=0) as file:
            for name in names:
                yield self._block_codes(file, block, self._positions[name])

    def head(self, n: int = 5) -> pl.DataFrame:
        """The first ``n`` rows."""
        return self.slice(0, n)

    def slice(self, offset: int, length: int) -> pl.DataFrame:
        """``length`` rows from row ``offset`` on, without reading the rest."""
        with self.path.open("rb", buffering=0) as file:
            return pl.DataFrame([self._cells(file, name, offset, length) for name in self.columns])

    @cached_property
    def _index(self) -> tuple[dict[str, list], np.ndarray, np.ndarray]:
        with self.path.open("rb") as file:
            file.seek(-ENDING.itemsize, 2)
            ending = np.fromfile(file, ENDING, 1)[0]
            file.seek(int(ending["offset"]))
            described = json.loads(file.readline())
            heights = np.fromfile(file, np.int64, int(ending["blocks"]))
            places = np.fromfile(file, PLACES, int(ending["blocks"] * ending["columns"]))
        return described, heights, places.reshape(len(heights), int(ending["columns"]))

    @cached_property
    def _positions(self) -> dict[str, int]:
        return {name: position for position, name in enumerate(self._index[0]["names"])}

    @cached_property
    def _edges(self) -> np.ndarray:
        """int64 (blocks + 1,): the rows with which blocks begin, and the height."""
        return np.concatenate([[0], np.cumsum(self._index[1])])

    @property
    def _places(self) -> np.ndarray:
        """Where everything lies, (blocks, columns)."""
        return self._index[2]

    def _cells(self, file: FileIO, name: str, offset: int, length: int) -> pl.Series:
        position = self._positions[name]
        codes = self._codes(file, position, offset, length)
        if len(codes) > self.height // 2:
            return self._values(file, position, range(len(self._places))).gather(codes).alias(name)
        return self._values_of(file, position, codes).alias(name)

    def _values_of(self, file: FileIO, position: int, codes: np.ndarray) -> pl.Series:
        """What codes (n,) stand for, of which those values are read that came in the same blocks."""
        used, codes = np.unique(codes, return_inverse=True)
        firsts = np.concatenate([[1], 1 + np.cumsum(self._places["values"][:, position])])
        brought = np.searchsorted(firsts, used, side="right") - 1
        blocks = np.unique(brought[used > 0])
        counts = self._places["values"][blocks, position]
        before = np.concatenate([[1], 1 + np.cumsum(counts)])  # where the values of each block begin among those read
        values = self._values(file, position, blocks)
        places = np.where(used > 0, used - firsts[brought] + before[np.searchsorted(blocks, brought)], 0)
        return values.gather(places).gather(codes)

    def _codes(self, file: FileIO, position: int, offset: int, length: int) -> np.ndarray:
        """int32: the codes of some rows of a column, as many of them as there are."""
        last = min(offset + length, self.height)
        codes = np.empty(max(last - offset, 0), np.int32)
        first_block = int(np.searchsorted(self._edges, offset, side="right")) - 1
        for block in range(first_block, len(self._places)):
            start, stop = max(int(self._edges[block]), offset), min(int(self._edges[block + 1]), last)
            if start >= last:
                break
            place = self._places[block, position]
            dtype = _CODE_TYPES[int(place["code_bytes"])]
            at = int(place["offset"]) + (start - int(self._edges[block])) * dtype.itemsize
            codes[start - offset : stop - offset] = _array(file, at, dtype, stop - start)
        return codes

    def _block_codes(self, file: FileIO, block: int, position: int) -> np.ndarray:
        """int32: the codes of all rows of a block."""
        start, stop = self.blocks[block]
        offset, code_bytes = self._code_places[block][position]
        return _array(file, offset, _CODE_TYPES[code_bytes], stop - start).astype(np.int32, copy=False)

    def _values(self, file: FileIO, position: int, blocks: Iterable[int]) -> pl.Series:
        """Null, then the values that a column has first in these blocks."""
        lengths, contents = [np.zeros(1, np.int32)], []
        for block in blocks:
            place = self._places[block, position]
            if place["values"]:
                height = int(self._edges[block + 1] - self._edges[block])
                at = int(place["offset"]) + height * int(place["code_bytes"])
                lengths.append(_array(file, at, np.dtype(np.int32), int(place["values"])))
                contents.append(_array(file, at + lengths[-1].nbytes, np.dtype(np.uint8), int(place["value_bytes"])))
        return _texts(np.concatenate(lengths), b"".join(content.data for content in contents))


def _array(file: FileIO, offset: int, dtype: np.dtype, size: int) -> np.ndarray:
    array: np.ndarray = np.empty(size, dtype)
    file.seek(offset)
    file.readinto(array.data)
    return array


_CODE_TYPES: dict[int, np.dtype] = {1: np.dtype(np.uint8), 2: np.dtype(np.uint16), 4: np.dtype(np.int32)}


def _code_type(num_codes: int) -> np.dtype:
    return _CODE_TYPES[1 if num_codes <= 2**8 else 2 if num_codes <= 2**16 else 4]


def _texts(lengths: np.ndarray, content: bytes) -> pl.Series:
    """Texts that lie one after another, of which the first is null."""
    offsets = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    is_there = np.ones(len(lengths), dtype=bool)
    is_there[0] = False
    mask = pa.py_buffer(np.packbits(is_there, bitorder="little").tobytes())
    texts = pa.LargeStringArray.from_buffers(
        len(lengths), pa.py_buffer(offsets.tobytes()), pa.py_buffer(content), mask, 1
    )
    return pl.Series(texts)


def _write_block(file: FileIO, parts: list[list[Coded]], places: list[np.ndarray]) -> int:
    """Write one block, add to ``places`` where its columns lie, and return how many rows it has."""
    columns = [column for part in parts for column in part]
    kept = _rows_with_values([codes for codes, _, _ in columns])
    here = np.empty(len(columns), PLACES)
    offset = file.tell()
    height = len(columns[0][0]) if kept is None else len(kept)
    arrays: list[np.ndarray] = []
    for position, (codes, lengths, content) in enumerate(columns):
        codes = codes if kept is None else codes[kept]
        here[position] = offset, codes.itemsize, len(lengths), len(content)
        arrays += codes, lengths, content
        offset += codes.nbytes + lengths.nbytes + content.nbytes
    write_pieces(file, b"".join(array.data for array in arrays))
    places.append(here)
    return height


def _rows_with_values(codes: list[np.ndarray]) -> np.ndarray | None:
    """The rows that have any value; None if all have one."""
    rows = np.flatnonzero(codes[0] == 0)
    for column in codes[1:]:
        if len(rows) == 0:
            return None
        rows = rows[column[rows] == 0]
    return np.setdiff1d(np.arange(len(codes[0])), rows, assume_unique=True) if len(rows) else None


def _write_ending(file: FileIO, described: dict[str, list], heights: list[int], places: list[np.ndarray]) -> None:
    offset = file.tell()
    write_pieces(file, json.dumps(described).encode() + b"\n")
    write_pieces(file, np.array(heights, np.int64))
    write_pieces(file, b"".join(here.tobytes() for here in places))
    write_pieces(file, np.array([(offset, len(described["names"]), len(heights))], ENDING))
