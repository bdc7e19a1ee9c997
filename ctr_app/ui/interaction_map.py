"""The map of field pairs: how much each pair interacts by one readout or by all, and the strongest as a ranking."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from ..data.errors import shorten
from ..explain.ordering import by_blocks
from ..explain.pairs import LEAST_STRENGTH
from ..explain.recovery import recovery
from ..training.run_store import Run
from . import charts, interaction_verdict, map_row, pair_charts, parts, readouts, vega_names
from . import maps as run_maps
from .maps import READOUT_NAMES, Choice, Compared
from .state import set_widget, state, widget_value
from .watch import dataset_truth
from .words import _

UNIT = "logits (RMS)"
HOW_TO_READ = {
    "weights": "It tells how far two fields together move the logit beyond what each does alone, as the model's own "
    "parameters have it. It cannot tell what the data hold and the model has not learned.",
    "raw": "It tells how large the product of two fields' vectors is, as most tools draw it. It cannot tell an "
    "interaction from a main effect, which sits in the same product.",
    "cross": "It tells how far two fields together move the logit beyond what each does alone, as the cross layers' "
    "parameters and the bends of the MLP have it, on average. It cannot tell what averages out over the rows.",
    "behaviour": "It tells how far the whole model's logit moves when the values of two fields are swapped between "
    "real rows, beyond what each swap does alone. It cannot tell the model from the world: swaps also make "
    "combinations that no row has, where the model only guesses.",
    "counts": "It tells what the clicks hold on two fields beyond a logistic regression on both; no model is involved. "
    "It cannot tell an interaction from a third field that goes with both, and is blind where combinations are rare.",
}
CELL = "picked_pair"
# Sections that do something of their own with a pair that is pressed on the map.
OWN_USE = ("values", "cuts")


@dataclass(frozen=True)
class View:
    """How the map is to be drawn: the readout's choices, several maps or one, fields by blocks or as in the table."""

    choice: Choice
    is_side_by_side: bool
    is_by_blocks: bool
    is_revealed: bool


def controls(run: Run, readout: str) -> View:
    """The switches above the map."""
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        is_revealed = dataset_truth(run) is not None and _remembered(
            "revealed",
            _("Reveal the planted pairs"),
            "interactions-reveal",
            _("This sample was made with a known set of interacting pairs; they are drawn as rings."),
        )
        is_side_by_side = _remembered(
            "maps_side_by_side",
            _("Side by side"),
            "interactions-side-by-side",
            _("All maps of this run in one row, on one scale and with fields in the same order."),
        )
        is_by_blocks = _remembered(
            "maps_by_blocks",
            _("Order by blocks"),
            "interactions-by-blocks",
            _("Fields that interact stand together; otherwise they stand as in the table."),
        )
        return View(_choice(run, readout), is_side_by_side, is_by_blocks, is_revealed)


def _remembered(name: str, label: str, key: str, help: str) -> bool:
    """A toggle whose value outlives the page."""
    is_on = st.toggle(label, value=getattr(state(), name), key=key, help=help)
    setattr(state(), name, is_on)
    return is_on


def _choice(run: Run, readout: str) -> Choice:
    """What can be chosen about a readout."""
    if readout == "weights" and run.spec().family == "fm":
        raw = st.toggle(
            _("Raw"),
            key="interactions-raw",
            help=_("The plain products of vectors, main effects left in, as most tools draw them."),
        )
        return Choice(readout, raw=raw)
    if readout == "behaviour":
        support = st.number_input(
            _("Rows that a swap needs"),
            min_value=0,
            value=0,
            key="interactions-support",
            width=190,
            help=_("Count a swap only if each pair of values in it stands in so many training rows; 0 counts all."),
        )
        return Choice(readout, support=int(support))
    return Choice(readout)


def draw(run: Run, frame: pd.DataFrame, view: View, found: Compared) -> tuple[str, str] | None:
    """The verdict, the heatmap or all of them, and the ranking; returns the pair that was picked on a map."""
    truth = _revealed(run, frame, view)
    interaction_verdict.draw(run, found)
    fields = readouts.model_of(run.id)[1].layout.field_names
    names = pair_charts.strongest_names(fields, frame)
    names = by_blocks(names, pair_charts.among(frame, names)) if view.is_by_blocks else names
    doubted = found.disagreements[["field_a", "field_b"]].to_numpy().tolist()
    if view.is_side_by_side:
        return _side_by_side(run, view, names, truth, doubted)
    return _one(run, frame, view, names, truth, doubted)


