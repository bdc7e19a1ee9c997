"""What may be wrong with the columns of a draft, each with its remedy, and what was remedied, each with its undo."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from ..data.column_warnings import ColumnWarning, find_warnings, merged
from ..data.correcting import corrected
from ..data.errors import InputError, join_names
from ..data.schema import Role, Schema
from .state import Draft, Remedied, change, refuse
from .words import _, plain, sentence_text

# More cards than this are folded away.
MOST_CARDS = 4


def draw(draft: Draft, schema: Schema) -> None:
    """One card per leak and per other kind of problem; below, one line per remedy that was taken."""
    draft.remedied = [remedied for remedied in draft.remedied if _holds(draft, schema, remedied)]
    groups = grouped(open_warnings(draft, schema))
    for group in groups[:MOST_CARDS]:
        _card(draft, schema, group)
    if rest := groups[MOST_CARDS:]:
        with st.expander(_("{count} more to look at", count=len(rest)), icon=":material/warning:"):
            for group in rest:
                _card(draft, schema, group)
    for remedied in draft.remedied:
        _done(draft, schema, remedied)


def open_warnings(draft: Draft, schema: Schema) -> tuple[ColumnWarning, ...]:
    """The warnings of the draft as it stands, but for kinds that the user has remedied already."""
    taken = {(w.kind, w.column) for remedied in draft.remedied for w in remedied.warnings}
    found = find_warnings(draft.inference, schema, draft.min_count, draft.split.method)
    return tuple(warning for warning in found if (warning.kind, warning.column) not in taken)


def grouped(warnings: Sequence[ColumnWarning]) -> list[tuple[ColumnWarning, ...]]:
    """Each leak by itself, the others by kind."""
    groups: dict[tuple[str, str | None], list[ColumnWarning]] = {}
    for warning in warnings:
        groups.setdefault((warning.kind, warning.column if warning.kind == "leak" else None), []).append(warning)
    return [tuple(group) for group in groups.values()]


def _card(draft: Draft, schema: Schema, group: tuple[ColumnWarning, ...]) -> None:
    first = group[0]
    key = f"data-ignore-{first.column}" if first.kind == "leak" else f"data-remedy-{first.kind}"
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/warning: {_said(group)}", width="stretch")
        if st.button(sentence_text(first.action), key=key):
            _take(draft, schema, group)


def _said(group: tuple[ColumnWarning, ...]) -> str:
    """The sentence of the first, and of which other columns the like holds, as Markdown."""
    first, others = group[0], [warning.column for warning in group[1:] if warning.column]
    said = plain(sentence_text(first.sentence))
    if first.column:
        said = f"**{plain(first.column)}**: {said}"
    if others:
        said += " " + plain(_("The same goes for {columns}.", columns=join_names(others)))
    return said


def _take(draft: Draft, schema: Schema, group: tuple[ColumnWarning, ...]) -> None:
    """Apply the remedy to all columns of the group, and remember how to undo it."""
    remedy = merged(warning.remedy for warning in group)
    frame = draft.tables["train"].frame
    try:
        mended = corrected(frame, replace(draft.inference, schema=schema), remedy)
    except InputError as error:
        refuse(draft, error)
    draft.remedied.append(Remedied(group, schema, draft.split, draft.min_count))
    draft.min_count = remedy.min_count or draft.min_count
    draft.split = replace(draft.split, method=remedy.split or draft.split.method)
    change(draft, mended)


def _holds(draft: Draft, schema: Schema, remedied: Remedied) -> bool:
    """Whether anything of a remedy is still in effect, whatever was said since then."""
    remedy = merged(warning.remedy for warning in remedied.warnings)
    return (
        any(schema.column(name).role is Role.IGNORED for name in remedy.ignore)
        or any(schema.column(name).role is Role.CATEGORICAL for name in remedy.categorical)
        or any(set(values) <= set(schema.column(name).missing) for name, values in (remedy.missing or {}).items())
        or (remedy.min_count is not None and remedy.min_count == draft.min_count)
        or (remedy.split is not None and remedy.split == draft.split.method)
    )


def _done(draft: Draft, schema: Schema, remedied: Remedied) -> None:
    first = remedied.warnings[0]
    names = join_names([warning.column for warning in remedied.warnings if warning.column])
    with st.container(horizontal=True, vertical_alignment="center"):
        done = plain(sentence_text(first.action))
        st.caption(f":material/check: {done}: {plain(names)}" if names else f":material/check: {done}", width="content")
        if st.button(_("Undo"), key=f"data-undo-{first.kind}-{first.column}", type="tertiary", icon=":material/undo:"):
            _undo(draft, schema, remedied)


def _undo(draft: Draft, schema: Schema, remedied: Remedied) -> None:
    """Put back what the remedy changed; whatever else was said since then stays."""
    remedy = merged(warning.remedy for warning in remedied.warnings)
    for name in remedy.named():
        schema = schema.with_column(remedied.before.column(name))
    for history in remedied.before.columns:
        if history.candidate in remedy.ignore:
            schema = schema.with_column(replace(schema.column(history.name), candidate=history.candidate))
    if remedy.min_count is not None:
        draft.min_count = remedied.min_count
    if remedy.split is not None:
        draft.split = replace(draft.split, method=remedied.split.method)
    draft.remedied.remove(remedied)
    change(draft, schema)
