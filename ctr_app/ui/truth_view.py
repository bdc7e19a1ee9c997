"""What a stored data set was planted with, hidden until it is revealed."""

from __future__ import annotations

from typing import Any

import streamlit as st

from ..data.errors import join_names
from ..data.store import DataSet
from . import arcs
from .state import set_widget, state
from .words import _, plain

REVEAL = "data-reveal"


def draw(dataset: DataSet) -> None:
    """The switch that reveals what is planted, and the picture; nothing for a table that was not planted."""
    if dataset.truth is None or dataset.preparation is None:
        return
    truth = dataset.truth
    with st.container(horizontal=True, vertical_alignment="center"):
        state().revealed = st.toggle(
            _("Reveal the planted pairs"),
            value=state().revealed,
            key=REVEAL,
            help=_("This sample was made with a known set of interacting pairs; they are drawn as arcs."),
        )
        st.markdown(_("Best reachable AUC **{auc:.4f}**", auc=truth["best_auc"]), width="content")
    if state().revealed:
        fields = [column.name for column in dataset.preparation.schema.fields]
        picture(fields, truth["pairs"], truth.get("correlated", []), "data-truth")
        st.caption(_terms_in_words(truth))


def hide() -> None:
    """Let the switch stand at hidden when it is drawn next."""
    state().revealed = False
    set_widget(REVEAL, False)


def picture(fields: list[str], pairs: list[list[str]], follows: list[list[str]], key: str) -> None:
    """The row of fields with its arcs."""
    shown = [pair for pair in pairs if set(pair) <= set(fields)]
    words = _("{count} pairs of fields interact", count=len(shown)) if shown else _("The fields of the table")
    arcs.arc_chart(fields, shown, follows).draw(alt=words, key=key, width="stretch")


def _terms_in_words(truth: dict[str, Any]) -> str:
    """The sets of fields that interact, with their strengths where those are known."""
    sets = [plain(" × ".join(names)) for names in truth.get("sets") or truth["pairs"]]
    strengths = truth.get("strengths") or []
    if strengths:
        told = [
            _("{fields} by {strength:g} logits", fields=f, strength=s) for f, s in zip(sets, strengths, strict=True)
        ]
        return _("Planted: {terms}.", terms=join_names(told, 30))
    return _("Planted: {terms}.", terms=join_names(sets, 30))
