"""From a log of events to rows to train on: each with its user's history up to then, and whether it was a click."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .errors import InputError, spaced
from .event_log import EventLog, read_log
from .event_plan import EventPlan
from .event_rows import EventRows, RowMaker
from .negatives import Untouched, weights_by
from .reading import Table
from .schema import Schema
from .sentences import Sentence, say
from .side_tables import SideTable
from .splitting import SPLITS, SplitRule
from .staging import goes_with, staging_folder, writing
from .tables import ParquetTable

# Part of what names a build, so that a change here makes new rows.
BUILD_VERSION = 1
# Users with fewer events do not give their last ones away.
EVENTS_TO_SPLIT = 3


@dataclass(frozen=True)
class BuiltRows:
    """Tables to train on, by split where each is given, with their schema, split, names of values, and notes."""

    tables: dict[str, Table]
    schema: Schema
    split: SplitRule
    names: dict[str, dict[str, str]]
    notes: tuple[Sentence, ...]


def build(
    table: Table,
    plan: EventPlan,
    items: SideTable | None = None,
    users: SideTable | None = None,
    progress: Callable[[float], None] = lambda _share: None,
) -> BuiltRows:
    """Build the rows of a log, as tables in staging folders: never all of them in memory.

    Args:
        progress: told the share of the rows that is written; it may be called from another thread.

    Raises:
        InputError: if the log cannot be read so.
    """
    log = read_log(table.frame, plan.check().columns, plan.click)
    rows, notes = rows_of(log, plan)
    parts = split_of(log, rows, plan)
    maker = RowMaker(table, log, plan, items, users)
    tables = _written(maker, rows, parts, progress)
    key = _key(table, plan, items, users)
    return BuiltRows(
        {split: Table(frame, table.name, _hash(key, split), "built of events") for split, frame in tables.items()},
        maker.schema(),
        SplitRule("files") if plan.split == "last" else SplitRule(plan.split, seed=plan.seed),
        _names(log, plan, items, users),
        (*notes_on(table, log, items, users), *notes),
    )


def rows_of(log: EventLog, plan: EventPlan) -> tuple[EventRows, tuple[Sentence, ...]]:
    """Each event with whether it is a click; or each click followed by its negatives; and what is left out, in words.

    Raises:
        InputError: if there is no row, or no negative can be drawn.
    """
    if not plan.negatives:
        _check_clicks(log, plan)
        return EventRows(np.arange(len(log)), log.items, log.clicks.astype(np.int8)), ()
    untouched = Untouched(log.users, log.items, weights_by(plan.negatives_by, log.items, len(log.item_values)))
    clicks = np.flatnonzero(log.clicks)
    can_draw = untouched.free[log.users[clicks]] > 0
    if not can_draw.any():
        raise InputError("No negative can be drawn: there is no click, or each user has touched every item.")
    events = np.repeat(clicks[can_draw], 1 + plan.negatives)
    is_drawn = np.arange(len(events)) % (1 + plan.negatives) > 0
    items = log.items[events]
    items[is_drawn] = untouched.draw(log.users[events[is_drawn]], np.random.default_rng(plan.seed))
    return EventRows(events, items, (~is_drawn).astype(np.int8)), _notes_on_clicks(log, clicks[~can_draw])


def split_of(log: EventLog, rows: EventRows, plan: EventPlan) -> dict[str, np.ndarray]:
    """Row numbers of the tables to write: of one, or of three where each user's last event tests.

    Raises:
        InputError: if no user has events enough.
    """
    if plan.split != "last":
        return {"train": np.arange(len(rows))}
    events = np.unique(rows.events)
    by_user = events[np.lexsort((events, log.users[events]))]
    users = log.users[by_user]
    first, end = np.searchsorted(users, users), np.searchsorted(users, users, side="right")
    from_end = np.zeros(len(log), np.int64)
    from_end[by_user] = np.where(end - first >= EVENTS_TO_SPLIT, end - np.arange(len(users)), EVENTS_TO_SPLIT)
    if from_end.max(initial=0) == 0 or not (from_end == 1).any():
        raise InputError("No user has {count} events, so none can give its last ones away.", count=EVENTS_TO_SPLIT)
    place = np.minimum(from_end[rows.events], EVENTS_TO_SPLIT)
    return {split: np.flatnonzero(place == at) for split, at in zip(SPLITS, (3, 2, 1), strict=True)}


def _check_clicks(log: EventLog, plan: EventPlan) -> None:
    clicks = int(log.clicks.sum())
    if clicks in (0, len(log)):
        raise InputError(
            "By the rule {rule} {what} of the {count} events is a click; there must be clicks and others.",
            rule=plan.click,
            what="every one" if clicks else "none",
            count=spaced(len(log)),
        )


def notes_on(table: Table, log: EventLog, items: SideTable | None, users: SideTable | None) -> tuple[Sentence, ...]:
    """What the log or the tables beside it lack, in words."""
    notes = []
    if log.left_out:
        notes.append(
            say(
                "{count} of {lines} lines lack a user, an item, a time or a value.",
                count=spaced(log.left_out),
                lines=spaced(table.frame.height),
            )
        )
    for side, values in ((items, log.item_values), (users, log.user_values)):
        if side and (unknown := side.rows_of(values).null_count()):
            notes.append(
                say(
                    "{count} of {all} values are not in {name}.",
                    count=spaced(unknown),
                    all=spaced(len(values)),
                    name=side.table.name,
                )
            )
    return tuple(notes)


def _written(
    maker: RowMaker, rows: EventRows, parts: dict[str, np.ndarray], progress: Callable[[float], None]
) -> dict[str, ParquetTable]:
    """The rows of each split in a file of its own, which goes when the table goes."""
    tables, done = {}, 0

    def wrote(count: int) -> None:
        nonlocal done
        done += count
        progress(done / len(rows))

    for split, numbers in parts.items():
        folder = staging_folder()
        tables[split] = ParquetTable(folder / "rows.parquet")
        goes_with(tables[split], folder)
        with writing("The rows"):
            maker.write(rows.part(numbers), tables[split].path, wrote)
    return tables


def _key(table: Table, plan: EventPlan, items: SideTable | None, users: SideTable | None) -> str:
    """One for the same rows: of the same tables, understood in the same way."""
    sides = [(side.table.content_hash, side.key, side.fields) for side in (items, users) if side]
    return repr((BUILD_VERSION, table.content_hash, plan, sides))


def _hash(key: str, split: str) -> str:
    return hashlib.sha256(f"{key}/{split}".encode()).hexdigest()


def _names(
    log: EventLog, plan: EventPlan, items: SideTable | None, users: SideTable | None
) -> dict[str, dict[str, str]]:
    """Names of the log's items and users, by the column that holds them."""
    sides = ((plan.columns.item, items, log.item_values), (plan.columns.user, users, log.user_values))
    named = {column: side.names(values) for column, side, values in sides if side}
    return {column: names for column, names in named.items() if names}


def _notes_on_clicks(log: EventLog, alone: np.ndarray) -> tuple[Sentence, ...]:
    """What becomes of events that are no clicks, and of the clicks of users who have touched every item."""
    notes = []
    if others := int((~log.clicks).sum()):
        notes.append(
            say(
                "Events that are no clicks ({count}) make no rows; rows without a click are drawn instead.",
                count=spaced(others),
            )
        )
    if users := len(np.unique(log.users[alone])):
        notes.append(
            say(
                "Users who have touched every item ({count}) leave none to draw; their clicks ({clicks}) are left out.",
                count=spaced(users),
                clicks=spaced(len(alone)),
            )
        )
    return tuple(notes)
