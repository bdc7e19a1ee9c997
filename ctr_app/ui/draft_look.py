"""A closer look at one column of a draft: how the label goes with its values."""

from __future__ import annotations

import numpy as np
import polars as pl
import streamlit as st

from ..data.rates import label_rates
from ..data.schema import Column, Role, Schema
from . import column_charts, parts
from .state import Draft
from .words import _, plain


def draw(draft: Draft, schema: Schema) -> None:
    """Choose a column; a chart of its values with their rows and click rates."""
    names = [column.name for column in schema.columns if column.role is not Role.LABEL]
    chosen = st.selectbox(
        _("Click rate by the values of"),
        names,
        index=None,
        key="data-look",
        placeholder=_("Choose a column"),
        width=420,
    )
    if chosen is None:
        return
    column = schema.column(chosen)
    with parts.sentences():
        found = rates_of(draft, schema, column)
        column_charts.rates_chart(found.to_pandas(), chosen, overall_rate(found)).draw(
            alt=_("Rows and click rate by the values of {column}", column=plain(chosen)), width="content"
        )


def rates_of(draft: Draft, schema: Schema, column: Column) -> pl.DataFrame:
    """Label rates by value, counted once for a column as it is read."""
    key = (column, schema.label, schema.positive)
    if key not in draft.rates:
        with st.spinner(_("Counting"), show_time=True):
            frame = draft.tables["train"].frame
            draft.rates[key] = label_rates(frame, schema, column, draft.inference.facts(column.name))
    return draft.rates[key]


def overall_rate(found: pl.DataFrame) -> float:
    """The rate over all rows."""
    return float(np.average(found["rate"].to_numpy(), weights=found["rows"].to_numpy()))
