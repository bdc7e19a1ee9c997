"""A table that the user brings through the browser."""

from __future__ import annotations

import streamlit as st

from . import drafting
from .state import drop_upload, state
from .words import _

UPLOAD_KEY = "data-upload"


def draw() -> None:
    """The upload; what it holds becomes the draft, and its bytes are let go."""
    file = st.file_uploader(
        _("A table of clicks: CSV, TSV or Parquet, libsvm, plain, gzip, zip or zstd"),
        key=UPLOAD_KEY,
        help=_("One row for each time something was shown; one column says whether it was clicked."),
        on_change=drafting.forget_refusal,
    )
    if file is not None and file.file_id not in state().uploaded:
        state().uploaded = (file.file_id,)
        drafting.take(file, file.name)
        drop_upload(file)
        st.rerun()
    drafting.show_refusal()
