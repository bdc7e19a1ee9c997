"""Columns of codes put side by side, rows of all splits in one pass: what is read and written goes through once."""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

import numpy as np

from .coded import CodedTable
from .coding import Memory
from .filling import Storage
from .loops.codes import put

# What stands for the values of all columns is in memory meanwhile, if it is of no more values than this.
MOST_VALUES = 2**26
NUM_THREADS = 2

Columns = Sequence[tuple[str, np.ndarray]]


def can_be_joined(frame: CodedTable, names: Iterable[str], splits: Iterable[np.ndarray]) -> bool:
    """Whether the columns have few enough values, and the rows of each split ascend."""
    return sum(map(frame.num_values, names)) <= MOST_VALUES and all((np.diff(rows) > 0).all() for rows in splits)


def join(
    frame: CodedTable,
    splits: Mapping[str, np.ndarray],
    storage: Mapping[str, Storage],
    name: str,
    columns: Columns,
    dtype: type,
) -> None:
    """Fill the array called ``name`` of each split: its rows of ``frame``, in each column what stands for its values.

    Args:
        splits: the rows of each split, ascending, int (n,).
        columns: names in ``frame``, each with what stands for its values (V,), of type ``dtype``.
    """
    for split, rows in splits.items():
        storage[split].begin(name, (len(rows), len(columns)), dtype)
    for parts in _parts(frame, splits, columns, dtype):
        for split, part in zip(splits, parts, strict=True):
            storage[split].add(name, part)


def _parts(
    frame: CodedTable, splits: Mapping[str, np.ndarray], columns: Columns, dtype: type
) -> Iterator[list[np.ndarray]]:
    """One block of the table after another, cut into those of each split; the next are made while one is written."""
    waiting: deque[Future[list[np.ndarray]]] = deque()
    memories = itertools.cycle([Memory() for _ in range(NUM_THREADS + 2)])
    with ThreadPoolExecutor(NUM_THREADS) as pool:
        for block in range(len(frame.blocks)) if columns else ():
            waiting.append(pool.submit(_joined, frame, splits, columns, dtype, block, next(memories)))
            if len(waiting) > NUM_THREADS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _joined(
    frame: CodedTable,
    splits: Mapping[str, np.ndarray],
    columns: Columns,
    dtype: type,
    block: int,
    memory: Memory,
) -> list[np.ndarray]:
    """Of the rows of a block of the table those of each split, (rows, columns)."""
    start, stop = frame.blocks[block]
    places, edges = np.full(stop - start, -1, np.int32), [0]
    for rows in splits.values():
        first, last = np.searchsorted(rows, (start, stop))
        places[rows[first:last] - start] = np.arange(edges[-1], edges[-1] + last - first)
        edges.append(edges[-1] + last - first)
    array = memory.array("rows", (edges[-1], len(columns)), dtype)
    for position, codes in enumerate(frame.block_codes([name for name, _ in columns], block)):
        put(codes, columns[position][1], places, position, array)
    return [array[first:last] for first, last in itertools.pairwise(edges)]
