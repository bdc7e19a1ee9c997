"""Fields as a row of nodes, with an arc over each two that interact: what is planted in a table, at a glance."""

from __future__ import annotations

from collections.abc import Sequence

import altair as alt
import numpy as np
import pandas as pd

from ..data.errors import shorten
from . import charts
from .drawing import is_dark, kept
from .words import _

POINTS = 25
# More fields than this are drawn only where an arc ends.
MOST_FIELDS = 40
HEIGHT = 200
NODE_NAMES_Y, BELOW_Y = -0.14, -0.3
Pairs = Sequence[Sequence[str]]


def shown_fields(fields: Sequence[str], links: Pairs) -> list[str]:
    """The fields that fit into a row, in their own order: all, or those with an arc and the first of the others."""
    if len(fields) <= MOST_FIELDS:
        return list(fields)
    linked = {name for link in links for name in link}
    chosen = set(sorted(fields, key=lambda name: name not in linked)[:MOST_FIELDS])
    return [name for name in fields if name in chosen]


@kept
def arc_chart(fields: Sequence[str], pairs: Pairs, follows: Pairs = ()) -> alt.LayerChart:
    """A node for each field, an arc above for each of the ``pairs``, a dashed one below where a field follows another.

    Without pairs it shows the fields alone.
    """
    names = shown_fields(fields, [*pairs, *follows])
    place = {name: i for i, name in enumerate(names)}
    x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[-0.5, len(names) - 0.5], nice=False))
    y = alt.Y("y:Q", axis=None, scale=alt.Scale(domain=[-0.75 if follows else -0.3, 1.1], nice=False))
    layers = []
    for links, height, base, color, dash in (
        (pairs, 1.0, 0.0, charts.RING, [1, 0]),
        (follows, -0.4, BELOW_Y, charts.MUTED[is_dark()], [5, 4]),
    ):
        lines = _arcs([link for link in links if set(link) <= set(place)], place, height, base)
        if len(lines):
            layers.append(
                alt.Chart(lines)
                .mark_line(strokeWidth=2.5, color=color, strokeDash=dash)
                .encode(x=x, y=y, detail="arc:N", tooltip=[alt.Tooltip("title:N", title=_("fields"))])
            )
    nodes = pd.DataFrame(
        {
            "x": range(len(names)),
            "y": 0.0,
            "below": NODE_NAMES_Y,
            "title": names,
            "name": [shorten(n, 14) for n in names],
        }
    )
    points = alt.Chart(nodes).mark_point(filled=True, size=130, opacity=1, color=charts.MUTED[is_dark()])
    layers.append(points.encode(x=x, y=y, tooltip=[alt.Tooltip("title:N", title=_("field"))]))
    layers.append(
        alt.Chart(nodes)
        .mark_text(fontSize=charts.LABEL_SIZE, baseline="middle")
        .encode(x=x, y=alt.Y("below:Q"), text="name:N")
    )
    return charts.readable(alt.layer(*layers), height=HEIGHT)


def _arcs(links: Pairs, place: dict[str, int], height: float, base: float) -> pd.DataFrame:
    """Points of half circles between two nodes each, the widest of them ``height`` high."""
    spans = [abs(place[first] - place[second]) for first, second in links]
    rows = []
    for number, (first, second) in enumerate(links):
        middle, span = (place[first] + place[second]) / 2, spans[number]
        title, top = f"{shorten(first)} × {shorten(second)}", height * np.sqrt(span / max(spans))
        angles = np.linspace(0.0, np.pi, POINTS)
        rows += [(number, middle - span / 2 * np.cos(a), base + top * np.sin(a), title) for a in angles]
    return pd.DataFrame(rows, columns=["arc", "x", "y", "title"])
