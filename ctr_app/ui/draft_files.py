"""How an uploaded file is read, and the files beside it: validation rows, test rows, names of items."""

from __future__ import annotations

from typing import Any

import streamlit as st

from ..data.inferring import infer
from ..data.naming import names_in
from ..data.reading import ReadOptions, read_table
from ..data.sniffing import SNIFFED_SEPARATORS
from . import draft_columns, parts
from .state import Draft, change, state
from .words import _, plain


def reading(draft: Draft) -> None:
    """Overrule how the text file was understood: its separator and whether its first line holds names."""
    table = draft.tables["train"]
    with st.popover(_("Read it differently"), icon=":material/tune:"):
        separators = list(dict.fromkeys([table.separator or ",", *SNIFFED_SEPARATORS]))
        separator = st.selectbox(
            _("Cells are separated by"),
            separators,
            key=f"data-cells-{draft.version}",
            format_func=lambda s: _(draft_columns.SEPARATOR_NAMES[s]) if s in draft_columns.SEPARATOR_NAMES else s,
        )
        has_header = st.toggle(_("The first line holds names"), table.has_header, key=f"data-header-{draft.version}")
        if (separator, has_header) != (table.separator, table.has_header):
            with parts.sentences():
                draft.tables["train"] = read_table(draft.content, table.name, ReadOptions(separator, has_header))
                draft.inference = infer(draft.tables["train"].frame)
                change(draft, draft.inference.schema)


def more_files(draft: Draft) -> None:
    """Validation and test rows of their own, and readable names of values."""
    with st.expander(_("Validation and test files, names of items"), icon=":material/attach_file:"):
        cells = st.columns(3)
        for split, cell in zip(("valid", "test"), cells, strict=False):
            file = cell.file_uploader(
                _("Validation rows") if split == "valid" else _("Test rows"),
                key=f"data-upload-{split}",
                on_change=_take_back,
                args=(draft, split),
            )
            with parts.sentences():
                _take_file(draft, split, file)
        candidates = sorted({c.candidate for c in draft.schema.columns if c.candidate} if draft.schema else set())
        if candidates:
            file = cells[2].file_uploader(
                _("Names: a table with the values of {field} and their names", field=plain(candidates[0])),
                key="data-upload-names",
                on_change=draft.names.clear,
            )
            with parts.sentences():
                _take_names(draft, candidates[0], file)


def _take_back(draft: Draft, split: str) -> None:
    """Forget the file that was there before: another replaces it, or it was taken back."""
    draft.tables.pop(split, None)


def _take_file(draft: Draft, split: str, file: Any) -> None:
    if file is not None and file.file_id not in state().uploaded:
        state().uploaded += (file.file_id,)
        draft.tables[split] = read_table(file.getvalue(), file.name)
    if split in draft.tables:
        st.caption(plain(f"{draft.tables[split].name}: {draft.tables[split].describe()}"))


def _take_names(draft: Draft, field: str, file: Any) -> None:
    """Take names of the field's values from a table of them."""
    if file is not None and file.file_id not in state().uploaded:
        state().uploaded += (file.file_id,)
        draft.names[field] = names_in(read_table(file.getvalue(), file.name), field, draft.tables["train"].frame[field])
    if field in draft.names:
        st.caption(_("{count} names for {field}.", count=parts.count(len(draft.names[field])), field=plain(field)))
