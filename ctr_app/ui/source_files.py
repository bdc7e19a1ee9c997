"""A table that already lies in the data folder, for files too large to push through a browser."""

from __future__ import annotations

from datetime import datetime

import streamlit as st

from ..data.files import default_data_root
from ..data.staging import FoundFile, files_in
from ..training.memory import readable
from . import drafting
from .words import _, plain


def draw() -> None:
    """The files of the data folder, newest first; the chosen one becomes the draft."""
    folder = default_data_root()
    found = {file.name: file for file in files_in(folder)}
    if not found:
        st.info(
            _(
                "No table lies in {folder} yet. Put a CSV, TSV, Parquet, libsvm, gzip, zip or zstd file there.",
                folder=plain(folder),
            ),
            icon=":material/info:",
        )
        st.button(_("Look again"), key="data-files-look", icon=":material/refresh:")
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.selectbox(
            _("A file in {folder}", folder=plain(folder)),
            list(found),
            key="data-files",
            format_func=lambda name: described(found[name]),
            on_change=drafting.forget_refusal,
        )
        pressed = st.button(_("Read it"), key="data-files-read", icon=":material/table_view:")
    if pressed and chosen:
        drafting.take(found[chosen].path, found[chosen].path.name)
        st.rerun()
    drafting.show_refusal()


def described(file: FoundFile) -> str:
    """A file in one line: name, size, when it was changed."""
    changed = datetime.fromtimestamp(file.modified).strftime("%Y-%m-%d %H:%M")
    return f"{file.name} · {readable(file.size)} · {changed}"
