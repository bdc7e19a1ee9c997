"""Charts of one prediction. Columns of the frames are our own; names from data appear only as values."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from .charts import LABEL_SIZE, MUTED, SLANTED, hue, readable
from .drawing import Drawing, is_dark, kept
from .words import _

VALUES_WIDTH = 860  # pixels
SIGNED = alt.Scale(range="diverging", domain=[-1, 1])


@kept
def waterfall(frame: pd.DataFrame, title: dict[str, str]) -> Any:
    """Bars from where the one above ends; ``frame`` has label, start, stop, amount, text and is_total, in order."""
    shown = frame.assign(sign=np.sign(frame["amount"]) * 0.8)
    axis = alt.Axis(labelLimit=380, labelOverlap=False, labelFlush=False)
    y = alt.Y("label:N", sort=list(shown["label"]), title=None, axis=axis)  # layers begin with different parts
    scale = alt.Scale(zero=False, nice=True, padding=42)
    x = alt.X("start:Q", title=_("logit"), scale=scale, axis=alt.Axis(tickCount=6))
    tooltip = [
        alt.Tooltip("label:N", title=_("part")),
        alt.Tooltip("amount:Q", format="+.4f", title=_("adds, in logits")),
        alt.Tooltip("stop:Q", format=".4f", title=_("logit so far")),
    ]
    base = alt.Chart(shown).encode(y=y, tooltip=tooltip)
    parts = base.transform_filter("!datum.is_total").mark_bar(cornerRadius=2)
    parts = parts.encode(x=x, x2="stop:Q", color=alt.Color("sign:Q", scale=SIGNED, legend=None))
    totals = base.transform_filter("datum.is_total").mark_tick(thickness=4, size=18, color=MUTED[is_dark()])
    ends = base.mark_text(align="left", dx=6, fontSize=LABEL_SIZE).encode(
        x=alt.X("right:Q", title=_("logit")), text="text:N"
    )
    layers = [parts, totals.encode(x=alt.X("stop:Q", title=_("logit"))), ends]
    return readable(alt.layer(*layers), title=title, height=alt.Step(26))


def split_bars(frame: pd.DataFrame, title: dict[str, str]) -> Drawing:
    """The parts of a change in logits as bars from zero; ``frame`` has part and amount, in order."""
    shown = frame.assign(sign=np.sign(frame["amount"]) * 0.8)
    return _split_bars().entitled(title).ordered("y", frame["part"].tolist()).filled(parts=shown)


@kept
def _split_bars() -> Any:
    y = alt.Y("part:N", title=None, axis=alt.Axis(labelLimit=300, labelOverlap=False, labelFlush=False))
    color = alt.Color("sign:Q", scale=SIGNED, legend=None)
    tooltip = [
        alt.Tooltip("part:N", title=_("part")),
        alt.Tooltip("amount:Q", format="+.4f", title=_("change in logits")),
    ]
    x = alt.X("amount:Q", title=_("change in logits"), axis=alt.Axis(tickCount=6))
    bars = alt.Chart(alt.NamedData("parts")).mark_bar(cornerRadius=2)
    return readable(bars.encode(x=x, y=y, color=color, tooltip=tooltip), height=alt.Step(30))


@kept
def methods_chart(frame: pd.DataFrame, title: dict[str, str]) -> Any:
    """What several methods say of each field; ``frame`` has field, method and contribution."""
    x = alt.X("contribution:Q", title=_("contribution in logits"), axis=alt.Axis(tickCount=6))
    y = alt.Y("field:N", sort=None, title=None, axis=alt.Axis(labelLimit=260, labelOverlap=False, labelFlush=False))
    shape = alt.Shape("method:N", title=None, legend=alt.Legend(orient="top"))
    color = alt.Color("method:N", title=None, legend=alt.Legend(orient="top"))
    points = alt.Chart(frame).mark_point(size=90, strokeWidth=2.2, opacity=0.9)
    tooltip = ["field:N", "method:N", alt.Tooltip("contribution:Q", format="+.4f")]
    return readable(
        points.encode(x=x, y=y, shape=shape, color=color, tooltip=tooltip), title=title, height=alt.Step(26)
    )


@kept
def number_curves(
    curves: pd.DataFrame, mean: pd.DataFrame, rows: pd.DataFrame, name: str, family: str, title: dict[str, str]
) -> Any:
    """CTR over a number: a thin line per row, the mean thick, and a tick under it for each of some training rows."""
    x = alt.X("number:Q", title=name, scale=alt.Scale(nice=False), axis=alt.Axis(tickCount=8))
    y = alt.Y("ctr:Q", title=_("predicted CTR"), axis=alt.Axis(format="%", tickCount=6))
    lines = alt.Chart(curves).mark_line(strokeWidth=1, opacity=0.25, color=MUTED[is_dark()])
    bold = alt.Chart(mean).mark_line(strokeWidth=3.5, color=hue(family))
    points = alt.Chart(mean).mark_point(filled=True, size=45, color=hue(family), opacity=1)
    tooltip = [alt.Tooltip("number:Q", title=name), alt.Tooltip("ctr:Q", format=".2%", title=_("mean CTR"))]
    rug = alt.Chart(rows).mark_tick(thickness=2, size=14, opacity=0.15, color=hue(family), yOffset=-7)
    layers = [
        lines.encode(x=x, y=y, detail="row:N"),
        bold.encode(x=x, y=y),
        points.encode(x=x, y=y, tooltip=tooltip),
        rug.encode(x=x, y=alt.value(alt.ExprRef("height"))),
    ]
    return readable(alt.layer(*layers), title=title, height=340)


@kept
def value_curves(curves: pd.DataFrame, mean: pd.DataFrame, name: str, family: str, title: dict[str, str]) -> Any:
    """CTR by value: a faint point per row, the mean large; under it how many training rows have the value."""
    x = alt.X("value:N", sort=None, title=name, axis=SLANTED)
    y = alt.Y("ctr:Q", title=_("predicted CTR"), axis=alt.Axis(format="%", tickCount=6))
    dots = alt.Chart(curves).mark_tick(thickness=1.5, size=14, opacity=0.25, color=MUTED[is_dark()])
    tooltip = [
        alt.Tooltip("value:N", title=name),
        alt.Tooltip("ctr:Q", format=".2%", title=_("mean CTR")),
        alt.Tooltip("count:Q", format=",", title=_("training rows")),
    ]
    means = alt.Chart(mean).mark_point(filled=True, size=110, color=hue(family), opacity=1)
    above = alt.layer(dots.encode(x=x, y=y), means.encode(x=x, y=y, tooltip=tooltip)).properties(height=300)
    counts = alt.Chart(mean).mark_bar(color=MUTED[is_dark()], opacity=0.65).properties(height=60)
    counts = counts.encode(
        x=alt.X("value:N", sort=None, title=None, axis=None),
        y=alt.Y("count:Q", title=_("rows"), axis=alt.Axis(tickCount=2, format="~s")),
        tooltip=tooltip,
    )
    width = alt.Step(max(24, min(64, VALUES_WIDTH // max(1, len(mean)))))
    return readable(alt.vconcat(counts.properties(width=width), above.properties(width=width), spacing=8), title=title)
