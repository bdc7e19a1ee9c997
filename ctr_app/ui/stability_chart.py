"""The picture of seeds and nulls: strongest pairs with intervals, and each pair's null line."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from ..data.errors import shorten
from .charts import MUTED, RING, hue, in_order, readable
from .drawing import is_dark, kept
from .words import _

STEP = 28
LEAST_SHOWN, MOST_SHOWN, MORE_THAN_PASS = 12, 30, 6


def shown_pairs(frame: pd.DataFrame) -> pd.DataFrame:
    """The pairs that fit into the picture: the strongest, among them those that pass and some that do not."""
    return frame.head(min(MOST_SHOWN, max(LEAST_SHOWN, int(frame["passes"].sum()) + MORE_THAN_PASS)))


@kept
def stability_chart(
    frame: pd.DataFrame, title: dict[str, str], family: str, true_pairs: Sequence[Sequence[str]] = ()
) -> Any:
    """One line per pair: its mean strength with the interval over seeds, and its null line as a step.

    ``frame`` is that of ``stability``, strongest first. Pairs above their line are filled, others hollow and muted;
    without a line all are filled. Planted pairs are marked with a ring.
    """
    shown = _labelled(frame)
    has_line = bool(shown["line"].notna().any())
    muted = alt.value(MUTED[is_dark()])
    axis = alt.Axis(labelLimit=300, labelOverlap=False, labelFlush=False)
    y = alt.Y("pair:N", sort=in_order(shown["pair"]), title=None, axis=axis)
    x = alt.X("strength:Q", title=_("logits (RMS)"), scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=6))
    color = alt.condition("datum.is_strong", alt.value(hue(family)), muted)
    base = alt.Chart(shown).encode(y=y, tooltip=_tooltip(has_line))
    layers = [
        base.transform_filter("isValid(datum.low)").mark_rule(strokeWidth=3).encode(x="low:Q", x2="high:Q", color=color)
    ]
    if has_line:
        layers.append(base.mark_tick(thickness=3, size=STEP, opacity=0.9).encode(x="line:Q", color=muted))
    strong, weak = (base.transform_filter(f"{sign}datum.is_strong") for sign in ("", "!"))
    layers.append(strong.mark_point(filled=True, size=110, opacity=1, color=hue(family)).encode(x=x))
    layers.append(weak.mark_point(filled=False, size=80, strokeWidth=2, opacity=1).encode(x=x, color=muted))
    if len(true_pairs):
        truth = {frozenset(pair) for pair in true_pairs}
        planted = [frozenset(pair) in truth for pair in zip(shown["field_a"], shown["field_b"], strict=True)]
        rings = alt.Chart(shown[planted]).mark_point(filled=False, size=330, strokeWidth=3, color=RING, opacity=1)
        layers.append(rings.encode(x=x, y=y))
    return readable(alt.layer(*layers), title=title, height=alt.Step(STEP))


def _labelled(frame: pd.DataFrame) -> pd.DataFrame:
    """The frame with a name for each pair, no two alike."""
    names = pd.Series(
        [f"{shorten(a, 24)} × {shorten(b, 24)}" for a, b in zip(frame["field_a"], frame["field_b"], strict=True)],
        index=frame.index,
        dtype=object,
    )
    number = names.groupby(names).cumcount()
    unlike = [name if count == 0 else f"{name} ({count + 1})" for name, count in zip(names, number, strict=True)]
    return frame.assign(pair=unlike, is_strong=frame["passes"] | frame["line"].isna())


def _tooltip(has_line: bool) -> list[alt.Tooltip]:
    columns = {
        "pair": _("pair"),
        "strength": _("mean over seeds"),
        "low": _("at least (95 %)"),
        "high": _("at most (95 %)"),
    }
    if has_line:
        columns |= {"line": _("null line"), "p_value": _("p-value")}
    return [
        alt.Tooltip(f"{name}:N", title=title)
        if name == "pair"
        else alt.Tooltip(f"{name}:Q", format=".2g" if name == "p_value" else ".4f", title=title)
        for name, title in columns.items()
    ]
