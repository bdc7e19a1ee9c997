"""Guessing a schema from a table: the label, what each column is, and which columns belong together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from .columns import as_lists, as_number, as_text
from .profiling import FEW_INTEGERS, TIME_WORDS, ColumnProfile, Facts, facts_of, guess_role, is_leak, words_in
from .schema import Column, Role, Schema

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


def infer(frame: pl.DataFrame, label: str | None = None) -> Inference:
    """Guess a schema for ``frame``; ``label`` settles which column is the label."""
    facts = {name: facts_of(frame[name]) for name in frame.columns}
    candidates = [name for name in frame.columns if facts[name].distinct == 2]
    label = label or _guess_label(candidates)
    columns, profiles = [], []
    for name in frame.columns:
        role, reason, separator = (
            (Role.LABEL, "the column to predict", None) if name == label else guess_role(name, frame[name], facts[name])
        )
        columns.append(Column(name, role, separator=separator))
        fact = facts[name]
        profiles.append(ColumnProfile(name, role, reason, fact.distinct, fact.missing_share, fact.examples))
    columns = _with_names(frame, _with_candidates(frame, columns), facts)
    schema = None
    if label is not None:
        values = distinct_values(frame[label])
        if len(values) == 2:
            schema = Schema(tuple(columns), _guess_positive(values), *_guess_group_and_time(frame, columns, facts))
            profiles = _with_leaks(frame, schema, profiles)
            schema = _ignoring(schema, [p.name for p in profiles if p.role is Role.IGNORED])
    return Inference(schema, tuple(columns), tuple(profiles), tuple(candidates))


def distinct_values(series: pl.Series) -> list[str]:
    """The values of a column as text, sorted, without the missing one."""
    return sorted(as_text(series).drop_nulls().unique())


def _guess_label(candidates: list[str]) -> str | None:
    by_name = {name.lower().split(":")[0]: name for name in reversed(candidates)}
    for known in LABEL_NAMES:
        if known in by_name:
            return by_name[known]
    return candidates[0] if len(candidates) == 1 else None


def _guess_positive(values: list[str]) -> str:
    for known in POSITIVE_VALUES:
        for value in values:
            if value.lower() == known:
                return value
    numbers = as_number(pl.Series(values))
    return values[int(np.argmax(numbers))] if numbers.null_count() == 0 else values[-1]


def _guess_group_and_time(
    frame: pl.DataFrame, columns: list[Column], facts: dict[str, Facts]
) -> tuple[str | None, str | None]:
    def first(words: set[str], accepts: Callable[[Facts], bool]) -> str | None:
        matches = [c.name for c in columns if words_in(c.name) & words and c.role is not Role.LABEL]
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
    return shared * (1.0 + 0.5 * bool(words_in(history) & words_in(candidate) - {"id"}))


def _with_names(frame: pl.DataFrame, columns: list[Column], facts: dict[str, Facts]) -> list[Column]:
    """Let a column of titles name the values of a candidate field that it belongs to one by one."""
    candidates = {c.candidate for c in columns if c.candidate}
    titles = [c.name for c in columns if words_in(c.name) & NAME_WORDS and c.role in (Role.CATEGORICAL, Role.IGNORED)]
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
        elif roles[profile.name] in (Role.NUMERIC, Role.CATEGORICAL) and is_leak(frame[profile.name], labels):
            profile = replace(profile, warning="alone it tells the label almost perfectly: a leak?")
        result.append(profile)
    return result


def _ignoring(schema: Schema, names: list[str]) -> Schema:
    for name in names:
        if schema.column(name).role is not Role.LABEL:
            schema = schema.without_role(name)
    return schema
