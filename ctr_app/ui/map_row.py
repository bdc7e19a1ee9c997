"""Several maps of field pairs in one row, on one scale and in one order of fields."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from . import charts, pair_charts
from .drawing import kept
from .words import _

WIDTH = 270
# In smaller cells names cannot be read; the tooltip has them.
LEAST_NAMED_CELL = 11
# A map whose strongest pair is below this share of the scale that all share looks empty.
FAINT = 0.15
Pairs = Sequence[Sequence[str]]


@dataclass(frozen=True)
class Shown:
    """One map of the row: its title, its pairs, and what to say below it."""

    title: str
    frame: pd.DataFrame
    words: str


@dataclass(frozen=True)
class Place:
    """A map's place in the row: the scale from 0 to ``top`` that all share, and whether it is the first or the last."""

    top: float
    is_first: bool
    is_last: bool


def draw(
    maps: Mapping[str, Shown],
    names: Sequence[str],
    unit: str,
    marks: tuple[Pairs, Pairs],
    keys: tuple[str, str],
    on_pick: Callable[[str], None],
) -> list[Any]:
    """The maps side by side, by what tells their keys apart; returns what was picked on each.

    ``marks`` are the true pairs and those on which the maps disagree, ``keys`` what the widgets' begin with and the
    selection's name. ``on_pick`` is called with the key of the map that was pressed.
    """
    key, selection = keys
    top = max(float(shown.frame["strength"].max()) for shown in maps.values()) or 1.0
    columns = st.columns([4 if place == 0 else 3 for place in range(len(maps))])  # the first has the names of its rows
    events = []
    for place, (column, (name, shown)) in enumerate(zip(columns, maps.items(), strict=True)):
        with column:
            at = Place(top, place == 0, place == len(maps) - 1)
            chart = small_map(list(names), shown.frame, charts.titled(shown.title), unit, at, marks, selection)
            own = f"{key}-{name}"
            events.append(chart.draw(alt=shown.title, on_select=partial(on_pick, own), key=own, width="content"))
            st.caption(shown.words + too_faint(shown.frame, top, unit))
    return events


def too_faint(frame: pd.DataFrame, top: float, unit: str) -> str:
    """What to add below a map that looks empty on the scale that all share, up to ``top``."""
    strongest = float(frame["strength"].max())
    if strongest >= FAINT * top:
        return ""
    return " " + _(
        "Its strongest pair has {strength:.3f} {unit}, too little to be seen beside the others: look at it alone.",
        strength=strongest,
        unit=unit,
    )


@kept
def small_map(
    names: list[str],
    frame: pd.DataFrame,
    title: dict[str, str],
    unit: str,
    place: Place,
    marks: tuple[Pairs, Pairs],
    selection: str,
) -> Any:
    """One map of the row; only the first names its rows, and only the last has the legend."""
    cell = round(min(34, max(6, WIDTH / max(1, len(names)))))
    has_names = cell >= LEAST_NAMED_CELL
    axis: dict[str, Any] = {"labelOverlap": False, "labelFlush": False, "labelLimit": 90}
    x = alt.X("field_b:N", sort=names, title=None, axis=alt.Axis(labels=has_names, labelAngle=-45, **axis))
    y = alt.Y("field_a:N", sort=names, title=None, axis=alt.Axis(labels=has_names and place.is_first, **axis))
    legend = alt.Legend(gradientLength=120, title=None) if place.is_last else None
    picked = alt.selection_point(name=selection, fields=["field_a", "field_b"], toggle=False)
    cells = (
        alt.Chart(pair_charts.both_halves(frame, names))
        .mark_rect(stroke=None, cornerRadius=1)
        .add_params(picked)
        .encode(
            x=x,
            y=y,
            color=alt.Color("strength:Q", scale=alt.Scale(domain=[0, place.top]), legend=legend),
            opacity=alt.condition(picked, alt.value(1.0), alt.value(0.55)),
            tooltip=[
                alt.Tooltip("field_a:N", title=_("field")),
                alt.Tooltip("field_b:N", title=_("with")),
                alt.Tooltip("strength:Q", format=".4f", title=unit),
            ],
        )
    )
    chart, (true_pairs, doubted) = cells, marks
    if len(true_pairs):
        chart = chart + pair_charts.rings(names, true_pairs, cell).encode(x=x, y=y)
    if len(doubted):
        chart = chart + pair_charts.diamonds(names, doubted, cell).encode(x=x, y=y)
    return charts.readable(chart, title=title, width=alt.Step(cell), height=alt.Step(cell))
