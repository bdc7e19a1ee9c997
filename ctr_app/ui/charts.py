"""Altair charts from tidy frames. Column names are our own; names from data appear only as values and titles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from ..data.errors import shorten
from ..training.progress import Curves
from .drawing import Drawing, is_dark, kept
from .words import _

LABEL_SIZE = 13
MUTED = {False: "#59637f", True: "#a7b0cc"}  # on the light and on the dark background
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
HEATMAP_WIDTH = 400
# More fields than this do not fit on a map beside the ranking.
MOST_FIELDS = 40
UPRIGHT = alt.Axis(labelOverlap=False, labelFlush=False)
SLANTED = alt.Axis(labelAngle=-45, labelOverlap=False, labelFlush=False)
# From this many on, cells and names are small.
CROWD = 24
CROWDED: dict[str, Any] = {"labelOverlap": False, "labelFlush": False, "labelLimit": 80}
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


def strongest_names(names: Sequence[str], frame: pd.DataFrame) -> list[str]:
    """The names that fit on a map, in their own order: those of the strongest pairs, which ``frame`` begins with."""
    if len(names) <= MOST_FIELDS:
        return list(names)
    ranked = dict.fromkeys(frame[["field_a", "field_b"]].to_numpy().ravel())
    chosen = set(list(ranked)[:MOST_FIELDS])
    return [name for name in names if name in chosen]


def among(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The pairs of these fields."""
    return frame[frame["field_a"].isin(names) & frame["field_b"].isin(names)]


@kept
def pair_heatmap(
    names: Sequence[str],
    frame: pd.DataFrame,
    title: dict[str, str],
    unit: str,
    true_pairs: Sequence[Sequence[str]] = (),
    selection: str | None = None,
    doubted: Sequence[Sequence[str]] = (),
) -> Any:
    """Strengths among the fields ``names``, both halves; cells can be picked.

    Planted pairs are rings, where given; pairs ``doubted``, on which maps disagree, have a small diamond.
    """
    encode = map_axes(names)
    cells = (
        alt.Chart(both_halves(frame, names))
        .mark_rect(stroke=None, cornerRadius=2)
        .encode(
            **encode,
            color=alt.Color(
                "strength:Q", title=unit, scale=alt.Scale(domainMin=0), legend=alt.Legend(gradientLength=180)
            ),
            tooltip=[
                alt.Tooltip("field_a:N", title=_("field")),
                alt.Tooltip("field_b:N", title=_("with")),
                alt.Tooltip("strength:Q", format=".4f", title=unit),
            ],
        )
    )
    if selection:
        picked = alt.selection_point(name=selection, fields=["field_a", "field_b"], toggle=False)
        cells = cells.add_params(picked).encode(
            opacity=alt.condition(picked, alt.value(1.0), alt.value(0.55)),
        )
    chart = cells
    if len(true_pairs):
        chart = chart + rings(names, true_pairs).encode(**encode)
    if len(doubted):
        chart = chart + diamonds(names, doubted).encode(**encode)
    return readable(chart, title=title, width=cell_step(len(names)), height=cell_step(len(names)))


def map_axes(names: Sequence[str]) -> dict[str, Any]:
    """The axes of a map of the fields ``names``: x is ``field_b``, y is ``field_a``."""
    order = list(names)
    return {
        "x": alt.X("field_b:N", sort=order, title=None, axis=_across(len(order))),
        "y": alt.Y("field_a:N", sort=order, title=None, axis=_down(len(order))),
    }


def rings(names: Sequence[str], true_pairs: Sequence[Sequence[str]], cell: int | None = None) -> Any:
    """Rings around the true pairs on a map of the fields ``names``, in both halves, with cells of ``cell`` pixels."""
    cell = cell or _cell(len(names))
    return alt.Chart(both_halves(_as_frame(true_pairs), names)).mark_point(
        shape="circle", size=(0.62 * cell) ** 2, filled=False, strokeWidth=min(3.0, cell / 5), color=RING, opacity=1
    )


def diamonds(names: Sequence[str], pairs: Sequence[Sequence[str]], cell: int | None = None) -> Any:
    """Small diamonds on pairs of fields, in both halves of a map of the fields ``names``."""
    size = max(20.0, (0.3 * (cell or _cell(len(names)))) ** 2)
    return alt.Chart(both_halves(_as_frame(pairs), names)).mark_point(
        shape="diamond", size=size, fill=BACKGROUND[is_dark()], stroke=MUTED[is_dark()], strokeWidth=1.5, opacity=1
    )


def both_halves(frame: pd.DataFrame, names: Sequence[str]) -> pd.DataFrame:
    """The pairs among ``names``, each the one way round and the other."""
    frame = among(frame, names)
    return pd.concat([frame, frame.rename(columns={"field_a": "field_b", "field_b": "field_a"})], ignore_index=True)


def _as_frame(pairs: Sequence[Sequence[str]]) -> pd.DataFrame:
    return pd.DataFrame([tuple(pair) for pair in pairs], columns=["field_a", "field_b"])


