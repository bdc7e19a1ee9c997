"""Rows built of events, as tables: the columns they have, and writing them some thousands at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from polars.io.plugins import register_io_source

from .event_guess import is_unnamed
from .event_log import EventLog, Past, past_of
from .event_plan import EventPlan
from .reading import Table
from .schema import Column, Role, Schema
from .side_tables import SideTable, guess_column

# Rows whose histories are in memory at the same time.
CHUNK_ROWS = 50_000
# A column of the log belongs to the item if it has one value for each, up to some that changed.
MOST_VALUES_PER_ITEM = 1.02
LABEL, HISTORY, POSITIVE = "click", "history", "1"


@dataclass(frozen=True)
class EventRows:
    """Rows to be made: the event that each is about, its item and its label, int (r,)."""

    events: np.ndarray
    items: np.ndarray
    labels: np.ndarray

    def __len__(self) -> int:
        return len(self.events)

    def part(self, rows: np.ndarray | slice) -> EventRows:
        """Some of the rows."""
        return EventRows(self.events[rows], self.items[rows], self.labels[rows])


@dataclass(frozen=True)
class Source:
    """Where a column of the rows comes from: ``values`` by the row of the log, by the item or by the user."""

    column: Column
    values: pl.Series
    by: str  # "log" | "item" | "user"


class RowMaker:
    """Makes tables of rows: label, user, item, histories, time, the log's other columns, fields of items and users."""

    def __init__(
        self, table: Table, log: EventLog, plan: EventPlan, items: SideTable | None, users: SideTable | None
    ) -> None:
        self._log, self._plan = log, plan
        self._sources = [
            Source(Column(plan.columns.user, Role.CATEGORICAL), log.user_values, "user"),
            Source(Column(plan.columns.item, Role.CATEGORICAL), log.item_values, "item"),
            Source(Column(plan.columns.time, Role.IGNORED), table.frame[plan.columns.time], "log"),
            *self._other_columns(table),
        ]
        self._add_fields(items, log.item_values, "item")
        self._add_fields(users, log.user_values, "user")
        self._label = self._free_name(LABEL)
        self._past = past_for(log, plan)
        self._histories = self._history_columns()

    def schema(self) -> Schema:
        """What each column of the rows is."""
        columns = [Column(self._label, Role.LABEL), *(source.column for source in self._sources)]
        histories = [column for column, _ in self._histories]
        return Schema((*columns, *histories), POSITIVE, self._plan.columns.user, self._plan.columns.time).check()

    def frame(self, rows: EventRows) -> pl.DataFrame:
        """The rows as a table."""
        places = {"log": self._log.rows[rows.events], "item": rows.items, "user": self._log.users[rows.events]}
        plain = [source.values.gather(places[source.by]).alias(source.column.name) for source in self._sources]
        start, length = self._past.start[rows.events], self._past.length[rows.events]
        histories = [stretches(pool, start, length).alias(column.name) for column, pool in self._histories]
        return pl.DataFrame([pl.Series(self._label, rows.labels), *plain, *histories])

    def write(self, rows: EventRows, path: Path, wrote: Callable[[int], None]) -> None:
        """Write the rows as a Parquet file; ``wrote`` is told the size of each chunk, maybe from another thread."""

        def chunks(*_: object) -> Iterator[pl.DataFrame]:
            for start in range(0, len(rows), CHUNK_ROWS):
                chunk = rows.part(slice(start, start + CHUNK_ROWS))
                yield self.frame(chunk)
                wrote(len(chunk))

        schema = self.frame(rows.part(slice(0, 0))).schema
        register_io_source(chunks, schema=schema).sink_parquet(path, row_group_size=CHUNK_ROWS)

    def _other_columns(self, table: Table) -> Iterator[Source]:
        """What else the log says. Of a drawn item what belongs to an item is its own, the rest is the event's."""
        rule = self._plan.click
        used = (*self._plan.columns.names, rule.column if rule else None)
        for name in table.frame.columns:
            if name in used:
                continue
            values = table.frame[name]
            column = guess_column(name, values)
            if self._plan.negatives and self._belongs_to_item(values):
                yield Source(column, values.gather(self._row_of_item()), "item")
            else:
                yield Source(column, values, "log")

    def _belongs_to_item(self, values: pl.Series) -> bool:
        items = self._log.items
        pairs = pl.DataFrame({"item": items, "value": values.gather(self._log.rows)}).n_unique()
        return 2 * len(self._log.item_values) < len(items) and pairs <= MOST_VALUES_PER_ITEM * len(
            self._log.item_values
        )

    def _row_of_item(self) -> np.ndarray:
        """int64 (I,): the row of the log where each item comes first."""
        _, first = np.unique(self._log.items, return_index=True)
        return self._log.rows[first]

    def _add_fields(self, side: SideTable | None, values: pl.Series, by: str) -> None:
        if side is None:
            return
        rows = side.rows_of(values)
        for column in side.fields:
            name = f"{by} {column.name}" if is_unnamed(column.name) else column.name
            renamed = Column(self._free_name(name), column.role, separator=column.separator)
            self._sources.append(Source(renamed, side.table.frame[column.name].gather(rows), by))

    def _history_columns(self) -> list[tuple[Column, pl.Series]]:
        """The history of items, and one of each field of theirs that is to have one; with the values of the pool."""
        pool = self._log.items[self._past.pool]
        wanted = (self._plan.columns.item, *self._plan.histories_of_fields)
        columns: list[tuple[Column, pl.Series]] = []
        for source in self._sources:
            if source.by == "item" and source.column.name in wanted:
                is_item = source.column.name == self._plan.columns.item
                name = self._free_name(HISTORY if is_item else f"{HISTORY}_{source.column.name}")
                history = Column(name, Role.SEQUENCE, candidate=source.column.name, max_length=self._plan.max_length)
                columns.append((history, source.values.gather(pool)))
        return columns

    def _free_name(self, name: str) -> str:
        taken = {source.column.name for source in self._sources}
        return next(free for free in (name, *(f"{name}_{n}" for n in range(2, len(taken) + 3))) if free not in taken)


def past_for(log: EventLog, plan: EventPlan) -> Past:
    """The histories that the plan asks for."""
    may_be_in = log.clicks if plan.history_of == "clicks" else np.ones(len(log), dtype=bool)
    return past_of(log, may_be_in, plan.max_length)


def stretches(pool: pl.Series, start: np.ndarray, length: np.ndarray) -> pl.Series:
    """Lists (n,): of each the ``length`` values of the pool from ``start`` on."""
    if len(start) == 0:
        return pl.Series([], dtype=pl.List(pool.dtype))
    bounds = pl.DataFrame({"start": start, "length": length})
    return bounds.select(pl.lit(pool).implode().list.slice("start", "length").alias("items")).to_series()
