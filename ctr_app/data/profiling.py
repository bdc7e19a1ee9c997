"""What the data of one column look like, and what a model might read it as, with the reason in words."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import polars as pl

from .columns import as_number, as_text, is_bracketed, is_date, is_list, split_items
from .schema import SEPARATORS, Role

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
FEW_INTEGERS = 24
LEAK_AUC = 0.995


@dataclass(frozen=True)
class ColumnProfile:
    """What the data of one column look like: counts over all rows and the guess with its reason."""

    name: str
    role: Role
    reason: str
    distinct: int
    missing_share: float
    examples: tuple[str, ...]
    warning: str | None = None


@dataclass(frozen=True)
class Facts:
    """Counts over one column: distinct values, the share that is missing, and of the rest the share of numbers."""

    distinct: int
    missing_share: float
    examples: tuple[str, ...]
    number_share: float
    is_integer: bool


def facts_of(series: pl.Series) -> Facts:
    """Count what can be counted in one column."""
    text = as_text(series)
    present = text.drop_nulls()
    numbers = as_number(pl.Series([], dtype=pl.String) if is_list(series) else text).drop_nulls()
    share = len(numbers) / len(present) if len(present) else 0.0
    is_integer = bool(len(numbers)) and bool((numbers == numbers.floor()).all())
    examples = tuple(present.unique(maintain_order=True).head(3))
    return Facts(present.n_unique(), text.null_count() / len(text), examples, share, is_integer)


def words_in(name: str) -> set[str]:
    """The words of a column's name in small letters: ``histMovieIds`` holds hist, movie and ids.

    >>> sorted(words_in("user_id:token"))
    ['id', 'user']
    """
    parts = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name.split(":")[0])
    return {part.lower() for part in parts}


def guess_role(name: str, series: pl.Series, fact: Facts) -> tuple[Role, str, str | None]:
    """Role, reason in words, and the separator if it is a sequence."""
    rows = len(series)
    if fact.distinct == 0:
        return Role.IGNORED, "empty in every row", None
    if fact.distinct == 1:
        return Role.IGNORED, "one value only: nothing to learn from", None
    if is_list(series):
        return Role.SEQUENCE, "a column of lists", None
    if is_date(series) or (words_in(name) & TIME_WORDS and fact.distinct > FEW_INTEGERS):
        return Role.IGNORED, "a time: for splitting, not for the model", None
    is_own = rows > 100 and fact.distinct > 0.9 * rows
    typed = TYPED_NAMES.get(name.rpartition(":")[2]) if ":" in name else None
    if typed is Role.NUMERIC or (typed and not is_own):
        return typed, "by the ending of its name", " " if typed is Role.SEQUENCE else None
    numeric = fact.number_share > 0.98
    if not numeric and (separator := guess_separator(series)):
        return Role.SEQUENCE, f"lists separated by “{separator}”", separator
    if numeric and not fact.is_integer:
        return Role.NUMERIC, "numbers with decimals", None
    is_code = bool(words_in(name) & CODE_WORDS)
    if is_own and (is_code or not numeric):
        return Role.IGNORED, "nearly every row has a value of its own", None
    if not numeric:
        return Role.CATEGORICAL, f"{fact.distinct} different texts", None
    if is_code:
        return Role.CATEGORICAL, "whole numbers that look like codes, by the name", None
    if fact.distinct <= FEW_INTEGERS and not re.fullmatch(r"I\d+", name):
        return Role.CATEGORICAL, f"{fact.distinct} values, all whole numbers", None
    return Role.NUMERIC, "whole numbers", None


def guess_separator(series: pl.Series) -> str | None:
    """The separator that most cells hold and that cuts them into values that come again and again."""
    sample = as_text(series).drop_nulls().head(2000)
    if sample.is_empty():
        return None
    if is_bracketed(sample).to_numpy().mean() > 0.5:
        return "," if sample.str.contains(",", literal=True).any() else " "
    for separator in SEPARATORS:
        parts = split_items(sample, separator)
        lengths = parts.list.len()
        if (lengths > 1).to_numpy().mean() < 0.5:
            continue
        items = parts.explode()
        if items.n_unique() > 0.6 * len(items):
            continue
        if separator in " /," and not items.str.contains(r"^[\w.-]*\d[\w.-]*$").all():
            continue
        return separator
    return None


def is_leak(series: pl.Series, labels: np.ndarray, rows: int = 20_000) -> bool:
    """Whether the label rate by value, taken on half of the rows, ranks the others almost perfectly, or a number does.

    The halves are drawn at random: in a table that alternates clicks and others, every other row is all alike.
    """
    series, labels = series.head(rows), labels[:rows]
    drawn = np.random.default_rng(0).permutation(len(labels)) % 2 == 0
    table = pl.DataFrame({"value": as_text(series), "label": labels.astype(np.float64), "drawn": drawn})
    rates = table.filter("drawn").group_by("value").agg(pl.col("label").mean().alias("rate"))
    held_out = table.filter(~pl.col("drawn")).join(rates, on="value", nulls_equal=True)
    if held_out.height > len(labels) / 4:
        return _auc(held_out["rate"], held_out["label"].to_numpy() > 0) > LEAK_AUC
    table = table.with_columns(as_number(series).alias("number")).drop_nulls("number")
    auc = _auc(table["number"], table["label"].to_numpy() > 0)
    return table.height > len(labels) / 2 and max(auc, 1 - auc) > LEAK_AUC


def _auc(scores: pl.Series, labels: np.ndarray) -> float:
    """AUC of ``scores``, or 1/2 where the labels are all alike."""
    clicks, others = int(labels.sum()), int((~labels).sum())
    if clicks * others == 0:
        return 0.5
    ranks = scores.rank().to_numpy()
    return float((ranks[labels].sum() - clicks * (clicks + 1) / 2) / (clicks * others))
