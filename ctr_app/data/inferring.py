"""Guessing what each column is, with the reason in words, and applying what the user corrects."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from .columns import as_lists, as_number, as_text
from .errors import InputError, join_names, shorten
from .schema import SEPARATORS, Column, Corrections, Role, Schema

LABEL_NAMES = (
    "label",
    "click",
    "clicked",
    "is_click",
    "isclick",
    "clk",
    "target",
    "y",
    "ctr",
    "conversion",
    "converted",
    "is_attributed",
    "purchase",
    "purchased",
    "buy",
    "churn",
    "income",
    "survived",
    "default",
    "outcome",
    "response",
)
POSITIVE_VALUES = ("1", "true", "yes", "y", "t", "click", "clicked", ">50k")
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
GROUP_WORDS = {"user", "uid", "session", "visitor", "customer", "member"}
TIME_WORDS = {"timestamp", "time", "datetime", "date", "ts"}
NAME_WORDS = {"title", "name", "label", "description"}
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
class Inference:
    """A guessed schema (None while the label is in doubt) with a profile per column."""

    schema: Schema | None
    columns: tuple[Column, ...]
    profiles: tuple[ColumnProfile, ...]
    label_candidates: tuple[str, ...]


def infer(frame: pl.DataFrame, label: str | None = None) -> Inference:
    """Guess a schema for ``frame``; ``label`` settles which column is the label."""
    facts = {name: _facts(frame[name]) for name in frame.columns}
    candidates = [name for name in frame.columns if facts[name].distinct == 2]
    label = label or _guess_label(candidates)
    columns, profiles = [], []
    for name in frame.columns:
        role, reason, separator = (
            (Role.LABEL, "the column to predict", None)
            if name == label
            else _guess_role(name, frame[name], facts[name])
        )
        columns.append(Column(name, role, separator=separator))
        fact = facts[name]
        profiles.append(ColumnProfile(name, role, reason, fact.distinct, fact.missing_share, fact.examples))
    columns = _with_names(frame, _with_candidates(frame, columns), facts)
    schema = None
    if label is not None:
        values = _distinct_values(frame[label])
        if len(values) == 2:
            schema = Schema(tuple(columns), _guess_positive(values), *_guess_group_and_time(frame, columns, facts))
            profiles = _with_leaks(frame, schema, profiles)
            schema = _ignoring(schema, [p.name for p in profiles if p.role is Role.IGNORED])
    return Inference(schema, tuple(columns), tuple(profiles), tuple(candidates))


def corrected(frame: pl.DataFrame, inference: Inference, corrections: Corrections) -> Schema:
    """The inferred schema with the user's corrections; raises InputError that names the flag that settles a doubt."""
    for name in corrections.named():
        if name not in frame.columns:
            raise InputError(
                "There is no column {name}; the table has {known}.", name=name, known=join_names(frame.columns)
            )
    schema = _settled_label(frame, inference, corrections)
    roles = dict.fromkeys(corrections.ignore, Role.IGNORED)
    roles |= dict.fromkeys(corrections.numeric, Role.NUMERIC)
    roles |= dict.fromkeys(corrections.categorical, Role.CATEGORICAL)
    for candidate in (corrections.sequences or {}).values():
        if candidate is not None:
            roles.setdefault(candidate, Role.CATEGORICAL)
    for name, role in roles.items():
        if name == schema.label:
            raise InputError("Column {name} is the label; it cannot be {role} as well.", name=name, role=role.value)
        schema = schema.with_column(replace(schema.column(name), role=role))
    for name, candidate in (corrections.sequences or {}).items():
        schema = schema.with_column(_corrected_sequence(frame, schema.column(name), candidate, corrections.separator))
    schema = replace(schema, columns=tuple(_without_lost_candidate(schema, c) for c in schema.columns))
    return replace(schema, group=corrections.group or schema.group, time=corrections.time or schema.time).check()


def check_separator(frame: pl.DataFrame, column: Column) -> None:
    """Raise InputError if the separator of a sequence column occurs in none of its cells."""
    if isinstance(frame[column.name].dtype, pl.List | pl.Array) or column.separator is None:
        return
    if not as_text(frame[column.name]).str.contains(column.separator, literal=True).any():
        raise InputError(
            "The separator “{separator}” never occurs in column {name}; its first value is “{value}”.",
            separator=column.separator,
            name=column.name,
            value=shorten(_first_value(frame[column.name])),
        )


@dataclass(frozen=True)
class _Facts:
    distinct: int
    missing_share: float
    examples: tuple[str, ...]
    number_share: float
    is_integer: bool


