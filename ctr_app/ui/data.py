"""What the Data page draws: the sources of tables, then the draft that is edited or the data sets that are stored."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from . import draft_editor, source_files, source_generate, source_known, source_upload, stored_sets
from .state import state
from .words import _

# Where a table comes from: name -> label, icon, what draws it.
SOURCES: dict[str, tuple[str, str, Callable[[], None]]] = {
    "upload": ("Upload", ":material/upload_file:", source_upload.draw),
    "files": ("A file here", ":material/folder_open:", source_files.draw),
    "known": ("Known data sets", ":material/local_library:", source_known.draw),
    "generate": ("Generate", ":material/science:", source_generate.draw),
}


def draw() -> None:
    """The whole page."""
    st.title(_("Data"))
    draft = state().draft
    if draft is not None:
        draft_editor.draw(draft)
        return
    _sources()
    st.divider()
    stored_sets.draw()


def _sources() -> None:
    """The choice among the sources, and the one that is chosen."""
    chosen = st.segmented_control(
        _("Where the table comes from"),
        list(SOURCES),
        default="upload",
        required=True,
        key="data-source",
        format_func=lambda name: f"{SOURCES[name][1]} {_(SOURCES[name][0])}",
        label_visibility="collapsed",
    )
    draw_source = SOURCES[chosen or "upload"][2]
    draw_source()
