"""A table that the user brings through the browser."""

from __future__ import annotations

from typing import Any

import streamlit as st

from ..data.errors import InputError
from ..data.inferring import infer
from ..data.reading import read_table, safe_name
from .state import Draft, drop_upload, state
from .words import _, error_text, plain

UPLOAD_KEY = "data-upload"


def draw() -> None:
    """The upload; what it holds becomes the draft, and why it cannot stays on the page until another file comes."""
    file = st.file_uploader(
        _("A table of clicks: CSV, TSV or Parquet, plain, gzip or zip"),
        key=UPLOAD_KEY,
        help=_("One row for each time something was shown; one column says whether it was clicked."),
        on_change=_forget_refusal,
    )
    if file is not None and file.file_id not in state().uploaded:
        state().uploaded = (file.file_id,)
        _read(file)
    if (refusal := state().refusal) is not None:
        st.error(plain(error_text(refusal)), icon=":material/error:")


def _read(file: Any) -> None:
    """Make the draft of a file, or keep the sentence that says why there is none; the upload's bytes are let go."""
    try:
        with st.spinner(_("Reading {name}", name=plain(safe_name(file.name))), show_time=True):
            table = read_table(file, file.name)
            inference = infer(table.frame)
            state().draft = Draft({"train": table}, inference, inference.schema)
    except InputError as error:
        state().refusal = error
    drop_upload(file)
    if state().draft is not None:
        st.rerun()


def _forget_refusal() -> None:
    state().refusal = None
