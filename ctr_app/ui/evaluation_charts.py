"""Charts of scored rows. Columns of the frames are our own; names from data appear only as values."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from ..data.errors import shorten
from .charts import MUTED, hue, readable
from .drawing import is_dark, kept
from .words import _

HEIGHT = 360
DIAGONAL = pd.DataFrame({"x": [0.0, 1.0], "y": [0.0, 1.0]})
SHARE = alt.Axis(format="%", tickCount=6)


@kept
def calibration_chart(found: pd.DataFrame, family: str, title: dict[str, str]) -> Any:
    """Observed against predicted CTR, bin by bin, with intervals; on the dashed line both agree."""
    most = min(1.0, 1.08 * float(max(found["predicted"].max(), found["high"].max())))
    scale = alt.Scale(domain=[0, most], nice=False)
    x = alt.X("predicted:Q", title=_("predicted CTR"), scale=scale, axis=SHARE)
    y = alt.Y("observed:Q", title=_("observed CTR"), scale=scale, axis=SHARE)
    bins = alt.Chart(found)
    tooltip = [
        alt.Tooltip("predicted:Q", format=".2%", title=_("predicted CTR")),
        alt.Tooltip("observed:Q", format=".2%", title=_("observed CTR")),
        alt.Tooltip("low:Q", format=".2%", title=_("at least (95 %)")),
        alt.Tooltip("high:Q", format=".2%", title=_("at most (95 %)")),
        alt.Tooltip("rows:Q", format=",", title=_("rows")),
    ]
    layers = [
        _diagonal(most),
        bins.mark_rule(strokeWidth=2).encode(x=x, y=alt.Y("low:Q", title=_("observed CTR")), y2="high:Q"),
        bins.mark_line(strokeWidth=2, color=hue(family), opacity=0.6).encode(x=x, y=y),
        bins.mark_point(filled=True, size=80, color=hue(family), opacity=1).encode(x=x, y=y, tooltip=tooltip),
    ]
    return readable(alt.layer(*layers), title=title, height=HEIGHT)


@kept
def roc_chart(found: pd.DataFrame, family: str, title: dict[str, str]) -> Any:
    """Share of clicks found against share of false alarms."""
    x = alt.X("fpr:Q", title=_("false alarms, of all rows without a click"), axis=SHARE)
    y = alt.Y("tpr:Q", title=_("clicks found, of all clicks"), axis=SHARE)
    return _curve(found, x, y, family, title, [_diagonal(1.0)])


@kept
def precision_chart(found: pd.DataFrame, rate: float, family: str, title: dict[str, str]) -> Any:
    """Precision against recall; the dashed line is what guessing gives."""
    x = alt.X("recall:Q", title=_("recall: clicks found, of all clicks"), axis=SHARE)
    y = alt.Y("precision:Q", title=_("precision: clicks, of all rows taken"), axis=SHARE)
    guess = alt.Chart(pd.DataFrame({"precision": [rate]})).mark_rule(strokeDash=[6, 4], strokeWidth=1.5)
    return _curve(found, x, y, family, title, [guess.encode(y="precision:Q")])


@kept
def lift_chart(found: pd.DataFrame, family: str, title: dict[str, str]) -> Any:
    """Share of clicks among the rows with the highest CTR."""
    x = alt.X("rows:Q", title=_("rows with the highest CTR, of all rows"), axis=SHARE)
    y = alt.Y("clicks:Q", title=_("clicks found, of all clicks"), axis=SHARE)
    more = [alt.Tooltip("lift:Q", format=".2f", title=_("lift"))]
    return _curve(found, x, y, family, title, [_diagonal(1.0)], more)


@kept
def scores_chart(found: pd.DataFrame, family: str, title: dict[str, str]) -> Any:
    """How rows with and without a click spread over CTR; the fill and the outline tell them apart."""
    shown = found.assign(who=found["label"].map({1: _("clicks"), 0: _("no clicks")}), zero=0.0)
    x = alt.X("start:Q", title=_("predicted CTR"), axis=SHARE)
    y = alt.Y("share:Q", title=_("share of the rows"), axis=alt.Axis(format="%", tickCount=5), stack=None)
    tooltip = [
        alt.Tooltip("start:Q", format=".1%", title=_("CTR from")),
        alt.Tooltip("stop:Q", format=".1%", title=_("to")),
        alt.Tooltip("share:Q", format=".1%", title=_("share of the rows")),
        alt.Tooltip("who:N", title=_("rows")),
    ]
    base = alt.Chart(shown).encode(x=x, x2="stop:Q", y=y, y2="zero:Q", tooltip=tooltip)
    clicks = base.transform_filter("datum.label == 1").mark_bar(color=hue(family), opacity=0.75)
    others = base.transform_filter("datum.label == 0").mark_bar(
        filled=False, strokeWidth=1.6, opacity=1, stroke=MUTED[is_dark()], binSpacing=0
    )
    return readable(alt.layer(clicks, others), title=title, height=HEIGHT)


@kept
def slices_chart(found: pd.DataFrame, family: str, title: dict[str, str]) -> Any:
    """For each slice the observed CTR with its interval as a line, and the predicted one as a diamond.

    ``found`` is that of ``slices``, with its name ``slice`` and its rows in words, ``support``.
    """
    names = [f"{shorten(n, 40)} ({rows})" for n, rows in zip(found["slice"], found["support"], strict=True)]
    shown = found.assign(slice=_unique(names))
    y = alt.Y("slice:N", sort=None, title=None, axis=alt.Axis(labelLimit=330, labelOverlap=False, labelFlush=False))
    tooltip = [
        alt.Tooltip("slice:N", title=_("slice")),
        alt.Tooltip("rows:Q", format=",", title=_("rows")),
        alt.Tooltip("predicted:Q", format=".2%", title=_("predicted CTR")),
        alt.Tooltip("observed:Q", format=".2%", title=_("observed CTR")),
        alt.Tooltip("surprise:Q", format="+.1f", title=_("gap in standard errors")),
    ]
    base, muted = alt.Chart(shown).encode(y=y, tooltip=tooltip), MUTED[is_dark()]
    x = alt.X("observed:Q", title=_("CTR"), axis=SHARE, scale=alt.Scale(zero=True))
    layers = [
        base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", title=_("CTR")), x2="high:Q"),
        base.mark_point(shape="stroke", angle=90, size=160, strokeWidth=2.5, opacity=1, color=muted).encode(x=x),
        base.mark_point(shape="diamond", filled=True, size=110, color=hue(family), opacity=1).encode(
            x=alt.X("predicted:Q", title=_("CTR"))
        ),
    ]
    return readable(alt.layer(*layers), title=title, height=30 * len(shown) + 60)


@kept
def importance_chart(found: pd.DataFrame, family: str, title: dict[str, str]) -> Any:
    """By field the rise of the logloss, and beside it the mean size of its contribution, both with intervals."""
    shown = found.assign(field=_unique([shorten(name, 30) for name in found["field"]]))
    worth = _field_bars(shown, ("rise", "low", "high"), _("rise of the logloss in nats"), family, has_names=True)
    moved = _field_bars(
        shown,
        ("attribution", "attribution_low", "attribution_high"),
        _("mean size of the contribution in logits"),
        family,
        has_names=False,
    )
    return readable(alt.hconcat(worth, moved, spacing=30), title=title)


def _field_bars(shown: pd.DataFrame, columns: tuple[str, str, str], words: str, family: str, *, has_names: bool) -> Any:
    """Bars with whiskers, of ``columns`` value, low and high, one for each field."""
    axis = alt.Axis(labelLimit=260, labelOverlap=False, labelFlush=False) if has_names else None
    value, low, high = columns
    tooltip = [
        alt.Tooltip("field:N", title=_("field")),
        alt.Tooltip("rise:Q", format="+.5f", title=_("rise of the logloss")),
        alt.Tooltip("attribution:Q", format=".4f", title=_("mean size of the contribution in logits")),
        alt.Tooltip("moved:Q", format=".4f", title=_("mean change of the logit when dealt out anew")),
    ]
    base = alt.Chart(shown).encode(
        y=alt.Y("field:N", sort=list(shown["field"]), title=None, axis=axis), tooltip=tooltip
    )
    x = alt.X(f"{value}:Q", title=words, axis=alt.Axis(tickCount=5))
    layers = [
        base.mark_bar(cornerRadiusEnd=3, color=hue(family)).encode(x=x),
        base.mark_rule(strokeWidth=2).encode(x=alt.X(f"{low}:Q", title=words), x2=f"{high}:Q"),
    ]
    return alt.layer(*layers).properties(width=380, height=26 * len(shown))


def _curve(
    found: pd.DataFrame,
    x: alt.X,
    y: alt.Y,
    family: str,
    title: dict[str, str],
    behind: list[Any],
    more: list[alt.Tooltip] | None = None,
) -> Any:
    tooltip = [alt.Tooltip(axis["shorthand"], format=".1%", title=axis["title"]) for axis in (x, y)]
    line = alt.Chart(found).mark_line(strokeWidth=2.5, color=hue(family), clip=True)
    return readable(
        alt.layer(*behind, line.encode(x=x, y=y, tooltip=[*tooltip, *(more or [])])), title=title, height=HEIGHT
    )


def _diagonal(most: float) -> Any:
    ends = DIAGONAL * most
    return (
        alt.Chart(ends)
        .mark_line(strokeDash=[6, 4], strokeWidth=1.5, opacity=0.8, color=MUTED[is_dark()])
        .encode(x="x:Q", y="y:Q")
    )


def _unique(names: list[str]) -> list[str]:
    """The names, with a number where two became alike."""
    seen: dict[str, int] = {}
    found = []
    for name in names:
        seen[name] = seen.get(name, 0) + 1
        found.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return found
