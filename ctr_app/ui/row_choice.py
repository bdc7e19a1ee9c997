"""The choice of one row of a run's data: by a filter, by its user or another value, by number or at random."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
import streamlit as st

from ..data.columns import as_text
from ..data.dataset import Told
from ..data.errors import shorten, spaced
from ..training.run_store import Run
from . import readouts, scores, services
from .state import set_widget, widget_value
from .words import _

FILTERS = {
    "any": "Any row",
    "wrong": "Badly predicted, worst first",
    "clicked": "Clicked",
    "unclicked": "Not clicked",
    "long": "Long history first",
}
SPLITS = {"test": "Test", "valid": "Validation", "train": "Training"}
# So many values are offered in a search; any other can be typed.
MOST_VALUES = 5000
Search = tuple[str, str]  # a column, and the value that is wanted in it


@dataclass(frozen=True)
class ChosenRow:
    """A row of a split: its ``place`` there, and the row of the table that it is, both from 0."""

    split: str
    place: int
    table_row: int


def choose_row(run: Run, page: str, beside: Any, first: Callable[[str, str], int] | None = None) -> ChosenRow | None:
    """Widgets to choose one row of a split, of the test rows to begin with; None if none passes the filter.

    The filter is drawn ``beside`` the choice of the run. ``first`` says which row to begin with where there is no
    filter, counted from 0, for a run's id and a split.
    """
    encoded = readouts.encoded_of(run.id)
    known = [name for name in FILTERS if name != "long" or encoded.encoder.layout.sequences]
    chosen = beside.selectbox(_("Rows"), known, key=f"{page}-filter", format_func=lambda name: _(FILTERS[name]))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        split = _choose_split(run, page)
        search = _search(run, page, split)
        with st.spinner(_("Looking for such rows")):
            places = _places(run.id, split, chosen or "any", search)
        if not len(places):
            st.info(_("No {split} row is like that. Another split may have one.", split=_(split)))
            return None
        key = f"{page}-row-{run.id}-{split}-{chosen}-{zlib.crc32(repr(search).encode())}"
        start = first if chosen == "any" and search is None else None
        place = int(places[_number(key, len(places), lambda: start(run.id, split) if start else 0)])
    return ChosenRow(split, place, int(np.asarray(encoded.rows(split).rows)[place]))


def _choose_split(run: Run, page: str) -> str:
    splits = [split for split in SPLITS if split in readouts.encoded_of(run.id).splits]
    return st.selectbox(
        _("Split"),
        splits,
        key=f"{page}-split-{run.id}",
        format_func=lambda split: _(SPLITS[split]),
        persist_state="session",
        width=150,
    )


def _number(key: str, count: int, first: Callable[[], int]) -> int:
    """Which of ``count`` rows is wanted, from 0, by its number or at random."""
    if widget_value(key) is None:
        set_widget(key, first() + 1)
    elif widget_value(key) > count:
        set_widget(key, 1)
    number = st.number_input(
        _("Row, 1 to {last}", last=count),
        min_value=1,
        max_value=count,
        key=key,
        persist_state="session",
        width=160,
    )
    page = key.partition("-")[0]
    st.button(
        _("Another at random"),
        key=f"{page}-random",
        icon=":material/shuffle:",
        on_click=_random_row,
        args=(key, count),
    )
    return int(number) - 1


def _random_row(key: str, count: int) -> None:
    set_widget(key, int(np.random.default_rng().integers(count)) + 1)


def _search(run: Run, page: str, split: str) -> Search | None:
    """The column and the value that are searched for: the user first, where rows have one; None for all rows."""
    columns = _columns(run)
    if not columns:
        return None
    column = st.selectbox(
        _("Search by"),
        columns,
        key=f"{page}-search-{run.id}",
        format_func=shorten,
        persist_state="session",
        width=180,
    )
    dataset = readouts.dataset_of(run)
    names, labels = dataset.names().get(column, {}), _values(run.id, split, column, dataset.told())
    value = st.selectbox(
        _("Its value"),
        list(labels),
        index=None,
        key=f"{page}-searched-{run.id}-{columns.index(column)}",
        placeholder=_("any"),
        help=_(
            "In brackets how many rows have it. The {count} most frequent are listed; any can be typed.",
            count=spaced(len(labels)),
        ),
        format_func=lambda value: labels.get(value) or _value_in_words(names.get(value) or value, 0),
        accept_new_options=True,
        persist_state="session",
        width=280,
    )
    return (column, value.strip()) if value else None


def _value_in_words(name: str, rows: int) -> str:
    return f"{shorten(name, 60)} ({spaced(rows)})"


def _columns(run: Run) -> list[str]:
    """The columns whose values rows can be searched by."""
    schema = run.spec().preparation.schema
    found = [schema.group] if schema.group else []
    return found + [name for name in readouts.model_of(run.id)[1].layout.categorical if name != schema.group]


@st.cache_resource(max_entries=64, show_spinner=False)
def _values(run_id: str, split: str, column: str, told: Told) -> dict[str, str]:  # noqa: ARG001
    """The most frequent values of a column in a split, and what is shown of each: its name, and how many rows have it.

    ``told`` is which names there are. Shared, so never changed.
    """
    counts = _texts(run_id, split, column).drop_nulls().value_counts(sort=True).head(MOST_VALUES)
    names = readouts.dataset_of(services.runs().get(run_id)).names().get(column, {})
    return {value: _value_in_words(names.get(value) or value, count) for value, count in counts.iter_rows()}


@st.cache_resource(max_entries=64, show_spinner=False)
def _places(run_id: str, split: str, chosen: str, search: Search | None) -> np.ndarray:
    """int (k,): the rows of the split that pass the filter and the search, in the filter's order; never changed."""
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
    if search:
        column, value = search
        places = places[(_texts(run_id, split, column) == value).fill_null(False).to_numpy()[places]]
    return places


def _texts(run_id: str, split: str, column: str) -> pl.Series:
    """A column of the table as text, in the rows of a split."""
    run = services.runs().get(run_id)
    rows = np.asarray(readouts.encoded_of(run_id).rows(split).rows)
    return as_text(readouts.dataset_of(run).frame[column]).gather(rows)
