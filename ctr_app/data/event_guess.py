"""Whether a table looks like a log of events: which columns say who, what and when, and what might be a click."""

from __future__ import annotations

import re
from collections.abc import Callable

import polars as pl

from .columns import as_number, as_text, is_date, is_list
from .event_log import ClickRule, EventColumns
from .inferring import GROUP_WORDS
from .profiling import FEW_INTEGERS, TIME_WORDS, words_in
from .tables import Frame

ITEM_WORDS = {
    "item",
    "movie",
    "film",
    "product",
    "article",
    "song",
    "track",
    "artist",
    "book",
    "video",
    "sku",
    "asin",
    "isbn",
    "news",
    "game",
    "app",
    "ad",
    "iid",
    "pid",
}
VALUE_WORDS = {"rating", "ratting", "score", "stars", "action", "event", "behavior", "behaviour", "type", "weight"}
# Seconds, milliseconds and microseconds since 1970, from 1980 to 2050.
EPOCHS = tuple((3.1e8 * unit, 2.6e9 * unit) for unit in (1, 1e3, 1e6))
CLICK_WORDS = ("buy", "bought", "purchase", "order", "transaction", "pay", "cart", "click", "clk", "like", "play")
# Of what is given as stars or points, the top fifth of the scale is liked.
LIKED_SHARE = 0.8
SAMPLE_ROWS = 20_000


def guess_events(frame: Frame) -> EventColumns | None:
    """The columns of user, item and time; by their names, or, where they have none, by what they hold and their order.

    None where the table does not look like a log: one of them is missing.
    """
    sample = frame.head(SAMPLE_ROWS)
    names = [name for name in sample.columns if not is_list(sample[name])]
    time = _first(names, lambda name: _is_time(name, sample[name]))
    others = [name for name in names if name != time]
    user = _first(others, lambda name: _says(name, GROUP_WORDS))
    item = _first(others, lambda name: name != user and _says(name, ITEM_WORDS))
    codes = [name for name in others if name not in (user, item) and is_unnamed(name) and _is_code(sample[name])]
    user = user or (codes.pop(0) if codes else None)
    item = item or (codes.pop(0) if codes else None)
    return EventColumns(user, item, time) if user and item and time else None


def guess_rule(frame: Frame, columns: EventColumns) -> ClickRule | None:
    """The column that tells the clicks, by its name or because it has few values, and which values do; None if none."""
    sample = frame.head(SAMPLE_ROWS)
    others = [name for name in frame.columns if name not in columns.names and not is_list(sample[name])]
    ranked = sorted(others, key=lambda name: not words_in(name) & VALUE_WORDS)
    found = _first(ranked, lambda name: 2 <= as_text(sample[name]).n_unique() <= FEW_INTEGERS)
    return rule_for(sample[found]) if found else None


def rule_for(series: pl.Series) -> ClickRule:
    """A rule about one column: numbers from four fifths of the largest on, or the action that sounds most like one."""
    numbers = as_number(series).drop_nulls()
    if len(numbers) > 0.9 * len(series.drop_nulls()):
        liked = numbers.filter(numbers >= LIKED_SHARE * float(numbers.sort()[-1]))
        return ClickRule(series.name, at_least=float(liked.sort()[0]))
    counts = as_text(series).drop_nulls().alias("value").value_counts().sort(["count", "value"])
    values = list(counts["value"])
    named = (value for word in CLICK_WORDS for value in values if word in value.lower())
    return ClickRule(series.name, values=(next(named, values[0]),))


def _first(names: list[str], is_it: Callable[[str], bool]) -> str | None:
    return next((name for name in names if is_it(name)), None)


def _says(name: str, words: set[str]) -> bool:
    """Whether a column is called so; ``itemid`` is an item's as ``item_id`` is."""
    return any(word in words or word.removesuffix("id") in words for word in words_in(name))


def is_unnamed(name: str) -> bool:
    """Whether a column has the name that is given where a file has none."""
    return re.fullmatch(r"column_\d+", name) is not None


def _is_time(name: str, series: pl.Series) -> bool:
    """A date, a number of many values that is called so, or one without a name that counts from 1970."""
    if is_date(series):
        return True
    many = as_text(series).n_unique() > FEW_INTEGERS
    if words_in(name) & TIME_WORDS:
        return many or len(series) <= FEW_INTEGERS
    if not is_unnamed(name):
        return False
    numbers = as_number(series).drop_nulls()
    return len(numbers) == len(series) > 0 and any(
        low <= float(numbers.min()) and float(numbers.max()) <= high  # type: ignore[arg-type]
        for low, high in EPOCHS
    )


def _is_code(series: pl.Series) -> bool:
    """Whether values come again and are many, as those of users and items do."""
    return as_text(series).n_unique() > FEW_INTEGERS
