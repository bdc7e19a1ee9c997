"""A log of events (who, what, when) as arrays: read from a table, and the past of each event."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import polars as pl

from .columns import as_number, as_text, as_time, value_text
from .errors import InputError, join_names
from .tables import Frame


@dataclass(frozen=True)
class EventColumns:
    """Which columns of a log say who did it, with what, and when."""

    user: str
    item: str
    time: str

    @property
    def names(self) -> tuple[str, str, str]:
        """All three."""
        return (self.user, self.item, self.time)


@dataclass(frozen=True)
class ClickRule:
    """Which events are clicks: those whose number in ``column`` is at least that, or whose value is one of ``values``.

    >>> str(ClickRule("rating", at_least=4.0)), str(ClickRule("action", values=("buy", "cart")))
    ('rating>=4', 'action=buy,cart')
    """

    column: str
    at_least: float | None = None
    values: tuple[str, ...] = ()

    def __str__(self) -> str:
        return (
            f"{self.column}={','.join(self.values)}" if self.at_least is None else f"{self.column}>={self.at_least:g}"
        )

    def labels(self, series: pl.Series) -> pl.Series:
        """Boolean (n,): whether each event is a click; null where the column does not tell."""
        if self.at_least is not None:
            return as_number(series) >= self.at_least
        return as_text(series).is_in([value_text(value) for value in self.values])


@dataclass(frozen=True)
class EventLog:
    """Events in the order of time, those of one moment in the order of the table; n events, U users, I items.

    ``users`` and ``items`` int32 (n,) count into ``user_values`` (U,) and ``item_values`` (I,); ``times`` float64 (n,)
    ascending; ``clicks`` bool (n,); ``rows`` int64 (n,) are the rows of the table; ``left_out`` of its rows had no
    user, item or time, or nothing in the column that tells the clicks.
    """

    users: np.ndarray
    items: np.ndarray
    times: np.ndarray
    clicks: np.ndarray
    rows: np.ndarray
    user_values: pl.Series
    item_values: pl.Series
    left_out: int

    def __len__(self) -> int:
        return len(self.users)


@dataclass(frozen=True)
class Past:
    """The history of each event, as a stretch of ``pool``: events (m,) by user and time, of those that may be in one.

    The history of event e is ``pool[start[e] : start[e] + length[e]]``, oldest first.
    """

    pool: np.ndarray
    start: np.ndarray
    length: np.ndarray


def read_log(frame: Frame, columns: EventColumns, rule: ClickRule | None) -> EventLog:
    """The events of a table; without a rule each is a click.

    Raises:
        InputError: if a column is not there, or if no event is left.
    """
    check_columns(frame, columns, rule)
    users, items = as_text(frame[columns.user]), as_text(frame[columns.item])
    times = as_time(frame[columns.time])
    clicks = pl.repeat(True, frame.height, eager=True) if rule is None else rule.labels(frame[rule.column])
    known = (users.is_not_null() & items.is_not_null() & times.is_not_null() & clicks.is_not_null()).to_numpy()
    if not known.any():
        raise InputError(
            "No row has a user in {user}, an item in {item} and a time in {time}.",
            user=columns.user,
            item=columns.item,
            time=columns.time,
        )
    seconds = times.to_numpy().astype(np.float64)
    rows = np.flatnonzero(known)
    rows = rows[np.argsort(seconds[rows], kind="stable")]
    user_codes, user_values = _codes(users.gather(rows))
    item_codes, item_values = _codes(items.gather(rows))
    is_click = clicks.gather(rows).to_numpy().astype(bool)
    return EventLog(
        user_codes, item_codes, seconds[rows], is_click, rows, user_values, item_values, frame.height - len(rows)
    )


def check_columns(frame: Frame, columns: EventColumns, rule: ClickRule | None) -> None:
    """Raise InputError if the log lacks one of them, or if one is to be two things."""
    for name in (*columns.names, *([rule.column] if rule else [])):
        if name not in frame.columns:
            raise InputError(
                "There is no column {name}; the table has {known}.", name=name, known=join_names(frame.columns)
            )
    if len(set(columns.names)) < 3:
        raise InputError(
            "User, item and time must be three columns, not {names}.", names=join_names(list(columns.names))
        )
    if rule is not None and rule.column in columns.names:
        raise InputError("Column {name} cannot tell the clicks: it is the user, item or time.", name=rule.column)


def past_of(log: EventLog, may_be_in: np.ndarray, max_length: int) -> Past:
    """The latest ``max_length`` events of the same user at an earlier moment, of those where ``may_be_in`` (n,) is."""
    by_user = np.lexsort((log.times, log.users))
    users, times, counted = log.users[by_user], log.times[by_user], may_be_in[by_user]
    before = np.cumsum(counted) - counted
    is_first = np.append(True, users[1:] != users[:-1])
    is_later = is_first | np.append(True, times[1:] != times[:-1])
    stop = before[_latest(is_later)]
    start, length = np.empty(len(log), np.int64), np.empty(len(log), np.int64)
    start[by_user] = np.maximum(before[_latest(is_first)], stop - max_length)
    length[by_user] = stop - start[by_user]
    return Past(by_user[counted], start, length)


def parse_rule(text: str, columns: list[str]) -> ClickRule:
    """``rating>=4`` or ``action=buy,cart`` as a rule about one of ``columns``; raises InputError.

    >>> parse_rule("rating >= 4", ["user", "rating"])
    ClickRule(column='rating', at_least=4.0, values=())
    """
    cuts = [
        (column, sign, text[at.end() :].strip())
        for at in re.finditer(">=|=", text)
        if (sign := at.group()) and (column := known_column(text[: at.start()].strip(), columns))
    ]
    if not cuts:
        raise InputError(
            "Which events are clicks is said as COL>=NUMBER or COL=VALUE,VALUE, not {text}; the columns are {known}.",
            text=text,
            known=join_names(columns),
        )
    column, sign, wanted = cuts[0]
    if sign == "=":
        return ClickRule(column, values=tuple(value.strip() for value in wanted.split(",")))
    try:
        return ClickRule(column, at_least=float(wanted))
    except ValueError:
        raise InputError("After {column}>= stands a number, not {text}.", column=column, text=wanted) from None


def known_column(name: str, columns: list[str]) -> str | None:
    """The column of that name; ``rating`` also stands for ``rating:float`` where only one column begins so."""
    if name in columns:
        return name
    typed = [column for column in columns if column.partition(":")[0] == name]
    return typed[0] if len(typed) == 1 else None


def _latest(is_new: np.ndarray) -> np.ndarray:
    """For each place the last one up to it where something new begins."""
    return np.maximum.accumulate(np.where(is_new, np.arange(len(is_new)), 0))


def _codes(texts: pl.Series) -> tuple[np.ndarray, pl.Series]:
    """int32 (n,) into the distinct values, which come in the order in which they are met."""
    values = texts.unique(maintain_order=True)
    codes = pl.Series(np.arange(len(values), dtype=np.int32))
    return texts.replace_strict(values, codes, return_dtype=pl.Int32).to_numpy(), values
