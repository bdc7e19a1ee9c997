"""What the flags of the command line say of a log of events, and the rows that they ask for."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .errors import InputError, join_names
from .event_guess import guess_events
from .event_log import EventColumns, known_column, parse_rule
from .event_plan import EventPlan
from .events import BuiltRows, build
from .reading import Table, read_table
from .side_tables import SideTable, side_table


@dataclass(frozen=True)
class EventWords:
    """A plan for the rows of a log in the user's words; ``columns`` are user, item and time, none for a guess."""

    columns: tuple[str, ...] = ()
    click: str | None = None
    negatives: int = 0
    negatives_by: str = "uniform"
    history_of: str = "clicks"
    max_length: int = 50
    split: str = "time"
    seed: int = 0
    items: str | None = None
    users: str | None = None


def asked_rows(table: Table, words: EventWords) -> BuiltRows:
    """Build the rows that are asked for.

    Raises:
        InputError: one sentence, with the flag that settles a doubt.
    """
    columns = _columns(table, words.columns)
    rule = None if words.click is None else parse_rule(words.click, table.frame.columns)
    if rule is None and not words.negatives:
        raise InputError(
            "Which events of {name} are clicks? Say it with --click COL>=NUMBER or --click COL=VALUE, "
            "or draw rows without a click with --negatives N.",
            name=table.name,
        )
    plan = EventPlan(
        columns,
        rule,
        words.negatives,
        words.negatives_by,
        words.history_of,
        words.max_length,
        split=words.split,
        seed=words.seed,
    )
    items, users = _side(table, columns.item, words.items), _side(table, columns.user, words.users)
    return build(table, plan, items, users)


def _columns(table: Table, said: tuple[str, ...]) -> EventColumns:
    """User, item and time as they are said, or as they are guessed."""
    if not said:
        if (guessed := guess_events(table.frame)) is None:
            raise InputError(
                "{name} has the columns {names}; say which are the user, the item and the time "
                "with --events USER,ITEM,TIME.",
                name=table.name,
                names=join_names(table.frame.columns),
            )
        return guessed
    if len(said) != 3:
        raise InputError("--events takes three columns, USER,ITEM,TIME, not {names}.", names=join_names(said))
    user, item, time = (known_column(name, table.frame.columns) or name for name in said)
    return EventColumns(user, item, time)


def _side(table: Table, column: str, path: str | None) -> SideTable | None:
    if path is None or column not in table.frame.columns:
        return None
    return side_table(read_table(Path(path)), column, table.frame[column])
