"""A table of items or of users beside a log: its columns become fields of the rows, its titles name the values."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import polars as pl

from .columns import as_text
from .errors import InputError, shorten
from .facts import facts_of
from .kinds import Kinds, kinds_among
from .naming import key_column, title_column
from .profiling import guess_role
from .reading import Table
from .schema import Column, Role


@dataclass(frozen=True)
class Told:
    """What is told of the values of a field: value -> name, and by column of which kind each is."""

    names: dict[str, str]
    kinds: Kinds


@dataclass(frozen=True)
class SideTable:
    """A table that speaks of the values in its column ``key``; ``title`` names them, ``fields`` are to be read."""

    table: Table
    key: str
    title: str | None
    fields: tuple[Column, ...]

    def with_fields(self, names: Collection[str]) -> SideTable:
        """The same table with only those of its fields that are named."""
        return replace(self, fields=tuple(column for column in self.fields if column.name in names))

    def names(self, values: pl.Series) -> dict[str, str]:
        """Value -> name of those ``values`` that it names; none where no column names them."""
        if self.title is None:
            return {}
        titles = as_text(self.table.frame[self.title]).gather(self.rows_of(values))
        return {value: name for value, name in zip(values, titles, strict=True) if name is not None}

    def rows_of(self, values: pl.Series) -> pl.Series:
        """The row, int64 (n,), that speaks of each value, the first where there are more; null where none does."""
        known = self._keys
        return values.replace_strict(known["value"], known["row"], default=None, return_dtype=pl.Int64)

    def told(self) -> Told:
        """What it tells of every value that it speaks of."""
        return Told(self.names(self._keys["value"]), kinds_among(self.table.frame, self.key, self.fields))

    @cached_property
    def _keys(self) -> pl.DataFrame:
        """Each value of the key with the row where it comes first."""
        keys = as_text(self.table.frame[self.key])
        known = pl.DataFrame({"value": keys, "row": np.arange(len(keys))}).drop_nulls()
        return known.unique(subset="value", keep="first", maintain_order=True)


def side_table(table: Table, field: str, values: pl.Series) -> SideTable:
    """Understand a table of the values of ``field``: its key by shared values, its title, and what can be read of it.

    Raises:
        InputError: if no column holds the values.
    """
    key = key_column(table.frame, values)
    if key is None:
        raise InputError(
            "No column of {file} has the values of {field}, such as “{value}”.",
            file=table.name,
            field=field,
            value=shorten(str(values.drop_nulls().first())),
        )
    title = title_column(table.frame, key)
    columns = [guess_column(name, table.frame[name]) for name in table.frame.columns if name not in (key, title)]
    return SideTable(table, key, title, tuple(column for column in columns if column.role is not Role.IGNORED))


def told_in(table: Table, field: str, values: pl.Series) -> Told:
    """What a table tells of the values of ``field``: their names, and of which kind each is.

    Raises:
        InputError: if no column holds the values, or none names them.
    """
    told = side_table(table, field, values).told()
    if not told.names:
        raise InputError("No column of {file} looks like names.", file=table.name)
    return told


def guess_column(name: str, series: pl.Series) -> Column:
    """What a column by itself looks like: it is no label here, and belongs to no other column."""
    role, _reason, separator = guess_role(name, series, facts_of(series))
    return Column(name, role, separator=separator)
