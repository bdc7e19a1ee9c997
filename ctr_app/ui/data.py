"""What the Data page draws: what was read, what is wrong with it, what its columns are."""

from __future__ import annotations

import streamlit as st

from ..data.catalogue import SAMPLES
from ..data.inferring import infer
from ..data.reading import read_table, safe_name
from ..data.store import DataSet
from . import draft_editor, parts, services
from .navigation import link_to
from .state import Draft, set_widget, state, widget_value
from .words import _, plain

PREVIEW_ROWS = 100


def draw() -> None:
    """The whole page."""
    st.title(_("Data"))
    _bring()
    draft = state().draft
    if draft is not None:
        draft_editor.draw(draft)
        return
    found = services.datasets().list()
    if not found:
        st.info(_("Nothing here yet: upload a table above, or take a sample."), icon=":material/info:")
        return
    _stored(found)


def _bring() -> None:
    """Upload a table, or take a sample."""
    upload, samples = st.columns([3, 2])
    with upload:
        file = st.file_uploader(
            _("A table of clicks: CSV, TSV or Parquet, plain, gzip or zip"),
            key="data-upload",
            help=_("One row for each time something was shown; one column says whether it was clicked."),
        )
        if file is not None and file.file_id not in state().uploaded:
            with parts.sentences(), st.spinner(_("Reading {name}", name=plain(safe_name(file.name)))):
                state().uploaded = (file.file_id,)
                state().draft = None
                content = file.getvalue()
                table = read_table(content, file.name)
                inference = infer(table.frame)
                state().draft = Draft({"train": table}, content, inference, inference.schema)
    with samples:
        st.markdown(_("Or a sample, made here, whose interactions are known:"))
        for name, sample in SAMPLES.items():
            if st.button(
                _(sample.title), key=f"data-sample-{name}", help=_(sample.description), icon=":material/science:"
            ):
                with st.spinner(_("Making the sample")):
                    state().dataset_id = services.datasets().add_sample(name).id
                    state().draft = None


def _remember_chosen() -> None:
    parts.remember_dataset(widget_value("data-stored"))


def _stored(found: list[DataSet]) -> None:
    """One stored data set: what it is, its columns and its first rows."""
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
    dataset = by_id[chosen]
    parts.remember_dataset(dataset.id)
    st.markdown(f"**{plain(dataset.name)}** · {plain(_(dataset.description))}")
    if dataset.preparation is not None:
        link_to("train", _("Train a model on it"))
        with st.expander(_("Columns"), icon=":material/view_column:"):
            st.dataframe(
                draft_editor.schema_table(dataset.preparation.schema), hide_index=True, alt=_("Columns and roles")
            )
    st.subheader(_("First rows"))
    st.dataframe(dataset.part(0, PREVIEW_ROWS).to_pandas(), hide_index=True, alt=_("The first rows of the table"))
