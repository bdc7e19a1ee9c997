"""The table before it is stored: what was read, problems with remedies, columns, histories, split, accepting it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from ..data.dataset import write_kinds
from ..data.ingest import check
from ..data.schema import Schema
from ..data.splitting import SplitRule
from ..data.store import Preparation, write_names
from . import (
    draft_columns,
    draft_events,
    draft_files,
    draft_histories,
    draft_label,
    draft_look,
    draft_problems,
    draft_split,
    parts,
    services,
)
from .navigation import go_to
from .state import Draft, state
from .words import _, error_text, plain, sentence_text

PREVIEW_ROWS = 100


def draw(draft: Draft) -> None:
    """The editor; stores the table and goes on to Train when it is accepted."""
    _what_was_read(draft)
    if draft_events.asks(draft):
        draft_events.draw(draft)
        return
    if not draft_label.draw(draft) or draft.schema is None:
        _first_rows(draft, is_open=True)
        return
    draft_problems.draw(draft, draft.schema)
    with st.container(horizontal=True, vertical_alignment="center"):
        accepted = st.button(_("Use this table"), key="data-accept", type="primary", icon=":material/check:")
        st.button(_("Discard"), key="data-discard", icon=":material/close:", on_click=_discard)
    message = st.empty()
    draft_columns.draw(draft, draft.schema)
    if draft.refusal is not None:  # below the table, which keeps its place
        st.error(plain(error_text(draft.refusal)), icon=":material/error:")
    draft_look.draw(draft, draft.schema)
    draft_histories.draw(draft, draft.schema)
    draft_split.draw(draft, draft.schema)
    draft_files.more_files(draft)
    _first_rows(draft)
    if accepted:
        with message.container():
            _accept(draft)


def schema_table(schema: Schema) -> pd.DataFrame:
    """Columns and roles as a table for reading."""
    words = draft_columns.ROLE_NAMES
    return pd.DataFrame(
        {
            _("Column"): [column.name for column in schema.columns],
            _("Read as"): [_(words[column.role]) for column in schema.columns],
            _("Compared with"): [column.candidate or "" for column in schema.columns],
        }
    )


def _what_was_read(draft: Draft) -> None:
    table = draft.tables["train"]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{plain(table.name)}** · {plain(draft_files.described(table))}", width="content")
        if table.separator is not None:
            draft_files.reading(draft)
    draft_files.notes(draft)
    if draft.cleaned:
        said = " ".join(sentence_text(sentence) for sentence in draft.cleaned)
        st.caption(f":material/check: {plain(said)}")


def _first_rows(draft: Draft, is_open: bool = False) -> None:
    with st.expander(_("First rows"), icon=":material/table_rows:", expanded=is_open):
        rows = draft.tables["train"].frame.head(PREVIEW_ROWS)
        st.dataframe(rows.to_pandas(), hide_index=True, alt=_("The first rows of the table"))


def _discard() -> None:
    state().draft = None


def _accept(draft: Draft) -> None:
    with parts.sentences():
        assert draft.schema is not None
        split = SplitRule("files") if len(draft.tables) > 1 else draft.split
        preparation = Preparation(draft.schema, split, draft.min_count)
        with st.spinner(_("Encoding the table"), show_time=True):
            check(draft.tables, preparation)
            dataset = services.datasets().add_table(draft.tables, preparation)
            write_names(dataset, draft.names)
            write_kinds(dataset, draft.kinds)
            dataset.encoded()
        state().dataset_id, state().draft, state().run_id = dataset.id, None, None
        go_to("train")
