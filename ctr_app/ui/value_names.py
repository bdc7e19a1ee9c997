"""Names for the values of a stored data set, from a table of them: no run has to be trained anew."""

from __future__ import annotations

from typing import Any

import polars as pl
import streamlit as st

from ..data.columns import as_number
from ..data.dataset import DataSet, Told, write_kinds, write_names
from ..data.reading import read_table
from ..data.schema import Role
from ..data.side_tables import told_in
from ..training.run_store import Run
from . import parts, readouts, services
from .attention_items import item_field, names_of
from .row_words import items_of
from .state import drop_upload, state
from .words import _, plain


def draw(dataset: DataSet) -> None:
    """Which field is meant, the file, and how many of its values have names by now."""
    assert dataset.preparation is not None
    schema = dataset.preparation.schema
    offered = {column.candidate for column in schema.columns}
    fields = sorted((c.name for c in schema.with_role(Role.CATEGORICAL)), key=lambda name: name not in offered)
    if not fields:
        st.caption(_("Only categorical fields have values to name, and there is none."))
        return
    st.caption(
        _(
            "A table of a field's values with their names, and with their kinds if it has any, as films have titles "
            "and genres. Runs show them at once."
        )
    )
    field = st.selectbox(_("Field"), fields, key=f"names-field-{dataset.id}") or fields[0]
    file = st.file_uploader(_("Table"), key=f"names-{dataset.id}-{fields.index(field)}")
    with parts.sentences():
        _take(dataset, field, file)
    if names := dataset.names().get(field):
        st.caption(_("{count} names for {field}.", count=parts.count(len(names)), field=plain(field)))


def offer(run: Run, table_row: int, histories: tuple[str, ...]) -> None:
    """Say which items of a row's histories are shown by their ids, and take a table of their names."""
    lacking, all_items = _lacking(run.id, table_row, histories, readouts.told_of(run.id))
    if not lacking:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            _(
                "{lacking} of {all} items have no name here; a table that names them can be added.",
                lacking=lacking,
                all=all_items,
            ),
            width="content",
        )
        with st.popover(_("Names of values"), icon=":material/label:"):
            draw(readouts.dataset_of(run))


@st.cache_resource(max_entries=256, show_spinner=False)
def _lacking(run_id: str, table_row: int, histories: tuple[str, ...], told: Told) -> tuple[int, int]:  # noqa: ARG001
    """How many items of some histories of a row have no name, and how many there are."""
    run, encoder = services.runs().get(run_id), readouts.model_of(run_id)[1]
    lacking = all_items = 0
    for history in (name for name in histories if encoder.schema.column(name).candidate == item_field(encoder)):
        row = readouts.row_of(run_id, table_row)
        items = pl.Series(items_of(row, encoder.schema.column(history)), dtype=pl.String)
        names = names_of(run, encoder, history)
        is_id = ~items.is_in(list(names)) if names else as_number(items).is_not_null()
        lacking, all_items = lacking + int(is_id.sum()), all_items + len(items)
    return lacking, all_items


def _take(dataset: DataSet, field: str, file: Any) -> None:
    """Store what a file that has just come tells, and draw all that may hold names anew."""
    if file is None or file.file_id in state().uploaded:
        return
    state().uploaded += (file.file_id,)
    with st.spinner(_("Looking for the values of {field}", field=plain(field))):
        told = told_in(read_table(file, file.name), field, dataset.frame[field])
    write_names(dataset, {field: told.names})
    write_kinds(dataset, {field: told.kinds})
    drop_upload(file)
    st.cache_data.clear()
    readouts.coded.clear()
    st.rerun()
