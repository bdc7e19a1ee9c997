"""Pictures of one block of W, value by value, and of a matrix's singular values."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from . import charts, matrix
from .drawing import is_dark, kept
from .words import _

# Larger blocks are an image; numbers stand in the cells of small ones.
MOST_CELLS, MOST_NUMBERS = 32, 10
WIDTH = 330


def block_table(values: np.ndarray) -> pd.DataFrame:
    """Columns row, column (from 1) and weight of a block of W (D_a, D_b)."""
    rows, columns = np.indices(values.shape) + 1
    return pd.DataFrame({"row": rows.ravel(), "column": columns.ravel(), "weight": values.ravel().astype(float)})


@kept
def block_values(values: np.ndarray, title: dict[str, str]) -> Any:
    """One block of W (D_a, D_b), a cell per weight: rows are multiplied, columns are read."""
    if max(values.shape) > MOST_CELLS:
        return _as_image(values, title)
    frame, most = block_table(values), float(np.abs(values).max()) or 1.0
    x = alt.X("column:O", title=_("reads: number in the vector"), axis=alt.Axis(labelAngle=0, labelOverlap=True))
    y = alt.Y("row:O", title=_("multiplies"), axis=alt.Axis(labelOverlap=True))
    step = alt.Step(round(min(40, WIDTH / max(values.shape))))
    tooltip = [
        alt.Tooltip("row:O", title=_("multiplies")),
        alt.Tooltip("column:O", title=_("reads")),
        alt.Tooltip("weight:Q", format="+.4f", title=_("weight")),
    ]
    color = alt.Color("weight:Q", title=None, scale=alt.Scale(range="diverging", domain=[-most, most]), legend=None)
    chart = alt.Chart(frame).mark_rect().encode(x=x, y=y, color=color, tooltip=tooltip)
    if max(values.shape) <= MOST_NUMBERS:
        dark_cell = f"abs(datum.weight) > {0.6 * most!r}"
        on_dark, on_light = ("#12151f", "#eceffa") if is_dark() else ("#ffffff", "#12151f")
        numbers = alt.Chart(frame).mark_text(fontSize=11).encode(x=x, y=y, text=alt.Text("weight:Q", format=".2f"))
        chart = chart + numbers.encode(color=alt.condition(dark_cell, alt.value(on_dark), alt.value(on_light)))
    return charts.readable(chart, title=title, width=step, height=step)


def _as_image(values: np.ndarray, title: dict[str, str]) -> Any:
    frame = pd.DataFrame({"url": [matrix.image_url(values, is_dark())]})
    side: dict[str, Any] = {"width": alt.ExprRef("width"), "height": alt.ExprRef("height"), "aspect": False}
    picture = alt.Chart(frame).mark_image(**side).encode(url="url:N", x=alt.value(WIDTH / 2), y=alt.value(WIDTH / 2))
    return charts.readable(picture, title=title, width=WIDTH, height=WIDTH)


@kept
def spectrum(frame: pd.DataFrame, rank: int, title: dict[str, str], family: str) -> Any:
    """Energy kept by each rank as a line, each singular value as a bar (of the largest), and a rule at ``rank``."""
    shown = frame.assign(part=frame["value"] / (frame["value"].max() or 1.0))
    x = alt.X("rank:Q", title=_("rank"), axis=alt.Axis(format="d", tickMinStep=1), scale=alt.Scale(nice=False))
    scale = alt.Scale(domain=[0, 1])
    tooltip = [
        alt.Tooltip("rank:Q", title=_("rank")),
        alt.Tooltip("value:Q", format=".4f", title=_("singular value")),
        alt.Tooltip("energy:Q", format=".1%", title=_("kept up to here")),
    ]
    points = alt.Chart(shown).encode(x=x, tooltip=tooltip)
    axis = alt.Axis(format=".0%")
    bars = points.mark_bar(color=charts.hue(family), opacity=0.45, size=max(1, min(14, 500 // len(shown))))
    bars = bars.encode(y=alt.Y("part:Q", scale=scale, axis=axis, title=_("share")))
    line = points.mark_line(color=charts.hue(family), strokeWidth=2.5)
    line = line.encode(y=alt.Y("energy:Q", scale=scale, axis=axis, title=_("share")))
    rule = alt.Chart(pd.DataFrame({"rank": [rank]})).mark_rule(strokeDash=[6, 4], strokeWidth=1.5).encode(x=x)
    return charts.readable(alt.layer(bars, line, rule), title=title, height=320)
