"""How an uploaded file is read, and the files beside it: validation rows, test rows, names of items."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from ..data.decoding import ENCODINGS
from ..data.reading import ReadOptions, Table, read_table
from ..data.side_tables import told_in
from ..data.sniffing import SNIFFED_SEPARATORS
from . import drafting, parts
from .state import Draft, state
from .words import _, plain

# Signs that cannot be seen.
SEPARATOR_NAMES = {"\t": "tab", " ": "spaces", "\x01": "\\x01, as Hive writes"}


def described(table: Table) -> str:
    """One line on what was read, in the language of the server."""
    words = [
        _("{rows} rows", rows=parts.count(table.frame.height)),
        _("{columns} columns", columns=parts.count(table.frame.width)),
        _(table.format),
    ]
    if table.separator is not None:
        words.append(_("with a header") if table.has_header else _("without a header"))
    if table.encoding not in (None, "utf-8"):
        words.append(table.encoding)
    if table.compression is not None:
        words.append(table.compression)
    return ", ".join(words)


def reading(draft: Draft) -> None:
    """Overrule how the text file was understood: separator, quotes, encoding, and whether it has a header."""
    table = draft.tables["train"]
    with st.popover(_("Read it differently"), icon=":material/tune:"):
        options = _options(draft, table)
        if options != table.options:
            with parts.sentences(), st.spinner(_("Reading {name}", name=plain(table.name)), show_time=True):
                assert table.source is not None
                _read_again(draft, read_table(table.source, table.name, options))


def _read_again(draft: Draft, table: Table) -> None:
    """Begin anew with the columns of a table that was read in another way; files beside it stay."""
    again = drafting.draft_of(table)
    again.tables = draft.tables | again.tables
    again.version = draft.version + 1
    state().draft = again
    st.rerun()


def notes(draft: Draft) -> None:
    """The rows of each file that are not as the others, counted."""
    for table in draft.tables.values():
        for note in table.notes:
            st.warning(plain(f"{table.name}: {note}"), icon=":material/rule:")


def _options(draft: Draft, table: Table) -> ReadOptions:
    """What the user overrules: what was said before, and what differs from how the table was read."""
    chosen: dict[str, Any] = {
        "separator": st.selectbox(
            _("Cells are separated by"),
            list(dict.fromkeys([table.separator or ",", *SNIFFED_SEPARATORS])),
            key=f"data-cells-{draft.version}",
            format_func=lambda sign: _(SEPARATOR_NAMES.get(str(sign), str(sign))),
            accept_new_options=True,
            help=_("Choose one, or type any other sign or signs."),
        ),
        "encoding": st.selectbox(
            _("Letters are encoded in"),
            list(dict.fromkeys([table.encoding or "utf-8", *ENCODINGS])),
            key=f"data-encoding-{draft.version}",
            format_func=lambda name: _(ENCODINGS.get(str(name), str(name))),
            help=_("Where letters look wrong, try the one of the file's language."),
        ),
        "has_header": st.toggle(_("The first line holds names"), table.has_header, key=f"data-header-{draft.version}"),
        "quoting": st.toggle(
            _("Quotation marks hold a cell together"),
            table.quoting,
            key=f"data-quotes-{draft.version}",
            help=_("Off: a quotation mark is a letter like any other."),
        ),
    }
    return replace(table.options, **{what: said for what, said in chosen.items() if said != getattr(table, what)})


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
                on_change=_forget_names,
                args=(draft,),
            )
            with parts.sentences():
                _take_names(draft, candidates[0], file)


def _take_back(draft: Draft, split: str) -> None:
    """Forget the file that was there before: another replaces it, or it was taken back."""
    draft.tables.pop(split, None)


def _forget_names(draft: Draft) -> None:
    draft.names.clear()
    draft.kinds.clear()


def _take_file(draft: Draft, split: str, file: Any) -> None:
    if file is not None and file.file_id not in state().uploaded:
        state().uploaded += (file.file_id,)
        draft.tables[split] = read_table(file, file.name)
    if split in draft.tables:
        st.caption(plain(f"{draft.tables[split].name}: {described(draft.tables[split])}"))


def _take_names(draft: Draft, field: str, file: Any) -> None:
    """Take names of the field's values, and of which kind they are, from a table of them."""
    if file is not None and file.file_id not in state().uploaded:
        state().uploaded += (file.file_id,)
        told = told_in(read_table(file, file.name), field, draft.tables["train"].frame[field])
        draft.names[field], draft.kinds[field] = told.names, told.kinds
    if field in draft.names:
        st.caption(_("{count} names for {field}.", count=parts.count(len(draft.names[field])), field=plain(field)))
