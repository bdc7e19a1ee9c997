"""What the data of one column look like, and what a model might read it as, with the reason in words."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
import polars as pl

from .columns import as_number, as_text
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
TIME_WORDS = {"timestamp", "time", "datetime", "date", "ts"}
FEW_INTEGERS = 24


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
    if isinstance(series.dtype, pl.List | pl.Array):
        text = as_text(series)
        return Facts(text.n_unique(), series.null_count() / len(series), tuple(text.drop_nulls().head(3)), 0.0, False)
    text = as_text(series)
    present = text.drop_nulls()
    numbers = as_number(text).drop_nulls()
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
    if isinstance(series.dtype, pl.List | pl.Array):
        return Role.SEQUENCE, "a column of lists", None
    if fact.distinct <= 1:
        return Role.IGNORED, "one value only: nothing to learn from", None
    if series.dtype.is_temporal() or (words_in(name) & TIME_WORDS and fact.distinct > FEW_INTEGERS):
        return Role.IGNORED, "a time: for splitting, not for the model", None
    numeric = fact.number_share > 0.98
    if not numeric and (separator := guess_separator(series)):
        return Role.SEQUENCE, f"lists separated by “{separator}”", separator
    if numeric and not fact.is_integer:
        return Role.NUMERIC, "numbers with decimals", None
    is_code = bool(words_in(name) & CODE_WORDS)
    if fact.distinct > 0.9 * rows and rows > 100 and (is_code or not numeric):
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
    for separator in SEPARATORS:
        parts = sample.str.split(separator)
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
    """Whether the label rate by value (or by number), taken on even rows, ranks the odd rows almost perfectly."""
    text, labels = as_text(series.head(rows)), labels[:rows]
    frame = pl.DataFrame({"value": text, "label": labels.astype(np.float64), "odd": np.arange(len(labels)) % 2 == 1})
    rates = frame.filter(~pl.col("odd")).group_by("value").agg(pl.col("label").mean().alias("rate"))
    held_out = frame.filter("odd").join(rates, on="value", how="inner", nulls_equal=True)
    if held_out.height < 0.5 * len(labels) / 2 or held_out["label"].n_unique() < 2:
        return False
    ranks = held_out["rate"].rank().to_numpy()
    truth = held_out["label"].to_numpy() > 0
    positives, negatives = int(truth.sum()), int((~truth).sum())
    return (ranks[truth].sum() - positives * (positives + 1) / 2) / (positives * negatives) > 0.995
