"""Altair charts from tidy frames. Column names are our own; names from data appear only as values and titles."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from ..training.progress import Curves
from .drawing import Drawing, is_dark, kept
from .words import _

LABEL_SIZE = 13
MUTED = {False: "#59637f", True: "#a7b0cc"}  # on the light and on the dark background
INK = {False: "#000000", True: "#ffffff"}
HUES = {
    "fm": {False: "#2563c9", True: "#6ea3f2"},
    "dcn": {False: "#b4540a", True: "#e9944b"},
    "din": {False: "#0f7b6c", True: "#45bfa9"},
}
BACKGROUND = {False: "#ffffff", True: "#12151f"}
RING = "#e0457b"
TITLE_SIZE = 14
# Train, validation and test are told apart by the same three line styles everywhere.
DASHES: dict[str, list[int]] = {"train": [1, 0], "valid": [6, 3], "test": [2, 3]}
UPRIGHT = alt.Axis(labelOverlap=False, labelFlush=False)
SLANTED = alt.Axis(labelAngle=-45, labelOverlap=False, labelFlush=False)
EPOCHS = alt.Axis(format="d", tickMinStep=1)
# A curve of more points looks the same and takes longer to send.
MOST_POINTS = 1000


def readable(chart: Any, **properties: Any) -> Any:
    """The chart with text that can be read from the last row."""
    muted = MUTED[is_dark()]
    return (
        chart.properties(**properties)
        .configure_axis(
            labelFontSize=LABEL_SIZE, titleFontSize=LABEL_SIZE, labelLimit=170, labelColor=muted, titleColor=muted
        )
        .configure_legend(labelFontSize=LABEL_SIZE, titleFontSize=LABEL_SIZE, labelColor=muted, titleColor=muted)
        .configure_title(
            fontSize=TITLE_SIZE + 2, subtitleFontSize=LABEL_SIZE, subtitleColor=muted, anchor="start", offset=10
        )
        .configure_text(color=muted)
        .configure_rule(color=muted)
        .configure_view(strokeWidth=0)
    )


def hue(family: str) -> str:
    """The colour of a model family."""
    return HUES[family][is_dark()]


def in_order(names: pd.Series) -> list[str]:
    """The names as they stand in the rows, for the ``sort`` of an axis.

    Without it a browser that gets other rows for the same chart keeps the order of the earlier ones.
    """
    return list(dict.fromkeys(names))


def titled(title: str, subtitle: str = "") -> dict[str, str]:
    """A chart's title: the sentence it proves, and under it what is measured."""
    return {"text": title, "subtitle": subtitle} if subtitle else {"text": title}


def loss_chart(found: Curves, epochs: float, family: str) -> Drawing:
    """Training loss, smoothed, with the validation loss of each epoch."""
    train = thinned(found.loss.rename(columns={"smoothed": "value"}).assign(split=_("training, smoothed")))
    valid = found.evals.rename(columns={"logloss": "value"}).assign(split=_("validation"))
    lines = pd.concat([train, valid])[["epoch", "value", "split"]]
    return _loss_lines(epochs, family, len(valid) > 0).filled(lines=lines, valid=valid)


@kept
def _loss_lines(epochs: float, family: str, has_valid: bool) -> Any:
    x = alt.X("epoch:Q", title=_("epoch"), axis=EPOCHS, scale=alt.Scale(domain=[0, epochs], nice=False))
    y = alt.Y("value:Q", title=_("logloss"), scale=alt.Scale(zero=False))
    style = _split_style([_("training, smoothed"), _("validation")])
    base = alt.Chart(alt.NamedData("lines")).encode(x=x, y=y, strokeDash=style)
    layers = [base.mark_line(strokeWidth=2.5, color=hue(family))]
    if has_valid:
        points = alt.Chart(alt.NamedData("valid")).mark_point(filled=True, size=45, color=hue(family), opacity=1)
        layers.append(points.encode(x=x, y=y))
    return readable(alt.layer(*layers), title=titled(_("Loss by epoch")), height=300)


def auc_chart(found: Curves, epochs: float, family: str, best_possible: float | None) -> Drawing:
    """Validation AUC of each epoch, with the best that can be reached where that is known."""
    low = min(0.5, float(found.evals["auc"].min())) if len(found.evals) else 0.5
    return _auc_line(epochs, family, best_possible, low).filled(evals=found.evals)