def _facts(series: pl.Series) -> _Facts:
    if isinstance(series.dtype, pl.List | pl.Array):
        text = as_text(series)
        return _Facts(text.n_unique(), series.null_count() / len(series), tuple(text.drop_nulls().head(3)), 0.0, False)
    text = as_text(series)
    present = text.drop_nulls()
    numbers = as_number(text).drop_nulls()
    share = len(numbers) / len(present) if len(present) else 0.0
    is_integer = bool(len(numbers)) and bool((numbers == numbers.floor()).all())
    examples = tuple(present.unique(maintain_order=True).head(3))
    return _Facts(present.n_unique(), text.null_count() / len(text), examples, share, is_integer)


def _words(name: str) -> set[str]:
    parts = re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name.split(":")[0])
    return {part.lower() for part in parts}


def _guess_role(name: str, series: pl.Series, fact: _Facts) -> tuple[Role, str, str | None]:
    """Role, reason in words, and the separator if it is a sequence."""
    rows = len(series)
    if isinstance(series.dtype, pl.List | pl.Array):
        return Role.SEQUENCE, "a column of lists", None
    if fact.distinct <= 1:
        return Role.IGNORED, "one value only: nothing to learn from", None
    if series.dtype.is_temporal() or (_words(name) & TIME_WORDS and fact.distinct > FEW_INTEGERS):
        return Role.IGNORED, "a time: for splitting, not for the model", None
    numeric = fact.number_share > 0.98
    if not numeric and (separator := _guess_separator(series)):
        return Role.SEQUENCE, f"lists separated by “{separator}”", separator
    if numeric and not fact.is_integer:
        return Role.NUMERIC, "numbers with decimals", None
    is_code = bool(_words(name) & CODE_WORDS)
    if fact.distinct > 0.9 * rows and rows > 100 and (is_code or not numeric):
        return Role.IGNORED, "nearly every row has a value of its own", None
    if not numeric:
        return Role.CATEGORICAL, f"{fact.distinct} different texts", None
    if is_code:
        return Role.CATEGORICAL, "whole numbers that look like codes, by the name", None
    if fact.distinct <= FEW_INTEGERS and not re.fullmatch(r"I\d+", name):
        return Role.CATEGORICAL, f"{fact.distinct} values, all whole numbers", None
    return Role.NUMERIC, "whole numbers", None


def _guess_separator(series: pl.Series) -> str | None:
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


def _guess_label(candidates: list[str]) -> str | None:
    by_name = {name.lower().split(":")[0]: name for name in reversed(candidates)}
    for known in LABEL_NAMES:
        if known in by_name:
            return by_name[known]
    return candidates[0] if len(candidates) == 1 else None


def _distinct_values(series: pl.Series) -> list[str]:
    return sorted(as_text(series).drop_nulls().unique())


def _guess_positive(values: list[str]) -> str:
    for known in POSITIVE_VALUES:
        for value in values:
            if value.lower() == known:
                return value
    numbers = as_number(pl.Series(values))
    return values[int(np.argmax(numbers))] if numbers.null_count() == 0 else values[-1]


def _guess_group_and_time(
    frame: pl.DataFrame, columns: list[Column], facts: dict[str, _Facts]
) -> tuple[str | None, str | None]:
    def first(words: set[str], accepts: Callable[[_Facts], bool]) -> str | None:
        matches = [c.name for c in columns if _words(c.name) & words and c.role is not Role.LABEL]
        return next((name for name in matches if accepts(facts[name])), None)

    group = first(GROUP_WORDS, lambda fact: 1 < fact.distinct <= frame.height / 2)
    return group, first(TIME_WORDS, lambda fact: fact.distinct > FEW_INTEGERS)


def _with_candidates(frame: pl.DataFrame, columns: list[Column]) -> list[Column]:
    """Join each sequence to the categorical column whose values it is made of."""
    texts = {c.name: set(as_text(frame[c.name]).drop_nulls().unique()) for c in columns if c.role is Role.CATEGORICAL}
    result = []
    for column in columns:
        if column.role is Role.SEQUENCE:
            items = as_lists(frame[column.name].head(20_000), column).explode().drop_nulls()
            scores = {name: _overlap(items, values, column.name, name) for name, values in texts.items()}
            best = max(scores, key=scores.__getitem__, default=None)
            if best is not None and scores[best] >= 0.3:
                column = replace(column, candidate=best)
        result.append(column)
    return result


