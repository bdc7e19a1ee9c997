"""Guessing a schema from a table: the label, what each column is, and which columns belong together."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import polars as pl

from .columns import as_lists, as_number, as_text, is_date, is_list
from .copies import share_of_copies
from .facts import Facts
from .labels import label_array
from .leaks import leaks_in
from .profiling import FEW_INTEGERS, TIME_WORDS, ColumnProfile, Survey, guess_role, survey, words_in
from .schema import Column, Role, Schema
from .sentences import say
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
# A table of no more cells is looked through in memory: of a file with thousands of columns, each is slow to find.
FEW_CELLS = 2_000_000
TO_PREDICT = say("the column to predict")
NAME_WORDS = {"title", "name", "label", "description"}


@dataclass(frozen=True)
class Inference:
    """A guessed schema (None while the label is in doubt) with a profile per column.

    ``leaks`` are the columns that alone tell the label almost perfectly, with the AUC that each reaches on rows held
    out. ``copies`` is the share of rows that another row equals in the label and in every field that was guessed.
    """

    schema: Schema | None
    columns: tuple[Column, ...]
    profiles: tuple[ColumnProfile, ...]
    label_candidates: tuple[str, ...]
    survey: Survey
    leaks: Mapping[str, float] = field(default_factory=dict)
    copies: float = 0.0

    @cached_property
    def by_name(self) -> dict[str, ColumnProfile]:
        """The profiles by the names of their columns."""
        return {profile.name: profile for profile in self.profiles}

    def facts(self, name: str) -> Facts:
        """The counts over the column called ``name``."""
        return self.survey.facts[name]


def infer(
    frame: Frame, label: str | None = None, positive: str | None = None, known: Survey | None = None
) -> Inference:
    """Guess a schema; ``label`` settles which column is the label, ``positive`` which of its values is a click.

    ``known`` is the survey of the same table, where there is one: it need not be looked through again.
    """
    if frame.height * frame.width <= FEW_CELLS:
        frame = frame.head(frame.height)
    looked = known or survey(frame)
    facts = looked.facts
    is_list_column = {name: is_list(looked.sample[name]) for name in frame.columns}
    candidates = [name for name in frame.columns if facts[name].distinct == 2 and not is_list_column[name]]
    label = label or _guess_label(candidates, frame.columns)
    columns, profiles = [], []
    for name in frame.columns:
        role, reason, separator = (Role.LABEL, TO_PREDICT, None)
        if name != label:
            role, reason, separator = guess_role(name, looked.sample[name], facts[name])
        columns.append(Column(name, role, separator=separator))
        profiles.append(ColumnProfile(name, role, reason, facts[name]))
    columns = _with_names(frame, _with_candidates(frame, looked, columns), facts)
    profiles = _with_naming(profiles, columns)
    if label is None or (positive is None and facts[label].distinct != 2):
        return Inference(None, tuple(columns), tuple(profiles), tuple(candidates), looked)
    positive = positive or guess_positive(sorted(value for value, _rows in facts[label].top))
    schema = Schema(tuple(columns), positive, *_guess_group_and_time(looked, columns))
    return judged(frame, Inference(schema, tuple(columns), tuple(profiles), tuple(candidates), looked))


def judged(frame: Frame, inference: Inference) -> Inference:
    """The same with what can be said of columns once the label is known: which give it away, which rows are copies."""
    schema, looked = inference.schema, inference.survey
    assert schema is not None
    leaks = leaks_in(looked.sample, schema.label, label_array(looked.sample, schema))
    return replace(inference, leaks=leaks, copies=share_of_copies(frame, schema, looked.facts))


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


def guess_positive(values: list[str]) -> str:
    """Of a label's values the one that is likely to count as a click."""
    numbers = as_number(pl.Series(values))
    if numbers.null_count() == 0:
        return values[int(np.argmax(numbers))]
    for known in POSITIVE_VALUES:
        for value in values:
            if value.lower() == known:
                return value
    return values[-1]


def _guess_group_and_time(looked: Survey, columns: list[Column]) -> tuple[str | None, str | None]:
    facts, sample = looked.facts, looked.sample
    others = [column.name for column in columns if column.role is not Role.LABEL and not is_list(sample[column.name])]
    groups = (n for n in others if words_in(n) & GROUP_WORDS and 1 < facts[n].distinct <= looked.rows / 2)
    times = (n for n in others if (words_in(n) & TIME_WORDS and facts[n].distinct > FEW_INTEGERS) or is_date(sample[n]))
    return next(groups, None), next(times, None)


def _with_candidates(frame: Frame, looked: Survey, columns: list[Column]) -> list[Column]:
    """Join each sequence to the categorical column whose values it is made of."""
    if not any(column.role is Role.SEQUENCE for column in columns):
        return columns
    texts = {c.name: as_text(frame[c.name]).drop_nulls().unique() for c in columns if c.role is Role.CATEGORICAL}
    result = []
    for column in columns:
        if column.role is Role.SEQUENCE:
            items = as_lists(looked.sample[column.name], column).explode().drop_nulls()
            scores = {name: _overlap(items, values, column.name, name) for name, values in texts.items()}
            best = max(scores, key=scores.__getitem__, default=None)
            if best is not None and scores[best] >= 0.3:
                column = replace(column, candidate=best)
        result.append(column)
    return result


def _overlap(items: pl.Series, values: pl.Series, history: str, candidate: str) -> float:
    if items.is_empty() or len(values) < 3:
        return 0.0
    shared = float(items.is_in(values.implode()).to_numpy().mean())
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
        replace(p, role=Role.IGNORED, reason=say("names the values of {column}", column=named[p.name]))
        if p.name in named
        else p
        for p in profiles
    ]
