"""The uploaded table before it is stored: what was read, problems with remedies, label, split, and accepting it."""

from __future__ import annotations

from dataclasses import replace

import pandas as pd
import streamlit as st

from ..data.columns import as_text
from ..data.correcting import corrected
from ..data.inferring import LABEL_NAMES, infer
from ..data.ingest import check
from ..data.schema import Corrections, Role, Schema
from ..data.splitting import SplitRule
from ..data.store import Preparation, write_names
from . import draft_columns, draft_events, draft_files, parts, services
from .navigation import go_to
from .state import Draft, change, state
from .words import _, plain


def draw(draft: Draft) -> None:
    """The editor; stores the table and goes on to Train when it is accepted."""
    table = draft.tables["train"]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain(table.name)}** · {plain(table.describe())}", width="content")
        if table.separator is not None:
            draft_files.reading(draft)
    draft_files.notes(draft)
    if draft_events.asks(draft):
        draft_events.draw(draft)
        return
    if not _label(draft) or draft.schema is None:
        return
    _problems(draft, draft.schema)
    with st.container(horizontal=True, vertical_alignment="center"):
        accepted = st.button(_("Use this table"), key="data-accept", type="primary", icon=":material/check:")
        st.button(_("Discard"), key="data-discard", icon=":material/close:", on_click=_discard)
    message = st.empty()
    draft_columns.columns(draft, draft.schema)
    draft_columns.histories(draft, draft.schema)
    _split(draft, draft.schema)
    draft_files.more_files(draft)
    with st.expander(_("First rows"), icon=":material/table_rows:"):
        st.dataframe(table.frame.head(100).to_pandas(), hide_index=True, alt=_("The first rows of the table"))
    if accepted:
        with message.container():
            _accept(draft)


def schema_table(schema: Schema) -> pd.DataFrame:
    """Columns and roles as a table for reading."""
    return pd.DataFrame(
        {
            _("Column"): [column.name for column in schema.columns],
            _("Read as"): [
                _("label") if c.role is Role.LABEL else _(draft_columns.ROLE_NAMES[c.role]) for c in schema.columns
            ],
            _("Compared with"): [column.candidate or "" for column in schema.columns],
        }
    )


def _discard() -> None:
    state().draft = None


def _label(draft: Draft) -> bool:
    """Which column is the label and which of its values counts as a click; False until both are settled."""
    frame = draft.tables["train"].frame
    names = frame.columns
    current = draft.schema.label if draft.schema else next((n for n in names if n.lower() in LABEL_NAMES), None)
    left, right = st.columns(2)
    label = left.selectbox(
        _("Which column says whether it was clicked?"),
        names,
        index=names.index(current) if current else None,
        key=f"data-label-{draft.version}",
        format_func=str,
        placeholder=_("Choose the label"),
    )
    if label is None:
        if draft.inference.label_candidates:
            st.info(_("The label could not be guessed. Choose the column that the model should predict."))
        else:
            st.error(_("No column has two values, so none can be the label as it is. Choose a column, then its value."))
        return False
    values = sorted(as_text(frame[label]).drop_nulls().unique())
    if len(values) < 2:
        st.error(
            _(
                "{label} has one value only, so there is nothing to tell apart. Choose another column.",
                label=plain(label),
            )
        )
        return False
    known = draft.schema.positive if draft.schema and draft.schema.label == label else None
    if known is None and len(values) == 2:
        known = infer(frame, label).schema.positive  # type: ignore[union-attr]
    if len(values) > 50:
        st.error(
            _(
                "{label} has {count} values where two are needed. Choose another column as the label.",
                label=plain(label),
                count=len(values),
            )
        )
        return False
    positive = right.selectbox(
        _("Which value counts as a click?"),
        values,
        index=values.index(known) if known in values else None,
        key=f"data-positive-{draft.version}-{label}",
        format_func=str,
        placeholder=_("Choose a value"),
    )
    if positive is None:
        st.error(
            _(
                "{label} has {count} values where two are needed. Choose the one that counts as a click; "
                "the others will be “no click”.",
                label=plain(label),
                count=len(values),
            )
        )
        return False
    if draft.schema is None or (draft.schema.label, draft.schema.positive) != (label, positive):
        with parts.sentences():
            so_far = replace(draft.inference, schema=draft.schema)
            schema = corrected(frame, so_far, Corrections(label=label, positive=positive))
            draft.inference = infer(frame, label, positive)
            change(draft, schema)
    rate = (as_text(frame[label]) == positive).mean()
    st.caption(_("{share:.1%} of the rows are clicks.", share=float(rate or 0)))
    return True


def _problems(draft: Draft, schema: Schema) -> None:
    """What may be wrong with a column, each with its remedy."""
    read = {column.name for column in schema.fields}
    for profile in draft.inference.profiles:
        if profile.warning and profile.name in read:
            with st.container(border=True, horizontal=True, vertical_alignment="center"):
                st.markdown(
                    f":material/warning: **{plain(profile.name)}**: {plain(_(profile.warning))}", width="stretch"
                )
                if st.button(_("Leave it out"), key=f"data-ignore-{profile.name}"):
                    change(draft, schema.without_role(profile.name))


def _split(draft: Draft, schema: Schema) -> None:
    """How rows are cut into train, validation and test, and which columns say whose and when."""
    st.subheader(_("Split"))
    cells = st.columns(4, vertical_alignment="bottom")
    others = [None, *(column.name for column in schema.columns if column.role is not Role.LABEL)]
    methods = ["random", "time"] if schema.time else ["random"]
    words = {"random": _("at random, clicks alike"), "time": _("by time, latest for testing")}
    none = _("none")
    method = cells[0].selectbox(
        _("Rows are split"),
        methods,
        index=methods.index(draft.split.method) if draft.split.method in methods else 0,
        key=f"data-split-{draft.version}",
        format_func=lambda m: words[m],
        disabled=len(draft.tables) > 1,
    )
    time = cells[1].selectbox(
        _("Time"),
        others,
        index=others.index(schema.time),
        key=f"data-time-{draft.version}",
        format_func=lambda name: none if name is None else name,
    )
    group = cells[2].selectbox(
        _("User or session"),
        others,
        index=others.index(schema.group),
        key=f"data-group-{draft.version}",
        format_func=lambda name: none if name is None else name,
        help=_("For GAUC: AUC within each user."),
    )
    draft.min_count = int(
        cells[3].number_input(
            _("Fewest occurrences"),
            1,
            1000,
            draft.min_count,
            key=f"data-min-count-{draft.version}",
            help=_("Rarer values share one vector, “unknown”."),
        )
    )
    seed = 0
    if draft.split.method == "random":
        seed = st.number_input(
            _("Seed of the split"),
            0,
            2**31 - 1,
            draft.split.seed,
            key=f"data-split-seed-{draft.version}",
            width=220,
            help=_("The same seed draws the same rows for training, validation and test."),
        )
    draft.split = SplitRule(method or "random", seed=int(seed))
    if (time, group) != (schema.time, schema.group):
        change(draft, replace(schema, time=time, group=group))


def _accept(draft: Draft) -> None:
    with parts.sentences():
        assert draft.schema is not None
        split = SplitRule("files") if len(draft.tables) > 1 else draft.split
        preparation = Preparation(draft.schema, split, draft.min_count)
        with st.spinner(_("Encoding the table")):
            check(draft.tables, preparation)
            dataset = services.datasets().add_table(draft.tables, preparation)
            write_names(dataset, draft.names)
            dataset.encoded()
        state().dataset_id, state().draft, state().run_id = dataset.id, None, None
        go_to("train")
