"""From a file, however it came, to a draft; or a sentence that stays until another file comes."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import streamlit as st

from ..data.cleaned import cleaned
from ..data.errors import InputError
from ..data.inferring import infer
from ..data.reading import Table, read_table, safe_name
from .state import Draft, state
from .words import _, error_text, plain


def take(source: Path | BinaryIO, name: str) -> None:
    """Read a file and make it the session's draft; why it cannot be read is kept for ``show_refusal``."""
    forget_refusal()
    with st.status(_("Reading {name}", name=plain(safe_name(name))), expanded=False) as progress:
        try:
            table = read_table(source, name)
            progress.update(label=_("Looking through {count} columns", count=table.frame.width))
            state().draft = draft_of(table)
        except InputError as error:
            state().refusal = error


def draft_of(table: Table) -> Draft:
    """A draft of a table as it was read, with everything about its columns guessed."""
    inference = infer(table.frame)
    return Draft({"train": table}, inference, inference.schema, cleaned=cleaned(table))


def show_refusal() -> None:
    """Why the last file could not be read."""
    if (refusal := state().refusal) is not None:
        st.error(plain(error_text(refusal)), icon=":material/error:")


def forget_refusal() -> None:
    """Another file comes."""
    state().refusal = None
