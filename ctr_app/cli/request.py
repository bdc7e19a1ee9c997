"""What the flags of ``train`` say of the columns, as the data layer takes it."""

from __future__ import annotations

import argparse
import csv
from collections.abc import Sequence
from pathlib import Path

from ..data.catalogue import REAL_DATA_SETS, SAMPLES
from ..data.errors import InputError
from ..data.event_words import EventWords
from ..data.ingest import Request
from ..data.known import ready
from ..data.reading import column_names
from ..data.schema import Corrections
from ..data.store import DatasetStore
from .reading import read_options

# Flags that say more about a log of events, and what they are called in EventWords.
EVENT_FLAGS = {
    "click": "click",
    "negatives": "negatives",
    "negatives_by": "negatives_by",
    "history": "history_of",
    "history_length": "max_length",
    "items": "items",
    "users": "users",
}


def request_of(options: argparse.Namespace) -> Request:
    """The request that the flags make; raises InputError for flags that contradict each other."""
    if options.min_count < 1:
        raise InputError("--min-count must be at least 1, not {value}.", value=options.min_count)
    if options.separator is not None and not (options.separator and options.sequence):
        raise InputError("--separator is the text between the items of a history; name its column with --sequence COL.")
    if options.probability and options.positive is not None:
        raise InputError("--positive names a value, --probability says that the label is a number; give one of them.")
    corrections = Corrections(
        options.label,
        options.positive,
        _names(options.ignore),
        _names(options.numeric),
        _names(options.categorical),
        _sequences(options) or None,
        options.separator,
        options.group,
        options.time,
        options.weight,
        _missing(options.missing) or None,
        options.probability,
        split=options.split,
    )
    return Request(
        options.data,
        options.valid,
        options.test,
        options.schema,
        corrections,
        options.min_count,
        options.split_seed,
        _events(options),
        read_options(options),
    )


def key_value(text: str) -> tuple[str, str]:
    """``key=value`` as a pair."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise InputError("--set takes key=value, not {text}.", text=text)
    return key.strip(), value.strip()


def split_sequence(text: str, columns: Sequence[str]) -> tuple[str, str | None]:
    """``HISTORY[:CANDIDATE]``, cut at the colon that leaves names of columns on both sides, as names may hold colons.

    >>> split_sequence("clicks:token_seq:item_id:token", ["clicks:token_seq", "item_id:token"])
    ('clicks:token_seq', 'item_id:token')
    """
    if text in columns:
        return text, None
    cuts = [(text[:i], text[i + 1 :]) for i, character in enumerate(text) if character == ":"]
    cuts.sort(key=lambda cut: (cut[0] in columns) + (cut[1] in columns))
    history, candidate = cuts[-1] if cuts else (text, "")
    return history, candidate or None


def _events(options: argparse.Namespace) -> EventWords | None:
    """What the flags say of a log; None where the table is none."""
    said = {name: getattr(options, flag) for flag, name in EVENT_FLAGS.items()}
    said = {name: value for name, value in said.items() if value is not None}
    if options.events is None:
        if said:
            flag = next(flag for flag, name in EVENT_FLAGS.items() if name in said)
            raise InputError(
                "--{flag} is about a log of events; say that it is one with --events.", flag=flag.replace("_", "-")
            )
        if options.split == "last":
            raise InputError("--split last is about a log of events; say that it is one with --events.")
        return None
    if options.split is not None:
        said["split"] = options.split
    return EventWords(_names([options.events]), seed=options.split_seed, **said)


def _names(flags: Sequence[str]) -> tuple[str, ...]:
    """Names between commas, over all uses of a flag; a name with a comma stands in double quotes."""
    cells = (cell.strip() for flag in flags for cell in next(csv.reader([flag], skipinitialspace=True), []))
    return tuple(cell for cell in cells if cell)


def _missing(flags: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """``COL=VALUE`` of each use of the flag, by column."""
    found: dict[str, tuple[str, ...]] = {}
    for flag in flags:
        name, equals, value = flag.rpartition("=")
        if not equals or not name:
            raise InputError("--missing takes COL=VALUE, not {text}.", text=flag)
        found[name] = (*found.get(name, ()), value)
    return found


def _sequences(options: argparse.Namespace) -> dict[str, str | None]:
    columns = _columns(options) if any(":" in text for text in options.sequence) else []
    return dict(split_sequence(text, columns) for text in options.sequence)


def _columns(options: argparse.Namespace) -> list[str]:
    """Names of the columns of a file or a known data set, by its first rows where they are enough."""
    data = options.data
    if data in SAMPLES:
        return SAMPLES[data].make(100, 0).frame.columns
    if data in REAL_DATA_SETS:
        found = ready(data, DatasetStore())
        return found.frame.columns if found else []  # ingesting it will say so
    path = Path(data)
    return column_names(path, read_options(options)) if path.is_file() else []  # reading it will say so
