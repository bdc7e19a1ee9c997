"""Bars over a history: attention beside the effect of leaving each item out, and integrated gradients."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from ..data.errors import shorten
from ..training.run_store import Run
from . import charts, parts, readouts
from .attention_row import SeenRow
from .drawing import Drawing, is_dark
from .words import _, plain

LITTLE = 0.01  # logits: a quarter of a point of CTR at most
ORDERS = {"time": "Time", "weight": "Attention", "effect": "Effect"}
HOW_TO_READ = (
    "Attention tells how much of each item goes into the summary of the user, the effect what the logit loses without "
    "it, the gradient how it stands beside a mean item. Attention cannot tell up from down: where they differ, believe "
    "the effect."
)


@st.fragment
def draw(run: Run, row: SeenRow) -> None:
    """Each history's bars in the order that is asked for; a press on it draws this part of the page alone."""
    with st.container(horizontal=True, vertical_alignment="center"):
        order = st.segmented_control(
            _("Sorted by"),
            list(ORDERS),
            default="time",
            required=True,
            key="attention-order",
            format_func=lambda name: _(ORDERS[name]),
        )
        is_share = st.toggle(
            _("As shares of all attention"),
            key="attention-shares",
            help=_("DIN's weights need not sum to 1: how large they are tells how intense an interest is."),
        )
    for history in row.histories:
        _history(run, row, history, order or "time", is_share)
    st.caption(_(HOW_TO_READ))


def _history(run: Run, row: SeenRow, history: str, order: str, is_share: bool) -> None:
    part = _in_order(row.histories[history], order, is_share)
    st.subheader(_("History {name}", name=plain(history)) if history.lower() != "history" else _("History"))
    is_rich = bool((part["kind"] + part["time"]).any())
    pictures = _pictures(row.key, history, order, is_share, is_dark(), part)
    for column, (sentence, picture) in zip(st.columns([7 if is_rich else 5, 4, 4]), pictures, strict=True):
        with column:
            picture.draw(alt=sentence)
    place = readouts.place_of(run.id, history)
    parts.table_behind(part.drop(columns=["label", "is_known"]), f"attention-{run.id}-{place}")


def _in_order(part: pd.DataFrame, order: str, is_share: bool) -> pd.DataFrame:
    if is_share:
        part = part.assign(weight=part["weight"] / max(float(part["weight"].sum()), 1e-12))
    return part if order == "time" else part.iloc[part[order].abs().argsort(kind="stable")[::-1]]


@st.cache_resource(max_entries=256, show_spinner=False)
def _pictures(
    row: tuple[Any, ...],  # noqa: ARG001
    history: str,  # noqa: ARG001
    order: str,
    is_share: bool,
    is_dark: bool,  # noqa: ARG001
    _part: pd.DataFrame,
) -> tuple[tuple[str, Drawing], ...]:
    """A sentence and the chart that shows it, for each of three measures; ``_part`` is what the others tell."""
    return _attention(_part, order, is_share), _effect(_part), _gradient(_part)


def _attention(part: pd.DataFrame, order: str, is_share: bool) -> tuple[str, Drawing]:
    top = part.iloc[int(part["weight"].argmax())]
    sentence = _("{item} gets the most attention", item=shorten(top["name"], 24))
    if top["weight"] < 1.1 * part["weight"].min():
        sentence = _("All items get about the same attention")
    axis = _("share of attention") if is_share else _("attention weight")
    title = charts.titled(sentence, _("attention weight per item, oldest first") if order == "time" else axis)
    return sentence, charts.bars_over_history(part, "weight", title, axis, False)


def _effect(part: pd.DataFrame) -> tuple[str, Drawing]:
    mover = part.iloc[int(part["effect"].abs().argmax())]
    words = "{item} adds most" if mover["effect"] > 0 else "{item} takes away most"
    sentence = _(words, item=shorten(mover["name"], 18))
    if abs(mover["effect"]) < LITTLE:
        sentence = _("No item matters much here")
    title = charts.titled(sentence, _("logit with the item, less without it"))
    return sentence, charts.bars_over_history(part, "effect", title, _("effect in logits"), True, False)


def _gradient(part: pd.DataFrame) -> tuple[str, Drawing]:
    steepest = part.iloc[int(part["gradient"].abs().argmax())]
    sentence = _("{item} stands out most", item=shorten(steepest["name"], 18))
    if abs(steepest["gradient"]) < LITTLE:
        sentence = _("No item stands out")
    title = charts.titled(sentence, _("integrated gradients from the mean item"))
    return sentence, charts.bars_over_history(part, "gradient", title, _("integrated gradient"), True, False)
