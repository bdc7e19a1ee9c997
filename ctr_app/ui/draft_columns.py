"""The table of a draft's columns: what each looks like, what it is read as and why; both roles can be changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from ..data.columns import as_lists
from ..data.correcting import corrected
from ..data.errors import InputError, shorten
from ..data.facts import NUM_BINS, Facts, histogram
from ..data.rates import is_counted
from ..data.schema import Column, Corrections, Role, Schema
from . import draft_label, draft_problems
from .state import Draft, change, refuse
from .words import _, sentence_text

ROLE_NAMES = {
    Role.NUMERIC: "number",
    Role.CATEGORICAL: "category",
    Role.SEQUENCE: "history",
    Role.IGNORED: "leave out",
    Role.LABEL: "label",
}
# What a column may be besides, whether a model reads it or not: part of the schema -> word.
USE_NAMES = {"": "–", "group": "user", "time": "time", "weight": "weight"}
ROW_HEIGHT, NAME_WIDTH = 35, 160
MOST_ROWS = 16
# As many rows of the sample tell the lengths of a history.
LENGTH_ROWS = 2000


def draw(draft: Draft, schema: Schema) -> None:
    """One line per column; what it is read as and what it serves as can be changed."""
    st.subheader(_("Columns"))
    roles, uses = _words(ROLE_NAMES), _words(USE_NAMES)
    frame = pd.DataFrame([_line(draft, schema, column) for column in schema.columns])
    notes = _notes(draft, schema)
    frame.insert(1, "note", [notes.get(column.name, "") for column in schema.columns])
    edited = st.data_editor(
        frame if notes else frame.drop(columns="note"),
        hide_index=True,
        height=ROW_HEIGHT * (1 + min(MOST_ROWS, len(frame))) + 3,
        key=f"data-columns-{draft.version}",
        disabled=[name for name in frame.columns if name not in ("role", "use")],
        column_config=_config(list(roles), list(uses)),
        alt=_("Columns, what they are read as, and why"),
    )
    for column, role, use in zip(schema.columns, edited["role"], edited["use"], strict=True):
        if roles[role] is not column.role:
            _change_role(draft, schema, column, roles[role])
        if uses[use] != use_of(schema, column.name):
            _change_use(draft, schema, column.name, uses[use])


def use_of(schema: Schema, name: str) -> str:
    """What a column is besides: ``group``, ``time``, ``weight`` or nothing."""
    return next((use for use in USE_NAMES if use and getattr(schema, use) == name), "")


def picture(column: Column, facts: Facts, sample: Any) -> list[int]:
    """How the rows lie over a column: by number, by most frequent value, or by length of a history."""
    if column.role is Role.SEQUENCE:
        lengths = as_lists(sample.head(LENGTH_ROWS), column).list.len().value_counts()
        return list(histogram(lengths[column.name].to_numpy(), lengths["count"].to_numpy())[2])
    if is_counted(column, facts):
        return [rows for _value, rows in facts.top[:NUM_BINS]]
    return list(facts.bins)


def _words(names: Mapping[Any, str]) -> dict[str, Any]:
    return {_(word): name for name, word in names.items()}


def _line(draft: Draft, schema: Schema, column: Column) -> dict[str, Any]:
    profile = draft.inference.by_name[column.name]
    use = use_of(schema, column.name)
    return {
        "name": column.name,
        "role": _(ROLE_NAMES[column.role]),
        "use": _(USE_NAMES[use]),
        "rows": picture(column, profile.facts, draft.inference.survey.sample[column.name]),
        "distinct": profile.facts.distinct,
        "missing": profile.facts.missing_share,
        "examples": ", ".join(shorten(example, 24) for example in profile.facts.examples),
        "why": sentence_text(profile.reason),
    }


def _notes(draft: Draft, schema: Schema) -> dict[str, str]:
    """Column -> what may be wrong with it."""
    notes: dict[str, str] = {}
    for warning in draft_problems.open_warnings(draft, schema):
        if warning.column:
            said = sentence_text(warning.sentence)
            notes[warning.column] = f"{notes[warning.column]} {said}" if warning.column in notes else said
    return notes


def _config(roles: list[str], uses: list[str]) -> dict[str, Any]:
    config = st.column_config
    return {
        "name": config.TextColumn(_("Column"), pinned=True, width=NAME_WIDTH),
        "note": config.TextColumn(_("Look at this"), width="medium"),
        "role": config.SelectboxColumn(_("Read as"), options=roles, required=True, width="small"),
        "use": config.SelectboxColumn(
            _("Also the"),
            options=uses,
            required=True,
            width="small",
            help=_("Whose row it is (for GAUC), when it was, or how much it counts; a field may be that too."),
        ),
        "rows": config.BarChartColumn(
            _("Rows"), y_min=0, width="small", help=_("By number, by most frequent value, or by length of a history")
        ),
        "distinct": config.NumberColumn(_("Values"), format="localized", width="small"),
        "missing": config.ProgressColumn(_("Missing"), min_value=0, max_value=1, format="percent", width="small"),
        "examples": config.TextColumn(_("Examples"), width="medium"),
        "why": config.TextColumn(_("Why"), width="medium"),
    }


def _change_role(draft: Draft, schema: Schema, column: Column, role: Role) -> None:
    try:
        if role is Role.LABEL:
            draft_label.choose(draft, column.name)
        change(draft, with_role(draft, schema, column, role), is_drawn=True)
    except InputError as error:
        refuse(draft, error)


def with_role(draft: Draft, schema: Schema, column: Column, role: Role) -> Schema:
    """The schema with one column's role changed; a new history gets a guessed separator."""
    if column.role is Role.LABEL:
        raise InputError("Column {name} is the label; choose another label first.", name=column.name)
    if role is Role.SEQUENCE:
        said = Corrections(sequences={column.name: None})
    else:
        said = Corrections(**{{Role.IGNORED: "ignore"}.get(role, role.value): (column.name,)})  # type: ignore[arg-type]
    if column.name == schema.weight:
        schema = schema.with_weight(None)
    return corrected(draft.tables["train"].frame, replace(draft.inference, schema=schema), said)


def with_use(schema: Schema, name: str, use: str) -> Schema:
    """The schema with ``name`` as its group, time or weight, in place of the one that was, or as none of these."""
    uses: dict[str, str | None] = {known: getattr(schema, known) for known in USE_NAMES if known}
    uses = {known: None if found == name else found for known, found in uses.items()} | ({use: name} if use else {})
    changed = replace(schema, group=uses["group"], time=uses["time"], weight=None)
    return changed.with_weight(uses["weight"])


def _change_use(draft: Draft, schema: Schema, name: str, use: str) -> None:
    """Let a column be the user, the time or the weight, in place of the one that was; or none of these."""
    try:
        if name == schema.label and use:
            raise InputError("Column {name} is the label; choose another label first.", name=name)
        change(draft, with_use(schema, name, use).check())
    except InputError as error:
        refuse(draft, error)
