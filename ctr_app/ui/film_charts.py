"""The pictures of the film: a map of one epoch, curves with a rule at it, and the strength of pairs by epoch.

Their specs stay the same from epoch to epoch and only rows change, so that nothing jumps while the film plays.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from ..data.errors import shorten
from ..training.progress import Curves
from . import pair_charts
from .charts import DASHES, EPOCHS, LABEL_SIZE, MUTED, RING, hue, readable, thinned
from .drawing import Drawing, is_dark, kept
from .words import _

CURVE_HEIGHT, LINES_HEIGHT = 240, 360
# What a chart's title and its axis below take of its height.
AROUND_LINES = 120
# Share of the width of the picture of lines that their names take.
NAMES_SHARE = 0.3
Pairs = Sequence[Sequence[str]]


def film_map(
    names: Sequence[str],
    frame: pd.DataFrame,
    top: float | None,
    title: dict[str, str],
    unit: str,
    true_pairs: Pairs = (),
) -> Drawing:
    """The strengths ``frame`` of one epoch among ``names``, on the scale from 0 to ``top`` that all epochs share.

    Without ``top``, as long as later epochs are not known, the strongest pair has the strongest colour.
    """
    frame = frame[frame["field_a"].isin(names) & frame["field_b"].isin(names)][["field_a", "field_b", "strength"]]
    mirrored = frame.rename(columns={"field_a": "field_b", "field_b": "field_a"})
    return _map(list(names), top, title, unit, [tuple(pair) for pair in true_pairs if set(pair) <= set(names)]).filled(
        cells=pd.concat([frame, mirrored], ignore_index=True)
    )


@kept
def _map(
    names: list[str], top: float | None, title: dict[str, str], unit: str, true_pairs: list[tuple[str, ...]]
) -> Any:
    axes = pair_charts.map_axes(names)
    scale = alt.Scale(domainMin=0) if top is None else alt.Scale(domain=[0, top], clamp=True)
    cells = (
        alt.Chart(alt.NamedData("cells"))
        .mark_rect(cornerRadius=2)
        .encode(
            **axes,
            color=alt.Color("strength:Q", title=unit, scale=scale, legend=alt.Legend(gradientLength=180)),
            tooltip=[
                alt.Tooltip("field_a:N", title=_("field")),
                alt.Tooltip("field_b:N", title=_("with")),
                alt.Tooltip("strength:Q", format=".4f", title=unit),
            ],
        )
    )
    chart = cells + pair_charts.rings(names, true_pairs).encode(**axes) if true_pairs else cells
    return readable(
        chart, title=title, width=pair_charts.cell_step(len(names)), height=pair_charts.cell_step(len(names))
    )


def auc_curve(found: Curves, last: int, family: str) -> Drawing:
    """Validation AUC by epoch; ``at_epoch`` puts a rule into it."""
    lines = found.evals.rename(columns={"auc": "value"}).assign(split=_("validation"))[["epoch", "value", "split"]]
    return _curve(_("AUC"), _around(lines), last, family, has_legend=False).filled(lines=lines)


def loss_curve(found: Curves, last: int, family: str) -> Drawing:
    """Training and validation logloss by epoch; ``at_epoch`` puts a rule into it."""
    train = thinned(found.loss.rename(columns={"smoothed": "value"}).assign(split=_("training, smoothed")))
    valid = found.evals.rename(columns={"logloss": "value"}).assign(split=_("validation"))
    lines = pd.concat([train, valid])[["epoch", "value", "split"]]
    return _curve(_("logloss"), _around(lines), last, family, has_legend=True).filled(lines=lines)


def at_epoch(drawing: Drawing, epoch: int, value: float | None = None) -> Drawing:
    """A curve or lines with a rule at ``epoch``, and on a curve a point at its ``value`` there, if it has one."""
    return drawing.filled(now=pd.DataFrame({"epoch": [float(epoch)], "value": [np.nan if value is None else value]}))


def _around(lines: pd.DataFrame) -> list[float]:
    """Ends of an axis that holds all values, also where there is one only or none."""
    values = lines["value"].dropna()
    low, high = (float(values.min()), float(values.max())) if len(values) else (0.0, 1.0)
    margin = 0.06 * (high - low) or 0.01
    return [low - margin, high + margin]


@kept
def _curve(name: str, domain: list[float], last: int, family: str, has_legend: bool) -> Any:
    x = alt.X("epoch:Q", title=_("epoch"), axis=EPOCHS, scale=alt.Scale(domain=[0, last], nice=False))
    y = alt.Y("value:Q", title=name, scale=alt.Scale(domain=domain, nice=False), axis=alt.Axis(tickCount=4))
    splits = alt.Scale(domain=[_("training, smoothed"), _("validation")], range=[DASHES["train"], DASHES["valid"]])
    legend = alt.Legend(orient="top", direction="horizontal") if has_legend else None
    style = alt.StrokeDash("split:N", title=None, legend=legend, scale=splits)
    lines = alt.Chart(alt.NamedData("lines")).mark_line(strokeWidth=2.5, color=hue(family))
    now = alt.Chart(alt.NamedData("now"))
    layers = [
        lines.encode(x=x, y=y, strokeDash=style),
        now.mark_rule(strokeWidth=2).encode(x=x),
        now.mark_point(filled=True, size=110, color=hue(family), opacity=1).encode(x=x, y=y),
    ]
    return readable(alt.layer(*layers), height=CURVE_HEIGHT)


def pair_lines(
    wide: pd.DataFrame, num_strongest: int, title: dict[str, str], unit: str, family: str, truth: Pairs = ()
) -> Drawing:
    """Strength by epoch of the pairs in ``wide`` (``strengths_by_epoch``), the first ``num_strongest`` by name.

    Planted pairs have a ring at the end of their line; ``at_epoch`` puts a rule into it.
    """
    planted, pairs = {frozenset(pair) for pair in truth}, list(wide.columns)
    labels = np.array([" × ".join(shorten(name, 18) for name in pair) for pair in pairs], dtype=object)
    lines = wide.set_axis(range(len(pairs)), axis=1).melt(ignore_index=False, var_name="line", value_name="strength")
    lines = lines.reset_index().assign(label=labels[lines["line"].astype(int)])
    ends = pd.DataFrame({"label": labels, "strength": wide.iloc[-1].to_numpy(), "epoch": float(wide.index[-1])})
    top, named = float(wide.to_numpy().max()) or 1.0, ends.head(num_strongest)
    gap = top * 1.3 * LABEL_SIZE / (LINES_HEIGHT - AROUND_LINES)
    return _lines(int(wide.index[-1]), top, title, unit, family).filled(
        strongest=lines[lines["line"] < num_strongest],
        others=lines[lines["line"] >= num_strongest],
        names=named.assign(place=spread_out(named["strength"].to_numpy(), gap)),
        rings=ends[[frozenset(pair) in planted for pair in pairs]],
    )


@kept
def _lines(last: int, top: float, title: dict[str, str], unit: str, family: str) -> Any:
    far = last / (1 - NAMES_SHARE)
    axis = alt.Axis(format="d", values=list(range(0, last + 1, max(1, -(-last // 10)))), grid=False)
    x = alt.X("epoch:Q", title=_("epoch"), axis=axis, scale=alt.Scale(domain=[0, far], nice=False))
    y = alt.Y("strength:Q", title=unit, scale=alt.Scale(domain=[0, top], nice=True))
    told = [
        alt.Tooltip("label:N", title=_("pair")),
        alt.Tooltip("epoch:Q", title=_("epoch")),
        alt.Tooltip("strength:Q", format=".4f", title=unit),
    ]

    def lines(data: str, **style: Any) -> Any:
        chart = alt.Chart(alt.NamedData(data)).mark_line(**style)
        return chart.encode(x=x, y=y, detail="line:N", tooltip=told)

    layers = [
        lines("others", strokeWidth=1, color=MUTED[is_dark()], opacity=0.45),
        lines("strongest", strokeWidth=3, color=hue(family), point={"filled": True, "size": 36, "color": hue(family)}),
        alt.Chart(alt.NamedData("rings"))
        .mark_point(shape="circle", size=160, filled=False, strokeWidth=3, color=RING, opacity=1)
        .encode(x=x, y=y, tooltip=told),
        alt.Chart(alt.NamedData("names"))
        .mark_text(align="left", dx=14, fontSize=LABEL_SIZE)
        .encode(x=x, y=alt.Y("place:Q"), text="label:N"),
        alt.Chart(alt.NamedData("now")).mark_rule(strokeWidth=2).encode(x=x),
    ]
    return readable(alt.layer(*layers), title=title, height=LINES_HEIGHT)


def spread_out(places: np.ndarray, gap: float) -> np.ndarray:
    """``places`` (n,), highest first, moved down as little as keeps them ``gap`` apart, and up again from below 0."""
    moved = places.astype(float).copy()
    for i in range(1, len(moved)):
        moved[i] = min(moved[i], moved[i - 1] - gap)
    for i in range(len(moved) - 1, -1, -1):
        moved[i] = max(moved[i], gap * (len(moved) - 1 - i))
    return moved
