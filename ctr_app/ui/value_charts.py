"""Charts of one pair of fields value by value, and of pairs of values that no row has together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import altair as alt
import pandas as pd

from ..data.errors import shorten
from . import charts
from .drawing import is_dark, kept
from .words import _

CELL = "picked_values"
# More columns than this have no room for a number in each cell.
MOST_NUMBERED = 14
WIDE, NARROW, HEIGHT = 50, 30, 32
# A CTR of fewer rows than this is chance, and does not stretch the scale.
FEW_ROWS = 20
# The scale of effects goes at least so far, so that nothing looks like something nowhere.
LEAST_EFFECT = 0.05


@dataclass(frozen=True)
class Measure:
    """What the cells of the table show: a column of it, what it is called, and how a number of it is written."""

    column: str
    label: str
    unit: str
    format: str


MEASURES = {
    "effect": Measure("effect", "Effect", "logits", "+.2f"),
    "support": Measure("support", "Rows with both", "rows", ".3~s"),
    "observed": Measure("observed", "Observed CTR", "observed CTR", ".0%"),
    "predicted": Measure("predicted", "Predicted CTR", "predicted CTR", ".0%"),
}


@kept
def value_heatmap(table: pd.DataFrame, field_a: str, field_b: str, measure: str, title: dict[str, str]) -> Any:
    """One measure of each pair of values, in colour and in figures; cells can be picked.

    Pairs that no row has together have a dot. Effects are on one diverging scale centred at zero, the two CTR on one
    and the same scale.
    """
    shown, scale = MEASURES[measure], _scale(table, measure)
    order_a, order_b = (list(dict.fromkeys(table[column])) for column in ("name_a", "name_b"))
    is_numbered = len(order_b) <= MOST_NUMBERED
    table = table.assign(number=table[shown.column].round(4) + 0.0)
    x = alt.X("name_b:N", sort=order_b, title=shorten(field_b), axis=charts.SLANTED)
    y = alt.Y("name_a:N", sort=order_a, title=shorten(field_a), axis=charts.UPRIGHT)
    picked = alt.selection_point(name=CELL, fields=["name_a", "name_b"], toggle=False)
    legend = alt.Legend(gradientLength=180, format=shown.format)
    base = alt.Chart(table).encode(x=x, y=y, tooltip=_tooltip(field_a, field_b))
    color = alt.Color("number:Q", title=_(shown.unit), scale=scale, legend=legend)
    stroke = alt.condition(picked, alt.value(charts.INK[is_dark()]), alt.value(None), empty=False)
    layers = [base.mark_rect(cornerRadius=2, strokeWidth=3).encode(color=color, stroke=stroke).add_params(picked)]
    if is_numbered:
        layers.append(_numbers(base, shown.format))
    layers.append(_dots(base, is_numbered))
    size = {"width": alt.Step(WIDE if is_numbered else NARROW), "height": alt.Step(HEIGHT)}
    return charts.readable(alt.layer(*layers), title=title, **size)


@kept
def unseen_bars(frame: pd.DataFrame, title: dict[str, str]) -> Any:
    """Effects of pairs of values that no row has together, strongest on top; ``frame`` is that of strongest_unseen."""
    shown = frame.assign(pair=pair_labels(frame))
    limit = max(LEAST_EFFECT, float(shown["effect"].abs().max()))
    tooltip = [
        alt.Tooltip("pair:N", title=_("pair")),
        alt.Tooltip("effect:Q", format="+.3f", title=_("effect in logits")),
        alt.Tooltip("predicted:Q", format=".1%", title=_("predicted CTR")),
        alt.Tooltip("rows_a:Q", format=",", title=_("rows with the first")),
        alt.Tooltip("rows_b:Q", format=",", title=_("rows with the second")),
        alt.Tooltip("expected:Q", format=".1f", title=_("rows with both to be expected")),
    ]
    bars = (
        alt.Chart(shown)
        .mark_bar(cornerRadiusEnd=3)
        .encode(
            x=alt.X("effect:Q", title=_("effect in logits"), scale=alt.Scale(zero=True)),
            y=alt.Y("pair:N", sort=charts.in_order(shown["pair"]), title=None, axis=alt.Axis(labelLimit=420)),
            color=alt.Color("effect:Q", scale=alt.Scale(range="diverging", domain=[-limit, limit]), legend=None),
            tooltip=tooltip,
        )
    )
    return charts.readable(bars, title=title, height=26 * len(shown) + 70)


def pair_labels(frame: pd.DataFrame) -> list[str]:
    """``hour 23:00 × slot top`` for each line, no two alike."""
    sides = zip(frame["field_a"], frame["name_a"], frame["field_b"], frame["name_b"], strict=True)
    labels = [f"{shorten(f'{a} {i}', 32)} × {shorten(f'{b} {j}', 32)}" for a, i, b, j in sides]
    repeated = pd.Series(labels).duplicated(keep=False)
    return [
        f"{n}. {label}" if again else label for n, (label, again) in enumerate(zip(labels, repeated, strict=True), 1)
    ]


def seen(table: pd.DataFrame, rows: int = 1) -> pd.DataFrame:
    """The cells that at least so many rows have, or else those with the most rows."""
    return table[table["support"] >= min(rows, table["support"].max())]


def most(table: pd.DataFrame, column: str) -> pd.Series:
    """The line that is furthest from 0 in that column."""
    return table.iloc[int(table[column].abs().argmax())]


def called(field: str, name: str) -> str:
    """A field and one of its values, each cut in the middle if it is long."""
    return f"{shorten(field, 18)} {shorten(name, 26)}"


def signed(number: float) -> str:
    """A number with its sign, as charts write it."""
    return f"{number:+.2f}".replace("-", "−")


def _tooltip(field_a: str, field_b: str) -> list[alt.Tooltip]:
    """All that is known of a cell, whatever its colour shows."""
    return [
        alt.Tooltip("name_a:N", title=shorten(field_a)),
        alt.Tooltip("name_b:N", title=shorten(field_b)),
        alt.Tooltip("effect:Q", format="+.4f", title=_("effect in logits")),
        alt.Tooltip("support:Q", format=",", title=_("rows with both")),
        alt.Tooltip("observed:Q", format=".1%", title=_("observed CTR")),
        alt.Tooltip("predicted:Q", format=".1%", title=_("predicted CTR")),
    ]


def _scale(table: pd.DataFrame, measure: str) -> alt.Scale:
    if measure == "effect":
        limit = max(LEAST_EFFECT, float(table["effect"].abs().max()))
        return alt.Scale(range="diverging", domain=[-limit, limit])
    if measure == "support":
        return alt.Scale(domain=[0, max(1.0, float(table["support"].max()))])
    return alt.Scale(domain=[0, _highest_rate(table)], clamp=True)


def _highest_rate(table: pd.DataFrame) -> float:
    """The upper end of the one scale of both CTR: the highest that is more than chance."""
    observed = table.loc[table["support"] >= FEW_ROWS, "observed"]
    return max(0.01, float(observed.max()) if len(observed) else 0.0, float(table["predicted"].max()))


def _numbers(base: alt.Chart, format: str) -> alt.Chart:
    """The figure of each cell, black or white, whichever stands out more from the cell."""
    cell = "scale('color', datum.number)"
    is_light = f"contrast('black', {cell}) > contrast('white', {cell})"
    color = alt.condition(is_light, alt.value("#000000"), alt.value("#ffffff"))
    numbers = base.transform_filter("isValid(datum.number)").mark_text(fontSize=charts.LABEL_SIZE)
    return numbers.encode(text=alt.Text("number:Q", format=format), color=color)


def _dots(base: alt.Chart, is_numbered: bool) -> alt.Chart:
    """A dot on pairs that no row has together: in the corner where a number stands in the middle."""
    across, up = (WIDE * 0.38, HEIGHT * 0.3) if is_numbered else (0.0, 0.0)
    dots = base.transform_filter("datum.support === 0")
    color = charts.MUTED[is_dark()]
    return dots.mark_point(size=22, filled=True, opacity=0.9, color=color, xOffset=across, yOffset=-up)
