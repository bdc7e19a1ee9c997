"""What the Interactions page draws: one map of field pairs, one sentence, and ways to look further."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from ..training.run_store import Run
from . import (
    cross_layers,
    interaction_crosses,
    interaction_cuts,
    interaction_film,
    interaction_map,
    interaction_recovery,
    interaction_stability,
    interaction_triples,
    interaction_values,
    parts,
    readouts,
)
from .maps import READOUT_NAMES, compared
from .state import set_widget, widget_value
from .words import _

Draw = Callable[[Run, pd.DataFrame, tuple[str, str] | None], None]


@dataclass(frozen=True)
class Section:
    """A way to look further: its name, an icon, for which runs it is, and what draws it.

    ``draw`` takes the run, the map's pairs, strongest first, and the pair that was picked on the map, if any.
    """

    label: str
    icon: str
    draw: Draw
    suits: Callable[[Run], bool] = lambda run: True  # noqa: ARG005


SECTIONS = {
    "values": Section("Inside one pair", ":material/grid_on:", interaction_values.draw),
    "stability": Section("Seeds and noise", ":material/query_stats:", interaction_stability.draw),
    "film": Section("Film", ":material/movie:", interaction_film.draw),
    "cuts": Section("Cut the wire", ":material/content_cut:", interaction_cuts.draw),
    "triples": Section("Three at once", ":material/change_history:", interaction_triples.draw),
    "layers": Section("Cross layers", ":material/layers:", cross_layers.draw, lambda run: run.spec().family == "dcn"),
    "recovery": Section("Recovery", ":material/fact_check:", interaction_recovery.draw),
    "crosses": Section("Take crosses along", ":material/hub:", interaction_crosses.draw),
}


def draw() -> None:
    """The whole page."""
    run, right = parts.page_on_run(
        "interactions",
        _("Which fields interact"),
        _("No model has been trained yet, so there is nothing to look into."),
    )
    with right:
        readout = _readout(run)
    with parts.sentences():
        view = interaction_map.controls(run, readout)
        measuring = _("Measuring every pair of fields")
        with st.spinner(measuring, show_time=True):
            frame = readouts.pairs(run.id, readout, view.choice.raw, view.choice.support)
        if frame.empty:
            st.info(_("The model reads one field only, so there is no pair to look at."))
            return
        with st.spinner(measuring, show_time=True):
            found = compared(run.id, view.choice)
        picked = interaction_map.draw(run, frame, view, found)
        _look_further(run, frame, picked)


def _readout(run: Run) -> str:
    title = run.spec().title
    known = list(readouts.explain.readouts_for(title))
    chosen = st.segmented_control(
        _("Measured"),
        known,
        default=known[0],
        required=True,
        key=f"interactions-readout-{title.lower()}",
        format_func=lambda name: _(READOUT_NAMES[name]),
    )
    return chosen or known[0]


def _look_further(run: Run, frame: pd.DataFrame, picked: tuple[str, str] | None) -> None:
    """One of the sections that suit the run."""
    known = {name: section for name, section in SECTIONS.items() if section.suits(run)}
    key = interaction_map.section_key(run)
    if widget_value(key) not in known:
        set_widget(key, "values")  # not as its default, since a press on the map sets it too
    chosen = st.segmented_control(
        _("Look further"),
        list(known),
        required=True,
        key=key,
        format_func=lambda name: f"{known[name].icon} {_(known[name].label)}",
    )
    known[chosen or "values"].draw(run, frame, picked)