def _overlap(items: pl.Series, values: set[str], history: str, candidate: str) -> float:
    if items.is_empty() or len(values) < 3:
        return 0.0
    shared = float(items.is_in(list(values)).to_numpy().mean())
    return shared * (1.0 + 0.5 * bool(_words(history) & _words(candidate) - {"id"}))


def _with_names(frame: pl.DataFrame, columns: list[Column], facts: dict[str, _Facts]) -> list[Column]:
    """Let a column of titles name the values of a candidate field that it belongs to one by one."""
    candidates = {c.candidate for c in columns if c.candidate}
    titles = [c.name for c in columns if _words(c.name) & NAME_WORDS and c.role in (Role.CATEGORICAL, Role.IGNORED)]
    naming = {}
    for candidate in candidates:
        for title in titles:
            if title == candidate or facts[title].number_share > 0.5:
                continue
            pairs = frame.select(pl.struct([candidate, title]).n_unique()).item()
            if pairs <= 1.02 * facts[candidate].distinct and facts[title].distinct > 0.9 * facts[candidate].distinct:
                naming[candidate] = title
    return [
        replace(c, names_from=naming[c.name])
        if c.name in naming
        else replace(c, role=Role.IGNORED)
        if c.name in naming.values()
        else c
        for c in columns
    ]


def _with_leaks(frame: pl.DataFrame, schema: Schema, profiles: list[ColumnProfile]) -> list[ColumnProfile]:
    """Warn of columns that alone tell the label of rows held out, and set aside the columns that only name others."""
    labels = (as_text(frame[schema.label]) == schema.positive).fill_null(False).to_numpy()
    roles = {column.name: column.role for column in schema.columns}
    named = {c.names_from: c.name for c in schema.columns if c.names_from}
    result = []
    for profile in profiles:
        if profile.name in named:
            profile = replace(profile, role=Role.IGNORED, reason=f"names the values of {named[profile.name]}")
        elif roles[profile.name] in (Role.NUMERIC, Role.CATEGORICAL) and _is_leak(frame[profile.name], labels):
            profile = replace(profile, warning="alone it tells the label almost perfectly: a leak?")
        result.append(profile)
    return result


def _is_leak(series: pl.Series, labels: np.ndarray, rows: int = 20_000) -> bool:
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


def _ignoring(schema: Schema, names: list[str]) -> Schema:
    for name in names:
        if schema.column(name).role is not Role.LABEL:
            schema = schema.without_role(name)
    return schema


def _settled_label(frame: pl.DataFrame, inference: Inference, corrections: Corrections) -> Schema:
    """The schema with the label that is asked for, or an InputError that says how to settle the doubt."""
    label = corrections.label or (inference.schema.label if inference.schema else None)
    if label is None:
        if not inference.label_candidates:
            raise InputError(
                "No column has two values, so none can be the label; "
                "choose one with --label COL and the value that counts as a click with --positive VALUE."
            )
        raise InputError(
            "Which column is the label? It could be {candidates}; say it with --label COL.",
            candidates=join_names(inference.label_candidates),
        )
    values = _distinct_values(frame[label])
    if corrections.positive is not None and corrections.positive not in values:
        raise InputError(
            "Label {label} never has the value {value}; it has {values}.",
            label=label,
            value=corrections.positive,
            values=join_names(values),
        )
    if len(values) < 2:
        raise InputError(
            "Label {label} has only the value {values}; there is nothing to tell apart.",
            label=label,
            values=join_names(values) or "missing",
        )
    if len(values) > 2 and corrections.positive is None:
        raise InputError(
            "Label {label} has {count} values ({values}) where two are needed; "
            "say which one counts as a click with --positive VALUE.",
            label=label,
            count=len(values),
            values=join_names(values, 4),
        )
    schema = inference.schema
    if schema is None or schema.label != label:
        again = infer(frame, label)
        schema = again.schema or Schema(again.columns, "", None, None)
    return replace(schema, positive=corrections.positive or schema.positive)


def _corrected_sequence(frame: pl.DataFrame, column: Column, candidate: str | None, separator: str | None) -> Column:
    separator = separator or column.separator or _guess_separator(frame[column.name]) or "|"
    if separator == "\\t":
        separator = "\t"
    column = replace(column, role=Role.SEQUENCE, separator=separator, candidate=candidate or column.candidate)
    check_separator(frame, column)
    return column


def _without_lost_candidate(schema: Schema, column: Column) -> Column:
    is_lost = column.candidate is not None and schema.column(column.candidate).role is not Role.CATEGORICAL
    return replace(column, candidate=None) if is_lost else column


def _first_value(series: pl.Series) -> str:
    present = as_text(series).drop_nulls()
    return present[0] if len(present) else ""
