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
from ..explain.weights import CrossLayer
from . import charts
from .words import _

IMAGE_PIXELS = 640
# The theme's diverging colours, since an image cannot ask the theme for them.
DIVERGING = {
    False: ("#8a3b06", "#d98641", "#f8e6d6", "#ffffff", "#dfe8f6", "#6d97d3", "#1c4587"),
    True: ("#f7c08d", "#bb7134", "#3f322c", "#12151f", "#2a3448", "#4b80bb", "#b3cff2"),
}


def cross_matrix(layer: CrossLayer, norms: np.ndarray, title: alt.TitleParams, is_dark: bool) -> Any:
    """W of one cross layer as an image, with the fields' blocks marked; a block's tooltip has its norm."""
    width = len(layer.matrix)
    scale = alt.Scale(domain=[0, width], nice=False)
    down = alt.Scale(domain=[width, 0], nice=False)
    image = alt.Chart(pd.DataFrame({"x": [width / 2], "y": [width / 2], "url": [image_url(layer.matrix, is_dark)]}))
    axis = alt.Axis(labels=False, ticks=False, grid=False, domain=False)
    picture = image.mark_image(width=IMAGE_PIXELS, height=IMAGE_PIXELS, aspect=False).encode(
        x=alt.X("x:Q", scale=scale, title=_("reads this input"), axis=axis),
        y=alt.Y("y:Q", scale=down, title=_("multiplies this input"), axis=axis),
        url="url:N",
    )
    blocks = _blocks(layer, norms)
    line = "#555f7a" if not is_dark else "#8d97b3"
    hover = (
        alt.Chart(blocks)
        .mark_rect(fillOpacity=0, stroke=line, strokeWidth=0.6, strokeOpacity=0.7)
        .encode(
            x=alt.X("left:Q", scale=scale, axis=axis),
            x2="right:Q",
            y=alt.Y("top:Q", scale=down, axis=axis),
            y2="bottom:Q",
            tooltip=[
                alt.Tooltip("row:N", title=_("multiplies")),
                alt.Tooltip("column:N", title=_("reads")),
                alt.Tooltip("norm:Q", format=".4f", title=_("block norm")),
            ],
        )
    )
    return charts.readable(
        alt.layer(picture, hover, *_field_labels(layer)),
        title=title,
        width=IMAGE_PIXELS,
        height=IMAGE_PIXELS,
        padding={"left": 130, "bottom": 120, "top": 5, "right": 5},
    )


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


def _blocks(layer: CrossLayer, norms: np.ndarray) -> pd.DataFrame:
    names = list(layer.slices)
    return pd.DataFrame(
        [
            (
                a,
                b,
                layer.slices[b].start,
                layer.slices[b].stop,
                layer.slices[a].start,
                layer.slices[a].stop,
                float(norms[i, j]),
            )
            for i, a in enumerate(names)
            for j, b in enumerate(names)
        ],
        columns=["row", "column", "left", "right", "top", "bottom", "norm"],
    )


def _field_labels(layer: CrossLayer) -> list[Any]:
    """Field names beside the rows and under the columns; in a crowd only those that have room."""
    width = len(layer.matrix)
    gap = 13.5 * width / IMAGE_PIXELS
    chosen, last = [], -gap
    for name, block in layer.slices.items():
        middle = (block.start + block.stop) / 2
        if middle - last >= gap:
            chosen.append((shorten(name, 18), middle))
            last = middle
    frame = pd.DataFrame(chosen, columns=["text", "middle"])
    text = {"fontSize": 12}
    rows = (
        alt.Chart(frame)
        .mark_text(align="right", dx=-8, **text)
        .encode(x=alt.value(0), y=alt.Y("middle:Q", scale=alt.Scale(domain=[width, 0], nice=False)), text="text:N")
    )
    columns = (
        alt.Chart(frame)
        .mark_text(align="right", angle=315, dx=-6, dy=6, **text)
        .encode(
            y=alt.value(IMAGE_PIXELS),
            x=alt.X("middle:Q", scale=alt.Scale(domain=[0, width], nice=False)),
            text="text:N",
        )
    )
    return [rows, columns]
