"""The map of field pairs: how much each pair interacts by one readout, and the strongest as a ranking."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from ..data.errors import shorten
from ..explain.recovery import recovery
from ..training.run_store import Run
from . import charts, parts, readouts
from .state import state
from .watch import dataset_truth
from .words import _

READOUT_NAMES = {"weights": "By weights", "behaviour": "By behaviour", "counts": "By counts"}
UNITS = {"weights": "logits (RMS)", "behaviour": "logits (RMS)", "counts": "logits (RMS)"}
HOW_TO_READ = {
    "weights": "Each cell is how far two fields together move the logit beyond what each does alone, as the model's "
    "own weights say.",
    "behaviour": "Each cell is how far the logit moves when the values of two fields are swapped between real rows, "
    "beyond what each swap does alone; it shows what the model does, rare combinations included.",
    "counts": "Each cell is what the observed click rates of two fields hold beyond main effects; no model is "
    "involved, so compare it with what the model claims.",
}
CELL = "picked_pair"


def draw(run: Run, frame: pd.DataFrame, readout: str) -> tuple[str, str] | None:
    """The heatmap and the ranking; returns the pair that was picked on the map."""
    truth = _truth_switch(run, frame)
    fields = readouts.model_of(run.id)[1].layout.field_names
    names = charts.strongest_names(fields, frame)
    left, right = st.columns([3, 2] if len(names) <= charts.CROWD else [2, 1], gap="large")
    unit = _(UNITS[readout])
    with left:
        title = charts.titled(
            _sentence(frame),
            _(
                "{model}, {fields}, {unit}; press a cell to open it",
                model=run.spec().title,
                fields=how_many(len(names), len(fields)),
                unit=unit,
            ),
        )
        event = charts.pair_heatmap(names, frame, title, unit, truth, CELL).draw(
            alt=_sentence(frame), on_select="rerun", key=f"interactions-map-{run.id}-{readout}", width="content"
        )
    with right:
        ranking = charts.ranking(frame, unit, run.spec().family, truth)
        ranking.draw(alt=_("The strongest pairs, strongest first"))
        parts.table_behind(
            frame,
            f"{run.id}-{readout}",
            _("All pairs as a table"),
            {"strength": st.column_config.NumberColumn(unit, format="%.4f")},
        )
    words = _(HOW_TO_READ[readout])
    if readout == "weights" and run.spec().family == "dcn":
        words += " " + _("It sees the cross network alone, not what the MLP beside it adds.")
    if readout == "weights" and run.spec().title in ("DCN-V1", "DCN-Mix"):
        words += " " + _(
            "The weights of {model} tell pairs apart poorly: believe its behaviour.", model=run.spec().title
        )
    st.caption(words)
    return _picked(event)


def how_many(shown: int, fields: int) -> str:
    """How many fields a map shows, in words."""
    if shown == fields:
        return _("{fields} fields", fields=fields)
    return _("the {shown} of {fields} fields with the strongest pairs", shown=shown, fields=fields)


def _truth_switch(run: Run, frame: pd.DataFrame) -> Sequence[Sequence[str]]:
    """Whether to draw the planted pairs, where the data were planted; says how many were found."""
    truth = dataset_truth(run)
    if truth is None:
        return ()
    with st.container(horizontal=True, vertical_alignment="center"):
        state().revealed = st.toggle(
            _("Reveal the planted pairs"),
            value=state().revealed,
            key="interactions-reveal",
            help=_("This sample was made with a known set of interacting pairs; they are drawn as rings."),
        )
        if not state().revealed:
            return ()
        scored = recovery(frame, truth["pairs"])
        st.markdown(
            _(
                "**{found} of {total}** planted pairs are among the {total} strongest.",
                found=scored.found,
                total=scored.k,
            ),
            width="content",
        )
    return truth["pairs"]


def _sentence(frame: pd.DataFrame) -> str:
    """The sentence that the map proves."""
    best = frame.iloc[0]
    if len(frame) > 1 and best["strength"] < 1.05 * frame["strength"].median():
        return _("No pair of fields stands out")
    return _("{a} and {b} interact most", a=shorten(best["field_a"], 28), b=shorten(best["field_b"], 28))


def _picked(event: Any) -> tuple[str, str] | None:
    points = event.selection.get(CELL) or []
    if points and points[0].get("field_a") != points[0].get("field_b"):
        return points[0]["field_a"], points[0]["field_b"]
    return None
