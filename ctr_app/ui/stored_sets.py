"""The data sets that are stored: what each is, and opening, renaming and deleting it."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from ..data.store import MAX_NAME_LENGTH, DataSet
from ..training.memory import readable
from . import draft_editor, parts, readouts, services, truth_view, value_names
from .navigation import link_to
from .state import set_widget, state, widget_value
from .words import _, plain

PREVIEW_ROWS = 100
CHOSEN, TABLE = "data-stored", "data-stored-table"


def draw() -> None:
    """One stored data set, chosen among all; where there is none, a sentence that says what to do."""
    found = services.datasets().list()
    if not found:
        _undo()
        st.info(_("Nothing here yet: upload a table above, or take a sample."), icon=":material/info:")
        return
    dataset = _chosen(found)
    _heading(dataset)
    _actions(dataset)
    _undo()
    truth_view.draw(dataset)
    if dataset.preparation is not None:
        with st.expander(_("Columns"), icon=":material/view_column:"):
            st.dataframe(
                draft_editor.schema_table(dataset.preparation.schema), hide_index=True, alt=_("Columns and roles")
            )
    st.subheader(_("First rows"))
    st.dataframe(dataset.part(0, PREVIEW_ROWS).to_pandas(), hide_index=True, alt=_("The first rows of the table"))
    if len(found) > 1:
        _all(found)


def _chosen(found: list[DataSet]) -> DataSet:
    """The data set that the user looks at, which becomes the session's own."""
    by_id = {dataset.id: dataset for dataset in found}
    own = state().dataset_id
    set_widget(CHOSEN, own if own in by_id else found[0].id)
    chosen = st.selectbox(
        _("Stored data sets"),
        list(by_id),
        key=CHOSEN,
        format_func=lambda i: by_id[i].name + " · " + _("{rows} rows", rows=parts.count(by_id[i].rows)),
        on_change=lambda: parts.remember_dataset(widget_value(CHOSEN)),
    )
    parts.remember_dataset(chosen)
    return by_id[chosen]


def _heading(dataset: DataSet) -> None:
    """What it is, in two lines."""
    st.markdown(f"**{plain(dataset.name)}** · {plain(_(dataset.description))}")
    facts = [
        _("{size} on disk", size=readable(dataset.size())),
        _("stored on {when}", when=_moment(dataset)),
    ]
    if dataset.truth is not None:
        facts.append(_("its interactions are planted, so they are known"))
    st.caption(" · ".join(facts))


def _actions(dataset: DataSet) -> None:
    """What can be done with it: training on it, another name, deleting it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if dataset.preparation is not None:
            link_to("train", _("Train a model on it"))
            with st.popover(_("Names of values"), icon=":material/label:"):
                value_names.draw(dataset)
        with st.popover(_("Rename"), icon=":material/edit:"):
            _rename(dataset)
        is_pressed = st.button(
            _("Delete"),
            key="data-delete",
            icon=":material/delete:",
            help=_("It can be brought back until another one is deleted or the server starts anew."),
        )
    if is_pressed:
        with parts.sentences():
            services.delete_dataset(dataset.id)
            readouts.encoded_of.clear()
            state().deleted = (dataset.id, dataset.name)
            st.rerun()


def _rename(dataset: DataSet) -> None:
    name = st.text_input(_("New name"), dataset.name, key=f"data-name-{dataset.id}", max_chars=MAX_NAME_LENGTH)
    if st.button(_("Rename"), key="data-rename", type="primary"):
        with parts.sentences():
            services.datasets().rename(dataset.id, name)
            st.rerun()


def _all(found: list[DataSet]) -> None:
    """All data sets as a table, of which a row can be opened."""
    sizes = [dataset.size() for dataset in found]
    title = _("All {count} stored data sets, {size} on disk", count=len(found), size=readable(sum(sizes)))
    with st.expander(title, icon=":material/database:"):
        frame = pd.DataFrame(
            {
                "name": [dataset.name for dataset in found],
                "rows": [dataset.rows for dataset in found],
                "size": [readable(size) for size in sizes],
                "when": [datetime.fromtimestamp(dataset.created) for dataset in found],
                "truth": [dataset.truth is not None for dataset in found],
            }
        )
        config: dict[str, Any] = {
            "name": _("Name"),
            "rows": st.column_config.NumberColumn(_("Rows"), format="localized"),
            "size": _("On disk"),
            "when": st.column_config.DatetimeColumn(_("Stored"), format="D MMM YYYY, HH:mm"),
            "truth": st.column_config.CheckboxColumn(_("Planted"), help=_("Its true interactions are known.")),
        }
        st.caption(_("Pick a row to open it above."))
        st.dataframe(
            frame,
            hide_index=True,
            column_config=config,
            key=TABLE,
            on_select=partial(_open_picked, [dataset.id for dataset in found]),
            selection_mode="single-row",
            alt=_("Stored data sets, newest first"),
        )


def _open_picked(ids: list[str]) -> None:
    rows = widget_value(TABLE).selection.rows
    if rows and rows[0] < len(ids):
        parts.remember_dataset(ids[rows[0]])


def _undo() -> None:
    """Say what this session has deleted, as long as it can be brought back."""
    dataset_id, name = state().deleted or (None, "")
    if dataset_id not in services.datasets().deleted():
        state().deleted = None
        return
    with st.container(border=True, horizontal=True, vertical_alignment="center"):
        st.markdown(":material/delete: " + _deleted(dataset_id, name), width="stretch")
        if st.button(_("Undo"), key="data-undo-delete", icon=":material/undo:"):
            with parts.sentences():
                state().deleted = None
                parts.remember_dataset(services.datasets().restore(dataset_id).id)
                st.rerun()


def _deleted(dataset_id: str, name: str) -> str:
    sentence = _("{name} is deleted.", name=f"**{plain(name)}**")
    count = sum(run.spec().dataset_id == dataset_id for run in services.runs().list())
    if count == 0:
        return sentence
    kept = _("Runs on it: {count}. They keep their curves; pictures that need its rows are lost.", count=count)
    return f"{sentence} {kept}"


def _moment(dataset: DataSet) -> str:
    return datetime.fromtimestamp(dataset.created).strftime("%Y-%m-%d %H:%M")
