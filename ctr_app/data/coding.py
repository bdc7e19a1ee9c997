"""Columns of text as codes: each distinct cell has a number in the order in which they come; missing cells have 0."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache

import numpy as np
import polars as pl
import pyarrow as pa

from .columns import MISSING_TOKENS
from .loops.cells import PADDING, any_begins, code_cells, make_keys, move, room
from .loops.ends import NEWLINE, count_bytes, find_ends

NUM_MISSING = len(MISSING_TOKENS)
# A column with more values than this is not searched for equal ones any more if most of its rows bring a new one.
MANY_VALUES, MOST_NEW = 2**17, 0.5
FIRST_SLOTS, FIRST_VALUES, FIRST_BYTES = 128, 32, 512


@dataclass(frozen=True)
class Cells:
    """A block of rows as a text, ``data`` uint8 with padding, with a key of each cell, uint64 (columns, rows).

    Cell c of row r begins ``gap`` bytes after ``edges[r * columns + c]`` and stops before the next of ``edges`` int32.
    """

    data: np.ndarray
    edges: np.ndarray
    gap: int
    keys: np.ndarray

    @property
    def height(self) -> int:
        """The number of rows."""
        return self.keys.shape[1]

    def room(self, row: int, column: int) -> int:
        """The most bytes that a cell may have."""
        place = row * len(self.keys) + column
        return int(self.edges[place + 1]) - int(self.edges[place])


class Memory:
    """Arrays that are made again and again in the same place, as the system takes its time to clear a new one."""

    def __init__(self) -> None:
        self._places: dict[str, np.ndarray] = {}

    def array(self, name: str, shape: tuple[int, ...], dtype: type) -> np.ndarray:
        """An array with anything in it, until the next one is asked for by this name."""
        size = math.prod(shape) * np.dtype(dtype).itemsize
        if name not in self._places or len(self._places[name]) < size:
            self._places[name] = np.empty(size + size // 8, np.uint8)
        return np.ndarray(shape, dtype, buffer=self._places[name].data)


def count_lines(block: bytes) -> int:
    """How many lines end in a block; other threads go on meanwhile, and ``bytes.count`` takes longer."""
    return int(count_bytes(np.frombuffer(block, np.uint8), NEWLINE))


def cells_of_text(
    block: bytes, separator: str, width: int, header: str | None, memory: Memory | None = None
) -> Cells | None:
    """The cells of a block of lines in UTF-8 without quotes; None if a line has not ``width`` cells.

    None as well if the first cell of a line is ``header``, as it may repeat the names of the columns. They hold until
    ``memory``, if there is any, is used again.
    """
    memory, byte = memory or Memory(), np.uint8(ord(separator))
    size = len(block) + (block[-1] != NEWLINE)
    data = memory.array("data", (size + PADDING,), np.uint8)
    data[: len(block)] = np.frombuffer(block, np.uint8)
    data[len(block) : size], data[size:] = NEWLINE, 0
    data.flags.writeable = False  # as the bytes of a text
    height = count_bytes(data[:size], NEWLINE)
    if count_bytes(data[:size], byte) != height * (width - 1):
        return None
    ends = memory.array("ends", (height * width + 1,), np.int32)
    ends[0] = -1
    find_ends(data, size, byte, ends)
    cells = _with_keys(data, ends, 1, memory.array("keys", (width, height), np.uint64))
    if cells and header is not None:
        first = np.frombuffer(header.encode(), np.uint8)
        return None if any_begins(data, ends, height * width, width, first) else cells
    return cells


def cells_of_column(column: pl.Series) -> Cells:
    """A column of texts as cells, missing ones empty."""
    texts = pa.array(column.fill_null("").to_arrow(compat_level=pl.CompatLevel.oldest()), pa.large_string())
    _, offsets, content = texts.buffers()
    edges = np.frombuffer(offsets, np.int64)[texts.offset : texts.offset + len(texts) + 1]
    data = np.zeros(int(edges[-1] - edges[0]) + PADDING, np.uint8)
    if content is not None:
        data[:-PADDING] = np.frombuffer(content, np.uint8)[edges[0] : edges[-1]]
    data.flags.writeable = False  # as the bytes of a text
    cells = _with_keys(data, (edges - edges[0]).astype(np.int32), 0, np.empty((1, len(column)), np.uint64))
    assert cells is not None
    return cells


def _with_keys(data: np.ndarray, edges: np.ndarray, gap: int, keys: np.ndarray) -> Cells | None:
    """The cells with these edges; None if a line has fewer or more than there are columns of ``keys``."""
    return Cells(data, edges, gap, keys) if make_keys(data, in_words(data), edges, gap, keys) else None


def in_words(data: np.ndarray) -> np.ndarray:
    """uint64 (len(data) - 7,): the bytes eight at a time, from each byte on."""
    return np.ndarray((len(data) - 7,), np.uint64, buffer=data.data, strides=(1,))


class ColumnCoder:
    """Gives the cells of one column their codes, a block at a time."""

    def __init__(self) -> None:
        self.is_distinct = True
        self.rows = self._base = self._count = self._taken = 0
        self._forget(0)

    @property
    def bytes(self) -> int:
        """What is held in memory."""
        return self._slots.nbytes + self._known.nbytes + self._ends.nbytes

    @property
    def num_codes(self) -> int:
        """How many codes there are, with 0 for missing."""
        return self._base + self._count - NUM_MISSING + 1

    def code(self, cells: Cells, column: int) -> np.ndarray:
        """int32 (n,): the codes of one column of ``cells``; afterwards ``take_new`` has the values that are new."""
        codes = self._codes(cells, column)
        self.rows += len(codes)
        return codes

    def take_new(self) -> tuple[np.ndarray, np.ndarray]:
        """The values that came since the last time: their lengths in bytes, int32, and their bytes, uint8."""
        ends = self._ends[self._taken : self._count + 1]
        lengths, content = np.diff(ends).astype(np.int32), self._known[ends[0] : ends[-1]].copy()
        self._taken = self._count
        if not self.is_distinct:
            self._forget(self.num_codes - 1)
        elif self.num_codes > max(MANY_VALUES, MOST_NEW * self.rows):
            self.give_up()
        return lengths, content

    def give_up(self) -> None:
        """From now on each cell that is not missing has a code of its own."""
        self.is_distinct = False
        self._forget(self.num_codes - 1)

    def _forget(self, base: int) -> None:
        """Know no value but what stands for a missing one; ``base`` codes above 0 have been given."""
        self._slots, self._known, self._ends = (array.copy() for array in _only_missing())
        self._base, self._count, self._taken = base, NUM_MISSING, NUM_MISSING

    def _codes(self, cells: Cells, column: int) -> np.ndarray:
        codes = np.empty(cells.height, np.int32)
        words, row = in_words(cells.data), 0
        while True:
            self._count, row = code_cells(
                cells.data,
                words,
                cells.edges,
                cells.gap,
                cells.keys,
                column,
                self._slots,
                self._known,
                in_words(self._known),
                self._ends,
                self._count,
                self.is_distinct,
                NUM_MISSING,
                self._base,
                row,
                codes,
            )
            if row == len(codes):
                return codes
            self._grow(cells.room(row, column))

    def _grow(self, size: int) -> None:
        """Make room for more values, the next of which has up to ``size`` bytes."""
        if self.is_distinct and self._count >= room(len(self._slots)):
            slots = np.zeros((2 * len(self._slots), 2), np.uint64)
            move(self._slots, slots)
            self._slots = slots
        if self._count >= len(self._ends) - 1:
            self._ends = _longer(self._ends, 2 * len(self._ends))
        used = int(self._ends[self._count])
        if used + size > len(self._known) - PADDING:
            self._known = _longer(self._known, 2 * (used + size) + PADDING)


@cache
def _only_missing() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Slots, known cells and their ends of a column in which nothing but missing values has been seen."""
    slots = np.zeros((FIRST_SLOTS, 2), np.uint64)
    known, ends = np.zeros(FIRST_BYTES + PADDING, np.uint8), np.zeros(FIRST_VALUES, np.int64)
    cells, codes = cells_of_column(pl.Series(MISSING_TOKENS)), np.empty(NUM_MISSING, np.int32)
    table = (slots, known, in_words(known), ends, 0, True, 0, 0)
    code_cells(cells.data, in_words(cells.data), cells.edges, cells.gap, cells.keys, 0, *table, 0, codes)
    slots[:, 1] = np.minimum(slots[:, 1], 1)
    return slots, known, ends


def _longer(array: np.ndarray, size: int) -> np.ndarray:
    longer = np.zeros(size, array.dtype)
    longer[: len(array)] = array
    return longer
