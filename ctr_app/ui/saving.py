"""Charts as files: SVG and PNG made by the server when someone asks for them, without a network or a browser."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from .state import free_key
from .words import _

# Where a chart takes the width of its page, its file is so wide, in pixels.
WIDTH = 680
PNG_SCALE = 2.0
# The theme draws with a font that only the browser has; the names of what is on nearly every machine, or bundled.
FONT = "Arial, Liberation Sans, sans-serif"
RULES = {False: "#dcdfeb", True: "#333a52"}  # grid lines on the light and on the dark background

Spec = Mapping[str, Any]
Frames = Mapping[str, pd.DataFrame]


def menu(spec: Spec, frames: Frames, name: str, key: str, is_dark: bool) -> None:
    """A small menu below a chart that saves it as SVG or PNG, or its numbers as CSV, each made when it is pressed.

    ``name`` is that of the files, without an ending; ``key`` becomes that of the widgets, numbered if it is taken.
    """
    key = free_key(f"save-{key}", "-svg")
    files: dict[str, tuple[str, str, Callable[[], bytes]]] = {
        "svg": (_("Picture (SVG)"), "image/svg+xml", partial(svg, spec, frames, is_dark)),
        "png": (_("Picture (PNG)"), "image/png", partial(png, spec, frames, is_dark)),
        "csv": (_("Numbers (CSV)"), "text/csv", partial(numbers, frames)),
    }
    with st.popover(_("Save"), icon=":material/download:", type="tertiary", key=key):
        for ending, (label, kind, make) in files.items():
            st.download_button(
                label, make, f"{name}.{ending}", kind, key=f"{key}-{ending}", on_click="ignore", width="stretch"
            )


def svg(spec: Spec, frames: Frames, is_dark: bool) -> bytes:
    """The chart as an SVG file on the background of its theme."""
    import vl_convert

    whole, config = _whole(spec, frames), _theme(is_dark)
    return str(vl_convert.vegalite_to_svg(whole, config=config, allowed_base_urls=[])).encode()


def png(spec: Spec, frames: Frames, is_dark: bool) -> bytes:
    """The chart as a PNG file, twice as fine as on a plain screen. Letters need a font that this machine has."""
    import vl_convert

    whole, config = _whole(spec, frames), _theme(is_dark)
    return bytes(vl_convert.vegalite_to_png(whole, scale=PNG_SCALE, config=config, allowed_base_urls=[]))


def numbers(frames: Frames) -> bytes:
    """The longest of a chart's frames as CSV: that of its marks, where others hold a line or a label."""
    longest = max(frames.values(), key=len, default=pd.DataFrame())
    return longest.to_csv(index=False).encode()


def _whole(spec: Spec, frames: Frames) -> dict[str, Any]:
    """The specification with its rows in it."""
    rows = {name: json.loads(frame.to_json(orient="records", date_format="iso")) for name, frame in frames.items()}
    return {**spec, "datasets": rows}


def _theme(is_dark: bool) -> dict[str, Any]:
    """What the page's theme gives to every chart (Streamlit's frontend adds it in the browser), for a file."""
    theme = "dark" if is_dark else "light"
    text, rule = st.get_option(f"theme.{theme}.textColor"), RULES[is_dark]
    sequential = st.get_option(f"theme.{theme}.chartSequentialColors")
    categorical = st.get_option(f"theme.{theme}.chartCategoricalColors")
    return {
        "font": FONT,
        "background": st.get_option(f"theme.{theme}.backgroundColor"),
        "padding": 16,
        "fieldTitle": "verbal",
        "title": {"color": text, "fontWeight": 600},
        "axis": {
            "ticks": False,
            "domain": False,
            "gridColor": rule,
            "domainColor": rule,
            "labelPadding": 10,
            "titlePadding": 12,
            "titleFontWeight": 400,
        },
        "axisDiscrete": {"grid": False},
        "axisXBand": {"grid": False},
        "legend": {"titleFontWeight": 400, "labelPadding": 10, "padding": 6},
        "range": {
            "category": categorical,
            "diverging": st.get_option(f"theme.{theme}.chartDivergingColors"),
            "ramp": sequential,
            "heatmap": sequential,
        },
        "view": {"stroke": "transparent", "continuousWidth": WIDTH, "continuousHeight": 320},
        "mark": {"color": categorical[0]},
    }
