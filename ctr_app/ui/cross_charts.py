"""The picture of what crosses are worth: four models, and the interval of the gain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from .charts import LABEL_SIZE, MUTED, hue, readable
from .drawing import is_dark, kept
from .words import _


@kept
def gain_chart(frame: pd.DataFrame, order: Sequence[str], title: dict[str, str], best_possible: float | None) -> Any:
    """AUC of each model as a dot, filled with crosses; a whisker from ``low`` to ``high`` where there is a gain.

    ``frame`` has model, family (lr or fm), has_crosses, auc, low and high, the last two NaN without crosses.
    """
    y = alt.Y("model:N", sort=list(order), title=None, axis=alt.Axis(labelLimit=260))
    x = alt.X(
        "auc:Q", title=_("AUC"), scale=alt.Scale(zero=False, padding=24), axis=alt.Axis(format=".3f", tickCount=6)
    )
    color = alt.Color(
        "family:N", legend=None, scale=alt.Scale(domain=["lr", "fm"], range=[MUTED[is_dark()], hue("fm")])
    )
    base = alt.Chart(frame)
    whiskers = (
        alt.Chart(frame[frame["has_crosses"]])
        .mark_rule(strokeWidth=2.5)
        .encode(y=y, x=alt.X("low:Q"), x2="high:Q", color=color)
    )
    dots = base.mark_point(size=170, strokeWidth=2.5, opacity=1).encode(
        x=x,
        y=y,
        color=color,
        fill=alt.condition("datum.has_crosses", color, alt.value("transparent")),
        tooltip=[
            alt.Tooltip("model:N", title=_("model")),
            alt.Tooltip("auc:Q", format=".4f", title=_("AUC")),
            alt.Tooltip("low:Q", format=".4f", title=_("interval from")),
            alt.Tooltip("high:Q", format=".4f", title=_("interval to")),
        ],
    )
    numbers = base.mark_text(dy=-17, fontSize=LABEL_SIZE).encode(x=x, y=y, text=alt.Text("auc:Q", format=".4f"))
    layers = [whiskers, dots, numbers]
    if best_possible is not None:
        limit = alt.Chart(pd.DataFrame({"auc": [best_possible], "text": [_("best possible")]}))
        layers.append(limit.mark_rule(strokeDash=[8, 5], strokeWidth=2, opacity=0.8).encode(x=x))
        words = limit.mark_text(align="right", dx=-6, dy=8, fontSize=LABEL_SIZE)
        layers.append(words.encode(x=x, y=alt.value(0), text="text:N"))
    return readable(alt.layer(*layers), title=title, height=66 * len(order) + 60)