def _one(
    run: Run,
    frame: pd.DataFrame,
    view: View,
    names: list[str],
    truth: Sequence[Sequence[str]],
    doubted: list[list[str]],
) -> tuple[str, str] | None:
    fields, sentence = readouts.model_of(run.id)[1].layout.field_names, _sentence(frame, doubted)
    left, right = st.columns([3, 2] if len(names) <= pair_charts.CROWD else [2, 1], gap="large")
    with left:
        title = charts.titled(
            sentence,
            _(
                "{model}, {fields}, {unit}; press a cell to open it",
                model=run.spec().title,
                fields=how_many(len(names), len(fields)),
                unit=_(UNIT),
            ),
        )
        key = f"interactions-map-{run.id}-{view.choice.readout}"
        event = pair_charts.pair_heatmap(names, frame, title, _(UNIT), truth, CELL, doubted).draw(
            alt=sentence, on_select=partial(_open, run, key), key=key, width="content"
        )
    with right:
        ranking = pair_charts.ranking(frame, _(UNIT), run.spec().family, truth)
        ranking.draw(alt=_("The strongest pairs, strongest first"))
        _table(run, frame, view.choice.readout)
    st.caption(" ".join([how_to_read(run, view.choice), *([_diamonds()] if doubted else [])]))
    return _picked(event)


def _side_by_side(
    run: Run, view: View, names: list[str], truth: Sequence[Sequence[str]], doubted: list[list[str]]
) -> tuple[str, str] | None:
    maps = run_maps.maps(run.id, view.choice)
    shown = {
        name: map_row.Shown(
            _(READOUT_NAMES[name]),
            frame,
            how_to_read(run, view.choice if name == view.choice.readout else Choice(name)),
        )
        for name, frame in maps.items()
    }
    key = f"interactions-row-{run.id}"
    events = map_row.draw(shown, names, _(UNIT), (truth, doubted), (key, CELL), partial(_open, run))
    unit = _("Strengths in {unit}, all on one scale.", unit=_(UNIT))
    st.caption(" ".join([unit, *([_diamonds()] if doubted else [])]))
    _table(run, run_maps.together(maps), "all")
    return next((pair for pair in map(_picked, events) if pair), None)


def _table(run: Run, frame: pd.DataFrame, name: str) -> None:
    number = st.column_config.NumberColumn
    columns = {
        "strength": number(_(UNIT), format="%.4f"),
        "error": number(_("standard error"), format="%.4f"),
        "swaps": number(_("swaps counted")),
        **{key: number(_(title), format="%.4f") for key, title in READOUT_NAMES.items()},
    }
    parts.table_behind(frame, f"{run.id}-{name}", _("All pairs as a table"), columns)


def how_to_read(run: Run, choice: Choice) -> str:
    """What a map can tell, and what it cannot."""
    title, family = run.spec().title, run.spec().family
    name = choice.readout
    if name == "weights":
        name = "raw" if choice.raw else "cross" if family == "dcn" else name
    words = _(HOW_TO_READ[name])
    if choice.readout == "weights" and title in ("DCN-V1", "DCN-Mix"):
        words += " " + _("The weights of {model} tell pairs apart poorly: believe its behaviour.", model=title)
    return words


def _diamonds() -> str:
    return _("A diamond marks a pair that stands out in one map and is among the weaker half in another.")


def how_many(shown: int, fields: int) -> str:
    """How many fields a map shows, in words."""
    if shown == fields:
        return _("{fields} fields", fields=fields)
    return _("the {shown} of {fields} fields with the strongest pairs", shown=shown, fields=fields)


def _revealed(run: Run, frame: pd.DataFrame, view: View) -> Sequence[Sequence[str]]:
    """The planted pairs, if they are to be shown; says how many were found."""
    truth = dataset_truth(run) if view.is_revealed else None
    if truth is None:
        return ()
    scored = recovery(frame, truth["pairs"])
    st.markdown(
        _("**{found} of {total}** planted pairs are among the {total} strongest.", found=scored.found, total=scored.k)
    )
    pairs: Sequence[Sequence[str]] = truth["pairs"]
    return pairs


def _sentence(frame: pd.DataFrame, doubted: Sequence[Sequence[str]]) -> str:
    """The sentence that the map proves; that another map refutes it, if the strongest pair is a doubted one."""
    best = frame.iloc[0]
    if best["strength"] < LEAST_STRENGTH:
        return _("No two fields move the logit together: by this measure there is nothing")
    if len(frame) > 1 and best["strength"] < 1.05 * frame["strength"].median():
        return _("No pair of fields stands out")
    a, b = (shorten(best[name], 28) for name in ("field_a", "field_b"))
    if {best["field_a"], best["field_b"]} in map(set, doubted):
        return _("{a} and {b} interact most here, but not in every map", a=a, b=b)
    return _("{a} and {b} interact most", a=a, b=b)


def section_key(run: Run) -> str:
    """The key of the choice between sections below the map."""
    return f"interactions-section-{run.spec().title.lower()}"


def _open(run: Run, key: str) -> None:
    """Show the inside of the pair that was pressed, unless the section below has a use of its own for it."""
    if _picked(widget_value(key)) and widget_value(section_key(run)) not in OWN_USE:
        set_widget(section_key(run), "values")


def _picked(event: Any) -> tuple[str, str] | None:
    points = vega_names.meant(event, CELL)
    if points and points[0].get("field_a") != points[0].get("field_b"):
        return points[0]["field_a"], points[0]["field_b"]
    return None
