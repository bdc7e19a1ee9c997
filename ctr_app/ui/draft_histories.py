"""The histories of a draft: separator, order, length and candidate of each, shown on a row of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import polars as pl
import streamlit as st

from ..data.columns import as_lists, as_text, field_text, is_list
from ..data.errors import shorten
from ..data.schema import SEPARATORS, Column, Role, Schema
from . import parts
from .state import Draft, change
from .words import _, plain

SEPARATOR_NAMES = {" ": "space", "\t": "tab"}
# As many rows tell how long a history is and whose values it holds.
EXAMPLE_ROWS = 2000
MOST_ITEMS = 12


@dataclass(frozen=True)
class Decoded:
    """One row of a history as it stands and as it is read, and what holds of many rows."""

    cell: str
    items: tuple[str, ...]  # by name, where they have names
    candidate: str | None
    typical_length: float
    shared: float | None  # share of the items that are values of the candidate field


def draw(draft: Draft, schema: Schema) -> None:
    """One card per history."""
    histories = schema.with_role(Role.SEQUENCE)
    if not histories:
        return
    st.subheader(_("Histories"))
    for column in histories:
        with st.container(border=True):
            changed = _settings(draft, schema, column)
            _example(decoded(draft.inference.survey.sample, schema, changed, draft.names), changed)
            if changed != column:
                change(draft, schema.with_column(changed), is_drawn=True)


def decoded(
    sample: pl.DataFrame, schema: Schema, column: Column, known: Mapping[str, Mapping[str, str]]
) -> Decoded | None:
    """A row whose history has several items, the first of these; None where no row has any.

    ``known`` are names of values by field, where a table beside this one gives them.
    """
    rows = sample.head(EXAMPLE_ROWS)
    lists = as_lists(rows[column.name], column)
    lengths = lists.list.len()
    row = (lengths >= 3).arg_max() if (lengths >= 3).any() else lengths.arg_max()
    if row is None or not lengths[row]:
        return None
    candidate, shared, names = None, None, dict(known.get(column.candidate or "", {}))
    if column.candidate is not None:
        field = schema.column(column.candidate)
        values = field_text(sample[field.name], field)
        if field.names_from is not None:
            names |= dict(zip(values, as_text(sample[field.names_from]), strict=True))
        candidate = names.get(values[row]) or values[row]
        shared = float(lists.explode().drop_nulls().is_in(values.drop_nulls().unique().implode()).to_numpy().mean())
    typical = lengths.filter(lengths > 0).median()
    cell = str(as_text(rows[column.name].slice(row, 1))[0])
    items = tuple(names.get(item) or item for item in lists[row])
    return Decoded(cell, items, candidate, float(typical or 0), shared)  # type: ignore[arg-type]


def _settings(draft: Draft, schema: Schema, column: Column) -> Column:
    key = f"{draft.version}-{column.name}"
    st.markdown(f"**{plain(column.name)}**")
    cells = st.columns([1, 2, 1, 1], vertical_alignment="bottom")
    separator = column.separator
    if not is_list(draft.inference.survey.sample[column.name]):
        separator = _separator(cells[0], column, key)
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
    return replace(column, separator=separator, candidate=candidate, max_length=int(length), newest_first=newest)


def _separator(cell: Any, column: Column, key: str) -> str:
    chosen: str = cell.selectbox(
        _("Separated by"),
        list(dict.fromkeys([column.separator or "|", *SEPARATORS])),
        index=0,
        key=f"data-separator-{key}",
        format_func=lambda s: _(SEPARATOR_NAMES[s]) if s in SEPARATOR_NAMES else s,
        accept_new_options=True,
    )
    return chosen


def _example(example: Decoded | None, column: Column) -> None:
    """The example row in three lines: the cell, the items in order, the candidate."""
    if example is None:
        st.caption(_("No row has an item in it, read so."))
        return
    st.caption(_("The cell of one row: {cell}", cell=plain(shorten(example.cell, 100))))
    items = " → ".join(plain(shorten(item, 24)) for item in example.items[-MOST_ITEMS:])
    more = "… " if len(example.items) > MOST_ITEMS else ""
    st.markdown(_("Read as, oldest to newest: {items}", items=more + items))
    facts = [
        _(
            "{count} items in this row, {typical} in a typical one",
            count=len(example.items),
            typical=parts.count(example.typical_length),
        )
    ]
    if example.candidate is not None:
        facts.append(_("the item on offer is {item}", item=plain(shorten(example.candidate, 24))))
    if example.shared is not None:
        facts.append(
            _("{share:.0%} of all items are values of {field}", share=example.shared, field=plain(column.candidate))
        )
    st.caption("; ".join(facts) + ".")
