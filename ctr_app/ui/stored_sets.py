"""The data sets that are stored: what each is, its columns and its first rows."""

from __future__ import annotations

import streamlit as st

from ..data.store import DataSet
from . import draft_editor, parts, services, truth_view
from .navigation import link_to
from .state import set_widget, state, widget_value
from .words import _, plain

PREVIEW_ROWS = 100


def draw() -> None:
    """One stored data set, chosen among all; where there is none, a sentence that says what to do."""
    found = services.datasets().list()
    if not found:
        st.info(_("Nothing here yet: upload a table above, or take a sample."), icon=":material/info:")
        return
    dataset = _chosen(found)
    st.markdown(f"**{plain(dataset.name)}** · {plain(_(dataset.description))}")
    truth_view.draw(dataset)
    if dataset.preparation is not None:
        link_to("train", _("Train a model on it"))
        with st.expander(_("Columns"), icon=":material/view_column:"):
            st.dataframe(
                draft_editor.schema_table(dataset.preparation.schema), hide_index=True, alt=_("Columns and roles")
            )
    st.subheader(_("First rows"))
    st.dataframe(dataset.part(0, PREVIEW_ROWS).to_pandas(), hide_index=True, alt=_("The first rows of the table"))


def _chosen(found: list[DataSet]) -> DataSet:
    """The data set that the user looks at, which becomes the session's own."""
    by_id = {dataset.id: dataset for dataset in found}
    own = state().dataset_id
    set_widget("data-stored", own if own in by_id else found[0].id)
    chosen = st.selectbox(
        _("Stored data sets"),
        list(by_id),
        key="data-stored",
        format_func=lambda i: by_id[i].name + " · " + _("{rows} rows", rows=parts.count(by_id[i].rows)),
        on_change=_remember_chosen,
    )
    parts.remember_dataset(chosen)
    return by_id[chosen]


def _remember_chosen() -> None:
    parts.remember_dataset(widget_value("data-stored"))