@kept
def ranking(
    frame: pd.DataFrame, unit: str, family: str, true_pairs: Sequence[Sequence[str]] = (), top: int = 12
) -> Any:
    """The strongest pairs as bars, strongest on top; planted ones are marked with a ring."""
    truth = {frozenset(pair) for pair in true_pairs}
    shown = frame.head(top).assign(
        pair=[f"{shorten(a, 24)} × {shorten(b, 24)}" for a, b in zip(frame["field_a"], frame["field_b"], strict=True)][
            :top
        ],
        planted=[frozenset(p) in truth for p in zip(frame["field_a"], frame["field_b"], strict=True)][:top],
    )
    y = alt.Y("pair:N", sort=None, title=None, axis=alt.Axis(labelLimit=260))
    x = alt.X("strength:Q", title=unit)
    bars = (
        alt.Chart(shown)
        .mark_bar(cornerRadiusEnd=3, color=hue(family))
        .encode(
            x=x,
            y=y,
            tooltip=[alt.Tooltip("pair:N", title=_("pair")), alt.Tooltip("strength:Q", format=".4f", title=unit)],
        )
    )
    if truth:
        rings = alt.Chart(shown[shown["planted"]]).mark_point(
            shape="circle", size=130, filled=False, strokeWidth=3, color=RING, opacity=1
        )
        bars = bars + rings.encode(x=x, y=y)
    return readable(bars, title=titled(_("Strongest pairs")), height=26 * len(shown) + 70)


def block_frame(names: Sequence[str], norms: np.ndarray) -> pd.DataFrame:
    """A number for each block of W, largest first: field_a is multiplied, field_b is read."""
    pairs = [(a, b, float(norms[i, j])) for i, a in enumerate(names) for j, b in enumerate(names)]
    frame = pd.DataFrame(pairs, columns=["field_a", "field_b", "norm"])
    return frame.sort_values("norm", ascending=False)


@kept
def block_chart(names: Sequence[str], frame: pd.DataFrame, title: dict[str, str], unit: str) -> Any:
    """A number for each block of W among the fields ``names``: row = field multiplied, column = field read.

    ``frame`` is that of ``block_frame``.
    """
    frame = among(frame, names)
    chart = (
        alt.Chart(frame)
        .mark_rect(cornerRadius=2)
        .encode(
            x=alt.X("field_b:N", sort=list(names), title=_("reads"), axis=_across(len(names))),
            y=alt.Y("field_a:N", sort=list(names), title=_("multiplies"), axis=_down(len(names))),
            color=alt.Color("norm:Q", title=unit, scale=alt.Scale(domainMin=0)),
            tooltip=[
                alt.Tooltip("field_a:N", title=_("multiplies")),
                alt.Tooltip("field_b:N", title=_("reads")),
                alt.Tooltip("norm:Q", format=".4f", title=unit),
            ],
        )
    )
    return readable(chart, title=title, width=cell_step(len(names)), height=cell_step(len(names)))


@kept
def bars_over_history(
    frame: pd.DataFrame, value: str, title: dict[str, str], axis: str, is_signed: bool, is_labelled: bool = True
) -> Any:
    """One bar per history item; ``frame`` has ``label`` (unique, from top to bottom) and the column ``value``.

    Without labels it stands to the right of a chart that has them.
    """
    shown = frame.rename(columns={value: "amount"})
    labels = alt.Axis(labelLimit=340, labelOverlap=False, labelFlush=False)
    y = alt.Y("label:N", sort=None, title=None, axis=labels if is_labelled else None)
    limit = float(shown["amount"].abs().max()) or 1.0
    scale = alt.Scale(range="diverging", domain=[-limit, limit])
    color = alt.Color("amount:Q", scale=scale, legend=None) if is_signed else alt.value(hue("din"))
    chart = (
        alt.Chart(shown)
        .mark_bar(cornerRadiusEnd=3)
        .encode(
            x=alt.X("amount:Q", title=axis, scale=alt.Scale(zero=True), axis=alt.Axis(tickCount=5)),
            y=y,
            color=color,
            tooltip=[
                alt.Tooltip("label:N", title=_("item")),
                *(alt.Tooltip(f"{name}:N", title=_(name)) for name in ("kind", "time") if name in shown),
                alt.Tooltip("amount:Q", format="+.4f", title=axis),
            ],
        )
    )
    return readable(chart, title=title, height=max(160, 26 * len(shown) + 90))


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


def _across(count: int) -> alt.Axis:
    return SLANTED if count <= CROWD else alt.Axis(labelAngle=-45, **CROWDED)


def _down(count: int) -> alt.Axis:
    return UPRIGHT if count <= CROWD else alt.Axis(**CROWDED)


def cell_step(count: int) -> alt.Step:
    """The width of a square cell where ``count`` of them stand in a row."""
    return alt.Step(_cell(count))


def _cell(count: int) -> int:
    return round(min(64, max(14, HEATMAP_WIDTH / max(1, count))))
