"""Bars with their intervals: what each cut costs, how strong each triple is."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from . import charts
from .drawing import is_dark, kept
from .words import _

RING_SIZE = 130
# So that an interval can be seen on its bar, on a light and on a dark background.
BAR_OPACITY = 0.7
# Pixels: of one bar with the space about it, and of title and axis.
BAND, AROUND = 30, 120


@kept
def interval_bars(frame: pd.DataFrame, title: dict[str, str], axis: str, family: str, of: str) -> Any:
    """One bar per line of ``frame``, in its order: ``label``, ``value``, ``margin`` of its interval on either side.

    Lines that are ``is_marked`` are planted and get a ring; where there is a column ``expected``, a tick stands there.
    ``axis`` says what the values are, and ``of`` what the labels are.
    """
    shown = frame.assign(low=frame["value"] - frame["margin"], high=frame["value"] + frame["margin"])
    y = alt.Y("label:N", sort=charts.in_order(shown["label"]), title=None, axis=alt.Axis(labelLimit=320))
    x = alt.X("value:Q", title=axis, scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=8))
    tooltip = [
        alt.Tooltip("label:N", title=of),
        alt.Tooltip("value:Q", format=".4f", title=axis),
        alt.Tooltip("margin:Q", format=".4f", title=_("95 % interval, ±")),
    ]
    base = alt.Chart(shown).encode(y=y, tooltip=tooltip)
    layers = [
        base.mark_bar(
            cornerRadiusEnd=3, color=charts.hue(family), opacity=BAR_OPACITY, height=alt.RelativeBandSize(0.7)
        ).encode(x=x),
        base.mark_rule(strokeWidth=2.5, color=charts.INK[is_dark()]).encode(x=alt.X("low:Q", title=axis), x2="high:Q"),
    ]
    if "expected" in frame:
        ticks = shown.dropna(subset=["expected"])
        layers.append(
            alt.Chart(ticks)
            .mark_tick(thickness=3, size=BAND, color=charts.MUTED[is_dark()])
            .encode(x="expected:Q", y=y)
        )
    if shown["is_marked"].any():
        rings = alt.Chart(shown[shown["is_marked"]]).mark_point(
            shape="circle", size=RING_SIZE, filled=False, strokeWidth=3, color=charts.RING, opacity=1
        )
        layers.append(rings.encode(x=x, y=y))
    return charts.readable(alt.layer(*layers), title=title, height=BAND * len(shown) + AROUND)
