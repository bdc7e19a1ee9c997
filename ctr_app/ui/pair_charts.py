"""Charts of pairs of fields: maps, the strongest as bars, blocks of W; and the parts that other maps are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from ..data.errors import shorten
from ..explain.pairs import LEAST_STRENGTH
from .charts import BACKGROUND, MUTED, RING, SLANTED, UPRIGHT, hue, in_order, readable, titled
from .drawing import is_dark, kept
from .words import _

HEATMAP_WIDTH = 400
# More fields than this do not fit on a map beside the ranking.
MOST_FIELDS = 40
# From this many on, cells and names are small.
CROWD = 24
CROWDED: dict[str, Any] = {"labelOverlap": False, "labelFlush": False, "labelLimit": 80}


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
                "strength:Q", title=unit, scale=_scale(frame["strength"]), legend=alt.Legend(gradientLength=180)
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


def _scale(strengths: pd.Series) -> alt.Scale:
    """From 0 to the strongest; where all is nothing, a scale on which it looks so."""
    return alt.Scale(domainMin=0) if strengths.max() >= LEAST_STRENGTH else alt.Scale(domain=[0, 1])


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
    y = alt.Y("pair:N", sort=in_order(shown["pair"]), title=None, axis=alt.Axis(labelLimit=260))
    x = alt.X("strength:Q", title=unit, axis=alt.Axis(tickCount=6), scale=_scale(frame["strength"]))
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


def _across(count: int) -> alt.Axis:
    return SLANTED if count <= CROWD else alt.Axis(labelAngle=-45, **CROWDED)


def _down(count: int) -> alt.Axis:
    return UPRIGHT if count <= CROWD else alt.Axis(**CROWDED)


def cell_step(count: int) -> alt.Step:
    """The width of a square cell where ``count`` of them stand in a row."""
    return alt.Step(_cell(count))


def _cell(count: int) -> int:
    return round(min(64, max(14, HEATMAP_WIDTH / max(1, count))))
