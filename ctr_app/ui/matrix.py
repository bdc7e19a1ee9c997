"""Large matrices as one image under readable axes, instead of a mark per cell."""

from __future__ import annotations

import base64
import io
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from PIL import Image

from ..data.errors import shorten
from ..explain.cross_layers import CrossLayer
from . import charts
from .drawing import kept
from .words import _

IMAGE_PIXELS = 620
MIN_BLOCK_PIXELS = 8
# More marks than this take the browser seconds to draw.
MOST_BLOCKS = 1600
# The theme's diverging colours, since an image cannot ask the theme for them.
DIVERGING = {
    False: ("#8a3b06", "#d98641", "#f8e6d6", "#ffffff", "#dfe8f6", "#6d97d3", "#1c4587"),
    True: ("#f7c08d", "#bb7134", "#3f322c", "#12151f", "#2a3448", "#4b80bb", "#b3cff2"),
}


@kept
def cross_matrix(
    layer: CrossLayer, norms: np.ndarray, title: dict[str, str], is_dark: bool, selection: str | None = None
) -> Any:
    """W of one cross layer as an image, with the fields' blocks marked; a block's tooltip has its norm.

    Blocks can be picked; of very many only the strongest.
    """
    width = len(layer.matrix)
    room = 7 * max(len(shorten(name, 18)) for name in layer.slices) + 8
    axis = alt.Axis(labels=False, ticks=False, grid=False, domain=False, titlePadding=room)
    x: dict[str, Any] = {
        "scale": alt.Scale(domain=[0, width], nice=False),
        "axis": axis,
        "title": _("reads this input"),
    }
    y: dict[str, Any] = {
        "scale": alt.Scale(domain=[width, 0], nice=False),
        "axis": axis,
        "title": _("multiplies this input"),
    }
    image = pd.DataFrame({"x": [width / 2], "y": [width / 2], "url": [image_url(layer.matrix, is_dark)]})
    whole: dict[str, Any] = {"width": alt.ExprRef("width"), "height": alt.ExprRef("height"), "aspect": False}
    picture = alt.Chart(image).mark_image(**whole).encode(x=alt.X("x:Q", **x), y=alt.Y("y:Q", **y), url="url:N")
    blocks = alt.Chart(_blocks(layer, norms)).mark_rect(fillOpacity=0)
    if selection:
        picked = alt.selection_point(name=selection, fields=["row", "column"], toggle=False, empty=False)
        width_of_edge = alt.condition(picked, alt.value(2.5), alt.value(0))
        blocks = blocks.add_params(picked).encode(strokeWidth=width_of_edge, stroke=alt.value(charts.MUTED[is_dark]))
    hover = blocks.encode(
        x=alt.X("left:Q", **x),
        x2="right:Q",
        y=alt.Y("top:Q", **y),
        y2="bottom:Q",
        tooltip=[
            alt.Tooltip("row:N", title=_("multiplies")),
            alt.Tooltip("column:N", title=_("reads")),
            alt.Tooltip("norm:Q", format=".4f", title=_("block norm")),
        ],
    )
    edges = alt.Chart(_edges(layer))
    lines = [
        edges.mark_rule(strokeWidth=0.7, opacity=0.6).encode(x=alt.X("edge:Q", **x)),
        edges.mark_rule(strokeWidth=0.7, opacity=0.6).encode(y=alt.Y("edge:Q", **y)),
    ]
    chart = alt.layer(picture, *lines, hover, *_field_labels(layer))
    return charts.readable(chart, title=title, width=IMAGE_PIXELS, height=IMAGE_PIXELS)


def image_url(matrix: np.ndarray, is_dark: bool) -> str:
    """A PNG of the matrix as a data URL: a diverging scale centred at zero, full at the 99.5th percentile."""
    limit = float(np.quantile(np.abs(matrix), 0.995)) or 1.0
    stops = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in DIVERGING[is_dark]], dtype=np.float64)
    positions = np.clip(matrix / limit, -1, 1) / 2 + 0.5
    grid = np.linspace(0, 1, len(stops))
    colours = np.stack([np.interp(positions, grid, stops[:, channel]) for channel in range(3)], axis=-1)
    picture = Image.fromarray(colours.round().astype(np.uint8))
    if len(matrix) < IMAGE_PIXELS:
        picture = picture.resize((IMAGE_PIXELS * 2, IMAGE_PIXELS * 2), Image.Resampling.NEAREST)
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


def _edges(layer: CrossLayer) -> pd.DataFrame:
    """Where one field ends and the next begins, unless they lie too close to be told apart."""
    edges = [0.0]
    for block in layer.slices.values():
        if (block.stop - edges[-1]) * IMAGE_PIXELS / len(layer.matrix) >= MIN_BLOCK_PIXELS:
            edges.append(float(block.stop))
    return pd.DataFrame({"edge": edges})


def _blocks(layer: CrossLayer, norms: np.ndarray) -> pd.DataFrame:
    """Where the strongest blocks lie, by the names of their row and column, and their norms."""
    names, slices = list(layer.slices), list(layer.slices.values())
    strongest = np.argsort(-norms, axis=None, kind="stable")[:MOST_BLOCKS]
    places = [divmod(int(place), len(names)) for place in strongest]
    return pd.DataFrame(
        {
            "row": [names[i] for i, _j in places],
            "column": [names[j] for _i, j in places],
            "left": [slices[j].start for _i, j in places],
            "right": [slices[j].stop for _i, j in places],
            "top": [slices[i].start for i, _j in places],
            "bottom": [slices[i].stop for i, _j in places],
            "norm": norms.ravel()[strongest].astype(float),
        }
    )


def _field_labels(layer: CrossLayer) -> list[Any]:
    """Field names beside the rows and under the columns; in a crowd only those that have room."""
    width = len(layer.matrix)
    gap = 14.0 * width / IMAGE_PIXELS
    chosen: list[tuple[str, float]] = []
    for name, block in layer.slices.items():
        middle = (block.start + block.stop) / 2
        if not chosen or middle - chosen[-1][1] >= gap:
            chosen.append((shorten(name, 18), middle))
    frame = alt.Chart(pd.DataFrame(chosen, columns=["text", "middle"]))
    down = alt.Y("middle:Q", scale=alt.Scale(domain=[width, 0], nice=False))
    across = alt.X("middle:Q", scale=alt.Scale(domain=[0, width], nice=False))
    rows = frame.mark_text(align="right", dx=-8, fontSize=12).encode(x=alt.value(0), y=down, text="text:N")
    columns = frame.mark_text(align="right", angle=315, dx=-4, dy=8, fontSize=12)
    return [rows, columns.encode(y=alt.value(alt.ExprRef("height")), x=across, text="text:N")]
