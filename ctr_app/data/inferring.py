"""Guessing a schema from a table: the label, what each column is, and which columns belong together."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from .columns import as_lists, as_number, as_text, is_date, is_list
from .profiling import FEW_INTEGERS, TIME_WORDS, ColumnProfile, Facts, facts_of, guess_role, is_leak, words_in
from .schema import Column, Role, Schema
from .tables import Frame

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
GROUP_WORDS = {"user", "uid", "session", "visitor", "customer", "member"}
NAME_WORDS = {"title", "name", "label", "description"}


@dataclass(frozen=True)
class Inference:
    """A guessed schema (None while the label is in doubt) with a profile per column."""

    schema: Schema | None
    columns: tuple[Column, ...]
    profiles: tuple[ColumnProfile, ...]
    label_candidates: tuple[str, ...]


def infer(frame: Frame, label: str | None = None, positive: str | None = None) -> Inference:
    """Guess a schema; ``label`` settles which column is the label, ``positive`` which of its values is a click."""
    facts = {name: facts_of(frame[name]) for name in frame.columns}
    candidates = [name for name in frame.columns if facts[name].distinct == 2 and not is_list(frame[name])]
    label = label or _guess_label(candidates, frame.columns)
    columns, profiles = [], []
    for name in frame.columns:
        role, reason, separator = (
            (Role.LABEL, "the column to predict", None) if name == label else guess_role(name, frame[name], facts[name])
        )
        columns.append(Column(name, role, separator=separator))
        fact = facts[name]
        profiles.append(ColumnProfile(name, role, reason, fact.distinct, fact.missing_share, fact.examples))
    columns = _with_names(frame, _with_candidates(frame, columns), facts)
    profiles = _with_naming(profiles, columns)
    schema = None
    if label is not None and (positive is not None or facts[label].distinct == 2):
        positive = positive or _guess_positive(distinct_values(frame[label]))
        schema = Schema(tuple(columns), positive, *_guess_group_and_time(frame, columns, facts))
        profiles = _with_leaks(frame, schema, profiles)
    return Inference(schema, tuple(columns), tuple(profiles), tuple(candidates))


def distinct_values(series: pl.Series) -> list[str]:
    """The values of a column as text, sorted, without the missing one."""
    return sorted(as_text(series).drop_nulls().unique())


def _guess_label(candidates: list[str], names: list[str]) -> str | None:
    """The candidate with a known name; the only candidate there is, unless another column has a label's name."""
    known = {_plain_name(name): name for name in reversed(names)}
    ranked = [known[name] for name in LABEL_NAMES if name in known]
    by_name = next((name for name in ranked if name in candidates), None)
    return by_name or (candidates[0] if len(candidates) == 1 and not ranked else None)


def _plain_name(name: str) -> str:
    """``Is Click?`` and ``is_click:float`` as ``is_click``."""
    return re.sub(r"\W+", "_", name.split(":")[0].lower()).strip("_")


def _guess_positive(values: list[str]) -> str:
    numbers = as_number(pl.Series(values))
    if numbers.null_count() == 0:
        return values[int(np.argmax(numbers))]
    for known in POSITIVE_VALUES:
        for value in values:
            if value.lower() == known:
                return value
    return values[-1]


def _guess_group_and_time(
    frame: Frame, columns: list[Column], facts: dict[str, Facts]
) -> tuple[str | None, str | None]:
    others = [column.name for column in columns if column.role is not Role.LABEL and not is_list(frame[column.name])]
    groups = (n for n in others if words_in(n) & GROUP_WORDS and 1 < facts[n].distinct <= frame.height / 2)
    times = (n for n in others if (words_in(n) & TIME_WORDS and facts[n].distinct > FEW_INTEGERS) or is_date(frame[n]))
    return next(groups, None), next(times, None)


def _with_candidates(frame: Frame, columns: list[Column]) -> list[Column]:
    """Join each sequence to the categorical column whose values it is made of."""
    if not any(column.role is Role.SEQUENCE for column in columns):
        return columns
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
    return shared * (1.0 + 0.5 * bool(words_in(history) & words_in(candidate) - {"id"}))


def _with_names(frame: Frame, columns: list[Column], facts: dict[str, Facts]) -> list[Column]:
    """Let a column of titles name the values of a candidate field that it belongs to one by one."""
    candidates = {c.candidate for c in columns if c.candidate}
    titles = [c.name for c in columns if words_in(c.name) & NAME_WORDS and c.role in (Role.CATEGORICAL, Role.IGNORED)]
    naming = {}
    for candidate in candidates:
        for title in titles:
            if title == candidate or facts[title].number_share > 0.5:
                continue
            pairs = pl.DataFrame([frame[candidate], frame[title]]).n_unique()
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


def _with_naming(profiles: list[ColumnProfile], columns: list[Column]) -> list[ColumnProfile]:
    """Say of the columns that only name the values of others that this is why they are left out."""
    named = {column.names_from: column.name for column in columns if column.names_from}
    return [
        replace(p, role=Role.IGNORED, reason=f"names the values of {named[p.name]}") if p.name in named else p
        for p in profiles
    ]


def _with_leaks(frame: Frame, schema: Schema, profiles: list[ColumnProfile]) -> list[ColumnProfile]:
    """Warn of columns that alone tell the label of rows held out."""
    label = as_text(frame[schema.label])
    has_label = label.is_not_null()
    labels = (label.filter(has_label) == schema.positive).to_numpy()
    read = {column.name for column in schema.fields if column.role is not Role.SEQUENCE}
    return [
        replace(p, warning="alone it tells the label almost perfectly: a leak?")
        if p.name in read and is_leak(frame[p.name].filter(has_label), labels)
        else p
        for p in profiles
    ]