@kept
def _auc_line(epochs: float, family: str, best_possible: float | None, low: float) -> Any:
    top = 1.0 if best_possible is None else min(1.0, np.ceil((best_possible + 0.02) * 20) / 20)
    x = alt.X("epoch:Q", title=_("epoch"), axis=EPOCHS, scale=alt.Scale(domain=[0, epochs], nice=False))
    y = alt.Y("auc:Q", title=_("validation AUC"), scale=alt.Scale(domain=[low, top], nice=False))
    evals = alt.Chart(alt.NamedData("evals"))
    line = evals.mark_line(strokeWidth=2.5, strokeDash=DASHES["valid"], color=hue(family))
    points = evals.mark_point(filled=True, color=hue(family), opacity=1).encode(
        x=x,
        y=y,
        size=alt.condition("datum.is_best", alt.value(70), alt.value(35)),
        tooltip=[
            alt.Tooltip("epoch:Q"),
            alt.Tooltip("auc:Q", format=".4f", title="AUC"),
            alt.Tooltip("logloss:Q", format=".4f"),
        ],
    )
    layers = [line.encode(x=x, y=y), points]
    if best_possible is not None:
        limit = pd.DataFrame({"auc": [best_possible], "text": [_("best possible {auc:.2f}", auc=best_possible)]})
        layers.append(alt.Chart(limit).mark_rule(strokeDash=[8, 5], strokeWidth=2, opacity=0.8).encode(y=y))
        layers.append(
            alt.Chart(limit)
            .mark_text(align="left", dx=6, dy=-9, fontSize=LABEL_SIZE)
            .encode(y=y, x=alt.value(0), text="text:N")
        )
    return readable(alt.layer(*layers), title=titled(_("AUC by epoch")), height=300)


def thinned(frame: pd.DataFrame, most: int = MOST_POINTS) -> pd.DataFrame:
    """At most ``most`` rows of a long curve, evenly spaced, the latest among them."""
    step = -(-len(frame) // most) if len(frame) else 1
    return frame.iloc[::-step].iloc[::-1]


def bars_over_history(
    frame: pd.DataFrame, value: str, title: dict[str, str], axis: str, is_signed: bool, is_labelled: bool = True
) -> Drawing:
    """One bar per history item; ``frame`` has ``label`` (unique, from top to bottom) and the column ``value``.

    Without labels it stands to the right of a chart that has them.
    """
    limit = float(frame[value].abs().max()) or 1.0
    told = tuple(name for name in ("kind", "time") if name in frame)
    shown = frame[["label", *told]].assign(amount=frame[value], share=frame[value] / limit)
    bars = _history_bars(axis, is_signed, is_labelled, told, height=max(160, 26 * len(shown) + 90))
    return bars.entitled(title).ordered("y", shown["label"].tolist()).filled(bars=shown)


@kept
def _history_bars(axis: str, is_signed: bool, is_labelled: bool, told: tuple[str, ...], height: int) -> Any:
    labels = alt.Axis(labelLimit=340, labelOverlap=False, labelFlush=False)
    scale = alt.Scale(range="diverging", domain=[-1, 1])
    bars = alt.Chart(alt.NamedData("bars")).mark_bar(cornerRadiusEnd=3)
    bars = bars.encode(
        x=alt.X("amount:Q", title=axis, scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=5)),
        y=alt.Y("label:N", title=None, axis=labels if is_labelled else None),
        color=alt.Color("share:Q", scale=scale, legend=None) if is_signed else alt.value(hue("din")),
        tooltip=[
            alt.Tooltip("label:N", title=_("item")),
            *(alt.Tooltip(f"{name}:N", title=_(name)) for name in told),
            alt.Tooltip("amount:Q", format="+.4f", title=axis),
        ],
    )
    return readable(bars, height=height)


@kept
def compare_curves(frame: pd.DataFrame) -> Any:
    """Validation AUC by epoch of several runs; ``frame`` has run, epoch, auc."""
    chart = (
        alt.Chart(frame)
        .mark_line(point=True, strokeWidth=2.5, strokeDash=DASHES["valid"])
        .encode(
            x=alt.X("epoch:Q", title=_("epoch"), axis=EPOCHS),
            y=alt.Y("auc:Q", title=_("validation AUC"), scale=alt.Scale(zero=False)),
            color=alt.Color("run:N", title=None, legend=alt.Legend(orient="bottom", labelLimit=420, columns=2)),
            tooltip=["run:N", "epoch:Q", alt.Tooltip("auc:Q", format=".4f")],
        )
    )
    return readable(chart, title=titled(_("Validation AUC by epoch")), height=340)


def _split_style(names: list[str]) -> alt.StrokeDash:
    return alt.StrokeDash(
        "split:N",
        title=None,
        legend=alt.Legend(orient="top-right"),
        scale=alt.Scale(domain=names, range=[DASHES["train"], DASHES["valid"]]),
    )
