"""A column as its distinct values and, for each row, which of them it has.

Work that depends on a cell's value alone is then done once per value, not once per row.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain

import numpy as np
import polars as pl

from .coded import CodedTable
from .columns import as_lists, as_number, as_text, without_missing
from .schema import Column, Role
from .tables import Frame, ParquetTable, pieces

# A column of texts is searched for distinct values unless its beginning shows that most are distinct.
LOOKED_AT = 10_000
PADDING = 0


@dataclass(frozen=True)
class Distinct:
    """The values (V,) of a column, texts or numbers, null or NaN for missing, and ``codes`` (n,), positions in them.

    ``codes`` None: each row has a value of its own, in the order of the rows. Two values may be equal, unless all
    ``are_different``.
    """

    values: pl.Series
    codes: np.ndarray | None
    are_different: bool = False

    def counts(self, rows: np.ndarray | None = None) -> np.ndarray:
        """int (V,): how often each value occurs in ``rows``, by default in all."""
        codes = self.codes if rows is None else rows if self.codes is None else self.codes[rows]
        return np.ones(len(self.values), np.int64) if codes is None else np.bincount(codes, minlength=len(self.values))

    def spread(self, by_value: np.ndarray) -> np.ndarray:
        """(n,): of ``by_value`` (V,) what belongs to each row."""
        return by_value if self.codes is None else by_value[self.codes]

    def take(self, by_value: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """(len(rows),): of ``by_value`` (V,) what belongs to each of ``rows``."""
        return by_value[rows if self.codes is None else self.codes[rows]]


@dataclass(frozen=True)
class InFile:
    """A column of a table of codes that stay in the file: what ``Distinct`` has of it to learn from."""

    values: pl.Series
    are_different: bool
    frame: CodedTable
    name: str

    def counts(self, rows: np.ndarray | None = None) -> np.ndarray:
        """int (V,): how often each value occurs in ``rows``, ascending, by default in all."""
        return self.frame.counts(self.name, np.arange(self.frame.height) if rows is None else rows)


@dataclass(frozen=True)
class Histories:
    """A column of lists: all ``items`` one after another, row by row, and ``lengths`` int64 (n,) of the lists."""

    items: Distinct
    lengths: np.ndarray

    @property
    def values(self) -> pl.Series:
        """The distinct items."""
        return self.items.values

    @cached_property
    def _ends(self) -> np.ndarray:
        return np.cumsum(self.lengths)

    def counts(self, rows: np.ndarray | None = None) -> np.ndarray:
        """int (V,): how often each item occurs in ``rows``, which name no row twice; by default in all."""
        if rows is None:
            return self.items.counts()
        is_chosen = np.zeros(len(self.lengths), dtype=bool)
        is_chosen[rows] = True
        return self.items.counts(np.flatnonzero(np.repeat(is_chosen, self.lengths)))

    def longest(self, rows: np.ndarray | None = None) -> int:
        """The length of the longest list in ``rows``, at least 1."""
        return int((self.lengths if rows is None else self.lengths[rows]).max(initial=1))

    def take(self, by_value: np.ndarray, rows: np.ndarray, max_length: int) -> np.ndarray:
        """(len(rows), max_length): of ``by_value`` (V,) what belongs to each list's last items; PADDING after them."""
        kept = np.minimum(self.lengths[rows], max_length)[:, None]
        is_item = np.arange(max_length) < kept
        first = self._ends[rows][:, None] - kept
        padded = np.full((len(rows), max_length), PADDING, dtype=by_value.dtype)
        padded[is_item] = self.items.take(by_value, (first + np.arange(max_length))[is_item])
        return padded


def read_texts(frame: Frame, name: str) -> Distinct:
    """A column's values as text."""
    found = _dictionary(frame, name)
    if found is None:
        parts = pieces(frame, name)
        first = next(parts)
        if first.dtype != pl.String:
            return _distinct(as_text(piece) for piece in chain([first], parts))
        found = _distinct(chain([first], parts))
    texts = as_text(found.values)
    return Distinct(texts, found.codes, found.are_different and texts is found.values)


def read_numbers(frame: Frame, name: str) -> Distinct:
    """A column's values as Float64, NaN for what is no finite number."""
    found = _dictionary(frame, name)
    if found is None:
        parts = pieces(frame, name)
        first = next(parts)
        beginning = first.head(LOOKED_AT)
        if first.dtype != pl.String or beginning.n_unique() > len(beginning) / 2:
            return Distinct(pl.concat([as_number(piece) for piece in chain([first], parts)]).fill_null(np.nan), None)
        found = _distinct(chain([first], parts))
    return Distinct(as_number(found.values).fill_null(np.nan), found.codes)


def in_file(frame: CodedTable, column: Column) -> InFile:
    """The values of a numeric or categorical column, as ``read_numbers`` and ``read_texts`` have them."""
    values, is_distinct = frame.values(column.name), frame.is_distinct(column.name)
    if column.role is Role.NUMERIC:
        return InFile(as_number(values).fill_null(np.nan), False, frame, column.name)
    texts = as_text(values)
    return InFile(without_missing(texts, column), is_distinct and texts is values, frame, column.name)


def _dictionary(frame: Frame, name: str) -> Distinct | None:
    """A column of text of a file, without a look at each cell; None for other columns."""
    if isinstance(frame, CodedTable):
        return Distinct(*frame.dictionary(name), frame.is_distinct(name))
    kept = frame.dictionary(name) if isinstance(frame, ParquetTable) else None
    return None if kept is None else Distinct(*kept, are_different=True)


def read_histories(frame: Frame, column: Column) -> Histories:
    """A column of lists, oldest item first, cut to the most recent ``column.max_length``."""
    lengths = []

    def items() -> Iterator[pl.Series]:
        for piece in pieces(frame, column.name):
            lists = as_lists(piece, column)
            lengths.append(lists.list.len().to_numpy().astype(np.int64))
            yield lists.filter(lists.list.len() > 0).explode().cast(pl.String)

    found = _distinct(items())
    return Histories(found, np.concatenate(lengths))


def _distinct(parts: Iterable[pl.Series]) -> Distinct:
    """Texts given piece by piece; what is kept of a piece is its codes."""
    categorical = pl.Categorical(pl.Categories.random())
    mapping = pl.Series([], dtype=categorical)  # polars forgets the codes once no series is left that has them
    codes = pl.concat([part.cast(categorical).to_physical() for part in parts])
    known = int(codes.max() or 0) + (codes.null_count() < len(codes))  # type: ignore[arg-type]
    values = pl.Series(np.arange(known, dtype=np.uint32)).cat.to(mapping.dtype).cast(pl.String)
    if codes.null_count():
        values, codes = values.append(pl.Series([None], dtype=pl.String)), codes.fill_null(known)
    return Distinct(values, codes.to_numpy())
