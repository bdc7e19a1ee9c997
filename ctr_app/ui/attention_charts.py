"""Charts of attention beyond one row's bars. Columns of the frames are our own; names from data are values only."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from .charts import DASHES, MUTED, SLANTED, hue, readable
from .drawing import is_dark, kept
from .words import _

METHODS = {"attention": "train", "effect": "valid", "random": "test"}


@kept
def candidates_heatmap(frame: pd.DataFrame, title: dict[str, str]) -> Any:
    """Attention of a history's items for several candidates; ``frame`` has item, candidate and weight, in order."""
    x = alt.X("candidate:N", sort=None, title=_("candidate"), axis=SLANTED)
    y = alt.Y("item:N", sort=None, title=None, axis=alt.Axis(labelLimit=340, labelOverlap=False, labelFlush=False))
    color = alt.Color("weight:Q", title=_("attention"), scale=alt.Scale(domainMin=0))
    tooltip = [
        alt.Tooltip("item:N", title=_("item")),
        alt.Tooltip("candidate:N", title=_("candidate")),
        alt.Tooltip("weight:Q", format=".4f", title=_("attention")),
    ]
    cells = alt.Chart(frame).mark_rect(cornerRadius=2).encode(x=x, y=y, color=color, tooltip=tooltip)
    return readable(cells, title=title, width=alt.Step(54), height=alt.Step(24))


@kept
def deletion_chart(frame: pd.DataFrame, title: dict[str, str], is_share: bool) -> Any:
    """The logit as items go, by each order; ``frame`` has method (in words), order (a key), removed and logit."""
    x = alt.X(
        "removed:Q",
        title=_("share of the items taken out") if is_share else _("items taken out"),
        axis=alt.Axis(format="%" if is_share else "d", tickMinStep=0 if is_share else 1),
    )
    y = alt.Y("logit:Q", title=_("change of the logit"), scale=alt.Scale(zero=False))
    names = list(dict.fromkeys(frame["method"]))
    dashes = [DASHES[METHODS[order]] for order in dict.fromkeys(frame["order"])]
    colors = [
        {"attention": hue("din"), "effect": hue("dcn")}.get(o, MUTED[is_dark()]) for o in dict.fromkeys(frame["order"])
    ]
    legend = alt.Legend(orient="bottom", symbolStrokeWidth=3)
    lines = alt.Chart(frame).mark_line(strokeWidth=2.5)
    lines = lines.encode(
        x=x,
        y=y,
        color=alt.Color("method:N", title=None, legend=legend, scale=alt.Scale(domain=names, range=colors)),
        strokeDash=alt.StrokeDash("method:N", title=None, legend=legend, scale=alt.Scale(domain=names, range=dashes)),
        tooltip=["method:N", "removed:Q", alt.Tooltip("logit:Q", format="+.4f")],
    )
    return readable(lines, title=title, height=320)


@kept
def means_chart(frame: pd.DataFrame, axis: str, title: dict[str, str]) -> Any:
    """Mean attention with intervals; ``frame`` has label (in order), weight, low, high and rows."""
    x = alt.X("label:N", sort=None, title=axis, axis=alt.Axis(labelAngle=0, labelOverlap=True))
    y = alt.Y("weight:Q", title=_("mean attention"), scale=alt.Scale(zero=True))
    tooltip = [
        alt.Tooltip("label:N", title=axis),
        alt.Tooltip("weight:Q", format=".4f", title=_("mean attention")),
        alt.Tooltip("rows:Q", format=",", title=_("items")),
    ]
    base = alt.Chart(frame).encode(x=x, tooltip=tooltip)
    rules = base.mark_rule(strokeWidth=2).encode(y=alt.Y("low:Q", title=_("mean attention")), y2="high:Q")
    points = base.mark_point(filled=True, size=80, color=hue("din"), opacity=1).encode(y=y)
    return readable(alt.layer(rules, points), title=title, height=280)
