"""How the rows of a draft are cut into training, validation and test."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from ..data.schema import Role, Schema
from .state import Draft, change
from .words import _

METHODS = {
    "random": "at random, clicks alike",
    "time": "by time, latest for testing",
    "group": "at random, each user on one side",
    "equal": "at random, equal rows on one side",
}


def draw(draft: Draft, schema: Schema) -> None:
    """The rule of the split, the columns that it goes by, and from how many occurrences on a value counts."""
    st.subheader(_("Split"))
    method_cell, time_cell, group_cell, count_cell = st.columns(4, vertical_alignment="bottom")
    with time_cell:
        time = _column(draft, schema, "time", _("Time"), _("For splitting by time."))
    with group_cell:
        group = _column(draft, schema, "group", _("User or session"), _("For GAUC: AUC within each user."))
    with method_cell:
        method = _method(draft, schema)
    with count_cell:
        draft.min_count = _min_count(draft)
    seed = draft.split.seed if method == "time" else _seed(draft)
    draft.split = replace(draft.split, method=method, seed=seed)
    if (time, group) != (schema.time, schema.group):
        change(draft, replace(schema, time=time, group=group))


def _method(draft: Draft, schema: Schema) -> str:
    lacking = {use for use in ("time", "group") if getattr(schema, use) is None}
    possible = [method for method in METHODS if method not in lacking]
    current = draft.split.method if draft.split.method in possible else "random"
    return st.selectbox(
        _("Rows are split"),
        possible,
        index=possible.index(current),
        key=f"data-split-{draft.version}",
        format_func=lambda method: _(METHODS[method]),
        disabled=len(draft.tables) > 1,
    )


def _column(draft: Draft, schema: Schema, use: str, label: str, help: str) -> str | None:
    others = [None, *(column.name for column in schema.columns if column.role is not Role.LABEL)]
    none = _("none")
    return st.selectbox(
        label,
        others,
        index=others.index(getattr(schema, use)),
        key=f"data-{use}-{draft.version}",
        format_func=lambda name: none if name is None else name,
        help=help,
    )


def _min_count(draft: Draft) -> int:
    return int(
        st.number_input(
            _("Fewest occurrences"),
            1,
            1000,
            draft.min_count,
            key=f"data-min-count-{draft.version}",
            help=_("Rarer values share one vector, “unknown”."),
        )
    )


def _seed(draft: Draft) -> int:
    return int(
        st.number_input(
            _("Seed of the split"),
            0,
            2**31 - 1,
            draft.split.seed,
            key=f"data-split-seed-{draft.version}",
            width=220,
            help=_("The same seed draws the same rows for training, validation and test."),
        )
    )
