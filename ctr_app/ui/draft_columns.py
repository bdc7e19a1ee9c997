"""Columns and histories of an uploaded table, as the user may correct them."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

from ..data.columns import as_lists
from ..data.correcting import corrected
from ..data.errors import shorten
from ..data.schema import SEPARATORS, Column, Corrections, Role, Schema
from . import parts
from .state import Draft, change
from .words import _, plain

ROLE_NAMES = {
    Role.NUMERIC: "number",
    Role.CATEGORICAL: "category",
    Role.SEQUENCE: "history",
    Role.IGNORED: "leave out",
}
SEPARATOR_NAMES = {" ": "space", "\t": "tab"}


def columns(draft: Draft, schema: Schema) -> None:
    """One line per column; its role can be changed."""
    st.subheader(_("Columns"))
    names = {_(word): role for role, word in ROLE_NAMES.items()}
    words = {role: word for word, role in names.items()}
    profiles = {profile.name: profile for profile in draft.inference.profiles}
    listed = [column for column in schema.columns if column.role is not Role.LABEL]
    frame = pd.DataFrame(
        {
            "name": [column.name for column in listed],
            "role": [words[column.role] for column in listed],
            "why": [_(profiles[column.name].reason) for column in listed],
            "distinct": [profiles[column.name].distinct for column in listed],
            "missing": [profiles[column.name].missing_share for column in listed],
            "examples": [", ".join(shorten(e, 24) for e in profiles[column.name].examples) for column in listed],
        }
    )
    edited = st.data_editor(
        frame,
        hide_index=True,
        key=f"data-columns-{draft.version}",
        disabled=["name", "why", "distinct", "missing", "examples"],
        column_config={
            "name": _("Column"),
            "role": st.column_config.SelectboxColumn(_("Read as"), options=list(names), required=True),
            "why": _("Why"),
            "distinct": st.column_config.NumberColumn(_("Values"), format="localized"),
            "missing": st.column_config.ProgressColumn(_("Missing"), min_value=0, max_value=1, format="percent"),
            "examples": _("Examples"),
        },
        alt=_("Columns, what they are read as, and why"),
    )
    for column, word in zip(listed, edited["role"], strict=True):
        if names[word] is not column.role:
            with parts.sentences():
                change(draft, _with_role(draft, schema, column, names[word]))


def _with_role(draft: Draft, schema: Schema, column: Column, role: Role) -> Schema:
    """The schema with one column's role changed; a new history gets a guessed separator."""
    if role is Role.SEQUENCE:
        change = Corrections(sequences={column.name: None})
    else:
        change = Corrections(**{{Role.IGNORED: "ignore"}.get(role, role.value): (column.name,)})  # type: ignore[arg-type]
    return corrected(draft.tables["train"].frame, replace(draft.inference, schema=schema), change)


def histories(draft: Draft, schema: Schema) -> None:
    """For each history: its separator, its candidate, its order and length, and one decoded row."""
    histories = schema.with_role(Role.SEQUENCE)
    if not histories:
        return
    st.subheader(_("Histories"))
    for column in histories:
        with st.container(border=True):
            changed = _history(draft, schema, column)
            if changed != column:
                change(draft, schema.with_column(changed))


def _history(draft: Draft, schema: Schema, column: Column) -> Column:
    key = f"{draft.version}-{column.name}"
    st.markdown(f"**{plain(column.name)}**")
    cells = st.columns([1, 2, 1, 1], vertical_alignment="bottom")
    separators = list(dict.fromkeys([column.separator or "|", *SEPARATORS]))
    separator = cells[0].selectbox(
        _("Separated by"),
        separators,
        index=0,
        key=f"data-separator-{key}",
        format_func=lambda s: _(SEPARATOR_NAMES[s]) if s in SEPARATOR_NAMES else s,
        accept_new_options=True,
    )
    candidates = [None, *(c.name for c in schema.with_role(Role.CATEGORICAL))]
    candidate = cells[1].selectbox(
        _("Compared with"),
        candidates,
        index=candidates.index(column.candidate),
        key=f"data-candidate-{key}",
        format_func=lambda name: _("nothing (pooled)") if name is None else name,
        help=_("The field of the item on offer whose values these are; DIN weighs each past item against it."),
    )
    length = cells[2].number_input(_("Keep the last"), 1, 1000, column.max_length, key=f"data-length-{key}")
    newest = cells[3].toggle(_("Newest first"), column.newest_first, key=f"data-newest-{key}")
    changed = replace(column, separator=separator, candidate=candidate, max_length=int(length), newest_first=newest)
    series = draft.tables["train"].frame[column.name]
    example = as_lists(series.drop_nulls().head(1), changed)
    if len(example) and len(example[0]):
        items = [shorten(item, 24) for item in example[0].to_list()]
        shown = " → ".join(plain(item) for item in items[-8:])
        more = "… " if len(items) > 8 else ""
        st.caption(_("The first row, oldest to newest: {items}", items=more + shown))
    return changed
