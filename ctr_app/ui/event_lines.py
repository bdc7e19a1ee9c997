"""Rows built of events as time lines: what each user did before, and the item on offer at the end."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from ..data.errors import shorten
from ..data.event_examples import ExampleRow
from .charts import LABEL_SIZE, hue, readable, titled
from .drawing import is_dark, kept
from .words import _

LINE_HEIGHT = 92
BACKGROUND = {False: "#ffffff", True: "#12151f"}
# A title on two lines of so many characters fits between two points.
TITLE_WIDTH, TITLE_LINES = 17, 2


def frame_of(rows: Sequence[ExampleRow], names: Mapping[str, str], user: str) -> pd.DataFrame:
    """One row per event: the line it stands on, its place from 0 back, its title cut to fit and whole, when, and what.

    ``is_offered`` is the item at the end; ``is_filled`` whatever is not a row without a click.
    """
    cells = []
    for row in rows:
        line = f"{shorten(user, 14)} {shorten(row.user, 14)}"
        for back, (item, when) in enumerate(reversed((*row.history, row.candidate))):
            whole = shorten(names.get(item, item), 80)
            label = _("click") if row.is_click else _("no click")
            what = _("before") if back else label
            cells.append((line, -back, _cut(whole), whole, when, what, back == 0, back > 0 or row.is_click))
    columns = ["line", "place", "title", "whole", "when", "what", "is_offered", "is_filled"]
    return pd.DataFrame(cells, columns=columns)


@kept
def history_lines(frame: pd.DataFrame) -> Any:
    """One line for each example row, time from left to right; ``frame`` is that of ``frame_of``."""
    first = int(frame["place"].min())
    scale = alt.Scale(domain=[first - 0.6, 0.6], nice=False)
    x = alt.X("place:Q", axis=None, scale=scale)
    y = alt.Y("line:N", sort=None, title=None, axis=alt.Axis(labelLimit=220, domain=False, ticks=False, grid=False))
    tooltip = [
        alt.Tooltip("whole:N", title=_("item")),
        alt.Tooltip("when:N", title=_("when")),
        alt.Tooltip("what:N", title=_("what")),
    ]
    base = alt.Chart(frame).encode(x=x, y=y)
    line = base.mark_line(strokeWidth=2, opacity=0.4, color=hue("din")).encode(detail="line:N")
    points = base.mark_point(size=90, strokeWidth=2.5, color=hue("din"), opacity=1).encode(
        tooltip=tooltip,
        shape=alt.condition("datum.is_offered", alt.value("square"), alt.value("circle")),
        fill=alt.condition("datum.is_filled", alt.value(hue("din")), alt.value(BACKGROUND[is_dark()])),
    )
    titles = base.mark_text(dy=14, baseline="top", fontSize=LABEL_SIZE, lineBreak="\n").encode(text="title:N")
    offered = base.transform_filter("datum.is_offered").mark_text(dy=-18, fontSize=LABEL_SIZE, fontWeight="bold")
    chart = alt.layer(line, points, titles, offered.encode(text="what:N"))
    title = titled(
        _("A row is what a user did before, and an item on offer"),
        _("{count} of the rows; the square at the end is the item on offer", count=frame["line"].nunique()),
    )
    return readable(chart, title=title, height=alt.Step(LINE_HEIGHT))


def _cut(title: str) -> str:
    """The title on as many lines as fit."""
    return "\n".join(
        textwrap.wrap(title, TITLE_WIDTH, max_lines=TITLE_LINES, placeholder="…", break_on_hyphens=False) or [title]
    )
