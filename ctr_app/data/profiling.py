"""Looking through a table: what each column looks like, what a model might read it as, and why, in words."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import polars as pl

from .coded import CodedTable
from .columns import as_text, is_bracketed, is_date, is_list, split_items
from .distinct import read_texts
from .errors import spaced
from .facts import Facts, facts_of, facts_of_texts
from .schema import SEPARATORS, Role
from .sentences import Sentence, say
from .tables import Frame

CODE_WORDS = {
    "id",
    "uid",
    "user",
    "item",
    "movie",
    "product",
    "category",
    "cat",
    "brand",
    "shop",
    "store",
    "seller",
    "city",
    "country",
    "region",
    "zip",
    "zipcode",
    "postal",
    "code",
    "site",
    "domain",
    "app",
    "ad",
    "campaign",
    "device",
    "occupation",
    "channel",
    "slot",
    "banner",
    "type",
    "class",
    "hour",
    "weekday",
    "month",
}
# Endings of names in RecBole's files, as in ``item_id:token``.
TYPED_NAMES = {"token": Role.CATEGORICAL, "float": Role.NUMERIC, "token_seq": Role.SEQUENCE}
TIME_WORDS = {"timestamp", "time", "datetime", "date", "ts"}
ROW_WORDS = {"unnamed", "index", "row", "rows", "rownum", "rownumber", "no", "nr", "number"}
FEW_INTEGERS = 24
SAMPLE_ROWS = 20_000
OWN_VALUES = say("nearly every row has a value of its own")
# Shares of cells with several items, for a column to be one of lists.
MANY_LISTS, SOME_LISTS = 0.5, 0.2


@dataclass(frozen=True)
class ColumnProfile:
    """What one column looks like, what it is guessed to be, and why."""

    name: str
    role: Role
    reason: Sentence
    facts: Facts


@dataclass(frozen=True)
class Survey:
    """What is known of a table before anything is said about it: facts per column, and rows drawn at random.

    The facts are of all rows. ``sample`` is at most SAMPLE_ROWS rows in table order; ``sample_rows`` int (n,) are
    their numbers.
    """

    rows: int
    facts: dict[str, Facts]
    sample: pl.DataFrame
    sample_rows: np.ndarray


def survey(frame: Frame) -> Survey:
    """Look through a table, one column at a time."""
    rows = np.arange(frame.height)
    if frame.height > SAMPLE_ROWS:
        rows = np.sort(np.random.default_rng(0).choice(frame.height, SAMPLE_ROWS, replace=False))
    facts, sampled = {}, []
    for name in frame.columns:
        facts[name], sample = _looked_at(frame, name, rows)
        sampled.append(sample)
    return Survey(frame.height, facts, pl.DataFrame(sampled), rows)


def _looked_at(frame: Frame, name: str, rows: np.ndarray) -> tuple[Facts, pl.Series]:
    """The facts of one column, and its cells in some rows; texts are counted by their codes where there are any."""
    if isinstance(frame, CodedTable):
        texts = read_texts(frame, name)
        if texts.are_different and texts.codes is not None:
            return facts_of_texts(texts.values, texts.codes), texts.values.gather(texts.codes[rows]).alias(name)
    series = frame[name]
    return facts_of(series), series.gather(rows)


def words_in(name: str) -> set[str]:
    """The words of a column's name in small letters: ``histMovieIds`` holds hist, movie and ids.

    >>> sorted(words_in("user_id:token"))
    ['id', 'user']
    """
    parts = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name.split(":")[0])
    return {part.lower() for part in parts}


def guess_role(name: str, series: pl.Series, fact: Facts) -> tuple[Role, Sentence, str | None]:
    """Role, reason in words, and the separator if it is a sequence; of ``series`` some rows are enough."""
    if fact.distinct == 0:
        return Role.IGNORED, say("empty in every row"), None
    if fact.distinct == 1:
        return Role.IGNORED, say("one value only: nothing to learn from"), None
    if is_list(series):
        return Role.SEQUENCE, say("a column of lists"), None
    if is_date(series) or (words_in(name) & TIME_WORDS and fact.distinct > FEW_INTEGERS):
        return Role.IGNORED, say("a time: for splitting, not for the model"), None
    typed = TYPED_NAMES.get(name.rpartition(":")[2]) if ":" in name else None
    if typed is Role.NUMERIC or (typed and not fact.is_own):
        return typed, say("by the ending of its name"), " " if typed is Role.SEQUENCE else None
    if fact.is_numeric:
        return (*_number_or_code(name, fact, series.dtype.is_float()), None)
    if separator := guess_separator(series):
        return Role.SEQUENCE, say("lists separated by “{separator}”", separator=separator), separator
    if fact.is_own:
        return Role.IGNORED, OWN_VALUES, None
    return Role.CATEGORICAL, say("{count} different texts", count=spaced(fact.distinct)), None


def _number_or_code(name: str, fact: Facts, is_float: bool) -> tuple[Role, Sentence]:
    """What a column of numbers is: a number, a code, or a count of the rows."""
    if not fact.is_integer:
        return Role.NUMERIC, say("numbers with decimals")
    is_code = bool(words_in(name) & CODE_WORDS)
    if fact.is_own and (is_code or fact.is_huge):
        return Role.IGNORED, OWN_VALUES
    if fact.is_running and (not words_in(name) or words_in(name) & ROW_WORDS):
        return Role.IGNORED, say("counts the rows")
    if is_code:
        return Role.CATEGORICAL, say("whole numbers that look like codes, by the name")
    if fact.is_huge and not is_float:
        return Role.CATEGORICAL, say("whole numbers too long for arithmetic: codes")
    count = spaced(fact.distinct_numbers)
    if fact.distinct_numbers <= FEW_INTEGERS and not re.fullmatch(r"I\d+", name):
        return Role.CATEGORICAL, say("{count} values, all whole numbers: looks categorical", count=count)
    return Role.NUMERIC, say("{count} whole numbers", count=count)


def guess_separator(series: pl.Series) -> str | None:
    """The separator that many cells hold and that cuts them into values that come again and again.

    Half of the cells must hold it, or some where it is a sign that hardly stands in anything but lists.
    """
    sample = as_text(series).drop_nulls().head(2000)
    if sample.is_empty():
        return None
    if is_bracketed(sample).to_numpy().mean() > 0.5:
        return "," if sample.str.contains(",", literal=True).any() else " "
    for separator in SEPARATORS:
        parts = split_items(sample, separator)
        lengths = parts.list.len()
        if (lengths > 1).to_numpy().mean() < (SOME_LISTS if separator in "|^" else MANY_LISTS):
            continue
        items = parts.explode()
        if items.n_unique() > 0.6 * len(items):
            continue
        if separator in " /," and not items.str.contains(r"^[\w.-]*\d[\w.-]*$").all():
            continue
        return separator
    return None
