"""A few of the rows that a log becomes, to be looked at before they are built."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from .event_guess import EPOCHS
from .event_log import EventLog, Past
from .event_rows import EventRows


@dataclass(frozen=True)
class ExampleRow:
    """One row: whose, the latest of its history with ``earlier`` more before them, the item on offer, and its label.

    Each event is an item with the moment in words.
    """

    user: str
    history: tuple[tuple[str, str], ...]
    earlier: int
    candidate: tuple[str, str]
    is_click: bool


def example_rows(log: EventLog, rows: EventRows, past: Past, count: int = 3, shown: int = 6) -> list[ExampleRow]:
    """Rows of different users, a click first and then others in turn, whose history fills a line where some do."""
    lengths = past.length[rows.events]
    enough = np.flatnonzero(lengths >= min(shown, int(lengths.max(initial=0))))
    chosen: list[int] = []
    for number in range(count):
        users = {int(log.users[rows.events[row]]) for row in chosen}
        wanted = enough[rows.labels[enough] == (number + 1) % 2]
        wanted = wanted[~np.isin(log.users[rows.events[wanted]], list(users))]
        if len(wanted):
            chosen.append(int(wanted[len(wanted) * (number + 1) // (count + 1)]))
    return [_example(log, rows, past, row, shown) for row in chosen]


def moment(time: float) -> str:
    """A time of a log in words: a date where it counts from 1970, else the number.

    >>> moment(881250949.0), moment(17.0)
    ('4 Dec 1997', '17')
    """
    for unit, (low, high) in zip((1.0, 1e3, 1e6), EPOCHS, strict=True):
        if low <= time < high:
            when = datetime.fromtimestamp(time / unit, UTC)
            return f"{when.day} {when:%b %Y}"
    return f"{time:.12g}"


def _example(log: EventLog, rows: EventRows, past: Past, row: int, shown: int) -> ExampleRow:
    event = int(rows.events[row])
    start, length = int(past.start[event]), int(past.length[event])
    events = past.pool[start : start + length][-shown:]
    return ExampleRow(
        log.user_values[int(log.users[event])],
        tuple((log.item_values[int(log.items[e])], moment(log.times[e])) for e in events),
        length - len(events),
        (log.item_values[int(rows.items[row])], moment(log.times[event])),
        bool(rows.labels[row]),
    )
