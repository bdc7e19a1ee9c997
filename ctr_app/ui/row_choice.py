"""The choice of one row of a run's data: by a filter, by its user, by number or at random."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import streamlit as st

from ..training.run_store import Run
from . import readouts, scores
from .state import set_widget, widget_value
from .words import _, plain

FILTERS = {
    "any": "Any row",
    "wrong": "Badly predicted, worst first",
    "clicked": "Clicked",
    "unclicked": "Not clicked",
    "long": "Long history first",
}


@dataclass(frozen=True)
class ChosenRow:
    """A row of a split: its ``place`` there, and the row of the table that it is, both from 0."""

    split: str
    place: int
    table_row: int


def choose_row(run: Run, page: str, first: Callable[[str, str], int] | None = None) -> ChosenRow | None:
    """Widgets to choose one of the test rows (or validation rows); None if none passes the filter.

    ``first`` says which row to begin with where there is no filter, counted from 0, for a run's id and a split.
    """
    encoded = readouts.encoded_of(run.id)
    split = "test" if "test" in encoded.splits else "valid"
    known = [name for name in FILTERS if name != "long" or encoded.encoder.layout.sequences]
    chosen = st.selectbox(_("Rows"), known, key=f"{page}-filter", format_func=lambda name: _(FILTERS[name]), width=260)
    user = _user(run, page)
    places = _places(run.id, split, chosen or "any", user)
    if not len(places):
        st.info(_("No {split} row is like that.", split=_(split)))
        return None
    key = f"{page}-row-{run.id}-{chosen}-{user}"
    if widget_value(key) is None and first is not None and chosen == "any" and not user:
        set_widget(key, first(run.id, split) + 1)
    elif (widget_value(key) or 1) > len(places):
        set_widget(key, 1)
    number = st.number_input(
        _("Row, 1 to {last}", last=len(places)),
        min_value=1,
        max_value=len(places),
        key=key,
        persist_state="session",
        width=180,
    )
    st.button(
        _("Another at random"),
        key=f"{page}-random",
        icon=":material/shuffle:",
        on_click=_random_row,
        args=(key, len(places)),
    )
    place = int(places[int(number) - 1])
    return ChosenRow(split, place, int(np.asarray(encoded.rows(split).rows)[place]))


def _user(run: Run, page: str) -> str:
    """The user (group) whose rows are wanted; empty for all."""
    group = run.spec().preparation.schema.group
    if group is None:
        return ""
    return st.text_input(_("Of {group}", group=plain(group)), key=f"{page}-user-{run.id}", width=180).strip()


def _random_row(key: str, count: int) -> None:
    set_widget(key, int(np.random.default_rng().integers(count)) + 1)


@st.cache_data(max_entries=64, show_spinner=False)
def _places(run_id: str, split: str, chosen: str, user: str) -> np.ndarray:
    """int (k,): the rows of the split that pass the filter, in its order."""
    encoded = readouts.encoded_of(run_id)
    rows = encoded.rows(split)
    labels = np.asarray(rows.labels)
    places = np.arange(len(labels))
    if chosen == "wrong":
        scored = scores.of_split(run_id, split).scored
        places = np.argsort(-np.abs(scored.ctr - scored.labels), kind="stable")
    elif chosen == "long":
        lengths = sum((np.asarray(ids) > 0).sum(axis=1) for ids in rows.sequences.values())
        places = np.argsort(-np.asarray(lengths), kind="stable")
    elif chosen in ("clicked", "unclicked"):
        places = np.flatnonzero((labels >= 0.5) == (chosen == "clicked"))
    if user:
        places = places[_is_of(run_id, user, np.asarray(rows.rows)[places])]
    return places


def _is_of(run_id: str, user: str, table_rows: np.ndarray) -> np.ndarray:
    spec = readouts.services.runs().get(run_id).spec()
    groups = readouts.dataset_of(readouts.services.runs().get(run_id)).frame[spec.preparation.schema.group or ""]
    return (groups.gather(table_rows).cast(str) == user).fill_null(False).to_numpy()
