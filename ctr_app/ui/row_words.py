"""A row of the table in words: what stands in each field, and what the model does not know of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import polars as pl
import streamlit as st

from ..data.batch import Batch
from ..data.columns import as_lists, as_number, field_text
from ..data.encoding import Encoder
from ..data.errors import join_names, shorten
from ..data.schema import Column, Role
from ..data.vocabulary import UNKNOWN
from .words import _, plain

Names = Mapping[str, Mapping[str, str]]
MOST_NAMED = 12
# In characters.
LONGEST_VALUE, LONGEST_HISTORY, LONGEST_ITEM = 28, 38, 22


def cells_in_words(encoder: Encoder, table_row: pl.DataFrame, names: Names) -> dict[str, str]:
    """Each field with its value in the row: ``site = news``."""
    found = {}
    for column in encoder.schema.fields:
        named = names.get(column.name, {}) or names.get(column.candidate or "", {})
        text = _cell_in_words(table_row, column, named)
        longest = LONGEST_HISTORY if column.role is Role.SEQUENCE else LONGEST_VALUE
        found[column.name] = f"{shorten(column.name, 22)} = {shorten(text, longest)}"
    return found


def _cell_in_words(table_row: pl.DataFrame, column: Column, named: Mapping[str, str]) -> str:
    if column.name not in table_row.columns or is_missing(table_row, column):
        return _("missing")
    if column.role is Role.SEQUENCE:
        return _history_in_words([named.get(item, item) for item in items_of(table_row, column)])
    text = str(table_row[column.name][0])
    return named.get(text, text)


def value_in_words(value: Any, names: Mapping[str, str]) -> str:
    """A value of a field as it stands in a table; numbers with the digits that count."""
    if value is None:
        return _("(missing)")
    return f"{float(f'{value:.4g}'):g}" if isinstance(value, float) else names.get(str(value), str(value))


def _history_in_words(items: list[str]) -> str:
    if not items:
        return _("nothing yet")
    if len(items) == 1:
        return items[0]
    return _("{count} items, last {item}", count=len(items), item=shorten(items[-1], LONGEST_ITEM))


def items_of(table_row: pl.DataFrame, column: Column) -> list[str]:
    """The values of a history in the first row, oldest first."""
    return list(as_lists(table_row[column.name], column)[0].to_list())


def is_missing(table_row: pl.DataFrame, column: Column) -> bool:
    """Whether the first row says nothing in that column; a history is never missing, but it may be empty."""
    cell: pl.Series = table_row[column.name].head(1)
    if column.role is Role.SEQUENCE:
        return False
    found = as_number(cell) if column.role is Role.NUMERIC else field_text(cell, column)
    return found.null_count() == 1


def tell_gaps(encoder: Encoder, row: Batch, table_row: pl.DataFrame) -> None:
    """Sentences on what the row lacks, and on values that training never showed often enough."""
    fields = [column for column in encoder.schema.fields if column.name in table_row.columns]
    missing = [column.name for column in fields if is_missing(table_row, column)]
    empty = [c.name for c in fields if c.role is Role.SEQUENCE and not items_of(table_row, c)]
    ids = dict(zip(encoder.layout.categorical, row.categorical[0].tolist(), strict=True))
    unknown = [name for name, value_id in ids.items() if value_id == UNKNOWN]
    if missing:
        st.caption(
            _(
                "Missing in this row: {names}. A missing number is read as the median, another as a value of its own.",
                names=_listed(missing),
            )
        )
    if empty:
        st.caption(_("Nothing yet in {names}: the prediction rests on the other fields.", names=_listed(empty)))
    if unknown:
        st.caption(
            _(
                "Rare or never seen in training: {names}. The model reads all such values as one unknown value.",
                names=_listed(unknown),
            )
        )


def _listed(names: list[str]) -> str:
    return plain(join_names(names, MOST_NAMED))
