"""Charts as files: what the server makes of them when a person saves one."""

from __future__ import annotations

import io
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from ctr_app.explain.cross_layers import CrossLayer
from ctr_app.explain.pairs import pair_frame
from ctr_app.training.run_store import Run
from ctr_app.ui import charts, matrix, pair_charts, saving
from ctr_app.ui.drawing import Drawing

from .conftest import OpenPage

NAMES = ["site", "a.b[0]", "slot"]


def heatmap(title: str) -> Drawing:
    frame = pair_frame(NAMES, np.arange(9.0).reshape(3, 3))
    return pair_charts.pair_heatmap(
        NAMES, frame, charts.titled(title, "on 3 rows"), "logits", [("site", "slot")], "picked"
    )


def test_a_saved_svg_holds_title_names_and_one_mark_for_each_cell() -> None:
    drawing = heatmap("site & slot interact most")
    root = ElementTree.fromstring(saving.svg(drawing.spec, drawing.frames, is_dark=False))
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert {"site & slot interact most", "on 3 rows", "logits", *NAMES} <= set(texts)
    cells = [e for e in root.iter("{http://www.w3.org/2000/svg}path") if e.get("aria-roledescription") == "rect mark"]
    assert len(cells) == 6


@pytest.mark.parametrize(("is_dark", "background"), [(False, (255, 255, 255)), (True, (18, 21, 31))])
def test_a_saved_png_has_the_background_of_its_theme_and_something_on_it(
    is_dark: bool, background: tuple[int, int, int]
) -> None:
    drawing = heatmap("site and slot")
    picture = Image.open(io.BytesIO(saving.png(drawing.spec, drawing.frames, is_dark))).convert("RGB")
    assert picture.getpixel((0, 0)) == background
    assert len(picture.getcolors(2**20) or []) > 50


def test_the_image_in_a_matrix_is_saved_with_it() -> None:
    weights = np.full((4, 4), 1.0)
    layer = CrossLayer(0, weights, {"a": slice(0, 2), "b": slice(2, 4)})
    drawing = matrix.cross_matrix(layer, np.ones((2, 2)), charts.titled("W"), False)
    picture = Image.open(io.BytesIO(saving.png(drawing.spec, drawing.frames, False))).convert("RGB")
    assert picture.getpixel((picture.width // 3, picture.height // 3)) == (28, 69, 135)  # the blue end of the scale


def test_saved_numbers_are_those_of_the_marks() -> None:
    frames = {"rule": pd.DataFrame({"at": [1.0]}), "marks": pd.DataFrame({"x": [1, 2], "y": [3, 4]})}
    assert saving.numbers(frames) == b"x,y\n1,3\n2,4\n"
    assert saving.numbers({}).strip() == b""


def test_every_chart_of_a_page_can_be_saved(open_page: OpenPage, trained: dict[str, Run]) -> None:
    app = open_page("interactions", trained["FM"])
    assert not app.exception
    charts_shown = app.get("vega_lite_chart") + app.get("arrow_vega_lite_chart")
    pressed = [button.proto for button in app.get("download_button")]
    by_ending = [[b for b in pressed if b.id.endswith(f"-{ending}")] for ending in ("svg", "png")]
    assert len(charts_shown) >= 3
    assert [len(found) for found in by_ending] == [len(charts_shown)] * 2


@pytest.mark.parametrize(
    ("page", "model"),
    [("train", "FM"), ("interactions", "FM"), ("attention", "DIN"), ("evaluate", "FM"), ("predictions", "FM")],
)
def test_what_a_page_shows_can_be_drawn_by_the_server_too(
    open_page: OpenPage, trained: dict[str, Run], monkeypatch: pytest.MonkeyPatch, page: str, model: str
) -> None:
    drawn: list[bytes] = []

    def at_once(spec: saving.Spec, frames: saving.Frames, name: str, key: str, is_dark: bool) -> None:
        assert name
        assert key
        drawn.append(saving.svg(spec, frames, is_dark))

    monkeypatch.setattr(saving, "menu", at_once)
    app = open_page(page, trained[model])
    assert not app.exception
    assert drawn
    for picture in drawn:
        assert sum(1 for element in ElementTree.fromstring(picture).iter() if element.tag.endswith("path")) > 2
