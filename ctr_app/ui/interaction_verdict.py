"""How far to believe the map on the page: what the three maps say of each other, in a sentence and a number."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from ..explain.agreement import verdict
from ..training.run_store import Run
from . import beginnings, parts
from .maps import READOUT_NAMES, Compared, doubts_about
from .words import _, plain, sentence_text


def draw(run: Run, found: Compared) -> None:
    """The verdict; below the line of trust with what may be the matter; and the numbers behind it."""
    sentence = plain(sentence_text(verdict(found.agreement)))
    if count := len(found.disagreements):
        sentence += " " + (
            _("Maps differ on one pair.") if count == 1 else _("Maps differ on {count} pairs.", count=count)
        )
    if found.agreement.is_trusted:
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            icon = "info" if found.agreement.spearman is None else "check_circle"
            st.markdown(f":material/{icon}: {sentence}", width="content")
            _tables(run, found)
        _say_where_vectors_began(run)
        return
    with st.container(border=True):
        st.markdown(f":material/warning: **{sentence}**")
        reasons = [plain(sentence_text(reason)) for reason in doubts_about(run.id).sentences()]
        st.markdown("\n".join(f"- {reason}" for reason in reasons))
        with st.container(horizontal=True, gap="small"):
            _tables(run, found)
    _say_where_vectors_began(run)


def _say_where_vectors_began(run: Run) -> None:
    """That counts are no witness of their own, where the model's vectors began with them."""
    if beginnings.began_with_pairs(run.id):
        st.caption(
            _(
                "The vectors of this {model} began with what pairs of fields hold in the training rows, so that "
                "agreement with the counts proves less; the setting First vectors trains one that begins at random.",
                model=run.spec().title,
            )
        )


def _tables(run: Run, found: Compared) -> None:
    numbers = found.correlations.assign(
        first=_named(found.correlations["first"]), second=_named(found.correlations["second"])
    )
    parts.table_behind(
        numbers,
        f"{run.id}-agreement",
        _("How far they agree"),
        {
            "first": _("map"),
            "second": _("with"),
            "spearman": st.column_config.NumberColumn(
                _("Spearman"), format="%.2f", help=_("Pairs below a fifth of a map's strongest count as equally weak.")
            ),
            "of_all": st.column_config.NumberColumn(
                _("Spearman of all"),
                format="%.2f",
                help=_("With the order of the weakest pairs too, which is mostly noise."),
            ),
        },
    )
    if len(found.disagreements):
        parts.table_behind(
            found.disagreements,
            f"{run.id}-disagreements",
            _("Where they disagree"),
            {"field_a": _("field"), "field_b": _("with"), "seen": _("seen by"), "missed": _("missed by")},
        )


def _named(readout_names: pd.Series) -> pd.Series:
    return readout_names.map({name: _(title) for name, title in READOUT_NAMES.items()})
