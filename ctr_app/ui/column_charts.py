"""Charts of one column. Names of columns of the frames are our own; names from data appear only as values."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from ..data.errors import shorten, spaced
from ..data.rates import MISSING_NAME, REST_NAME
from .charts import LABEL_SIZE, MUTED, readable, titled
from .drawing import is_dark, kept
from .words import _

ROWS_WIDTH, RATE_WIDTH, STEP = 240, 520, 26
ROOM_FOR_COUNT = 1.4
# A rate of fewer rows proves nothing.
ENOUGH_ROWS = 30


@kept
def rates_chart(found: pd.DataFrame, name: str, overall: float) -> Any:
    """Rows as bars, click rates with their 95 % intervals as points; ``found`` is that of ``label_rates``."""
    special = {MISSING_NAME: _("(missing)"), REST_NAME: _("(all others)")}
    found = found.assign(value=found["value"].replace(special), count=[spaced(rows) for rows in found["rows"]])
    y = alt.Y("value:N", sort=None, title=None, axis=alt.Axis(labelLimit=260, labelOverlap=False))
    tooltip = [
        alt.Tooltip("value:N", title=shorten(name)),
        alt.Tooltip("rows:Q", format=",", title=_("rows")),
        alt.Tooltip("rate:Q", format=".2%", title=_("click rate")),
        alt.Tooltip("low:Q", format=".2%", title=_("at least (95 %)")),
        alt.Tooltip("high:Q", format=".2%", title=_("at most (95 %)")),
    ]
    base = alt.Chart(found).encode(y=y, tooltip=tooltip)
    # All others together may be many more than any value: their bar ends where the longest of the values does.
    is_value = ~found["value"].isin(list(special.values()))
    most = int(found["rows"].where(is_value).max() if is_value.any() else found["rows"].max())
    scale = alt.Scale(domain=[0, most * ROOM_FOR_COUNT], nice=False)
    ends = base.transform_calculate(end=f"min(datum.rows, {most})").encode(
        x=alt.X("end:Q", title=_("rows"), scale=scale, axis=None)
    )
    bars = ends.mark_bar(cornerRadiusEnd=3, color=MUTED[is_dark()], opacity=0.65)
    counts = ends.mark_text(align="left", dx=5, fontSize=LABEL_SIZE).encode(text="count:N")
    bare = alt.Y("value:N", sort=None, title=None, axis=None)
    x = alt.X("rate:Q", title=_("click rate"), scale=alt.Scale(zero=True), axis=alt.Axis(format="%", tickCount=6))
    points = base.mark_point(filled=True, size=80, opacity=1).encode(x=x, y=bare)
    spread = base.mark_rule(strokeWidth=2).encode(x=alt.X("low:Q", title=_("click rate")), x2="high:Q", y=bare)
    mean = alt.Chart(pd.DataFrame({"rate": [overall]})).mark_rule(strokeDash=[6, 4], strokeWidth=1.5).encode(x="rate:Q")
    height = {"height": alt.Step(STEP)}
    chart = alt.hconcat(
        alt.layer(bars, counts).properties(width=ROWS_WIDTH, **height),
        alt.layer(mean, spread, points).properties(width=RATE_WIDTH, **height),
        spacing=16,
    )
    title = titled(_title(found, name, overall), _subtitle(found, overall))
    return readable(chart, title=title, autosize=alt.AutoSizeParams(type="pad"))


def _title(found: pd.DataFrame, name: str, overall: float) -> str:
    """The value that departs most from the mean, in a sentence."""
    enough = found[found["rows"] >= ENOUGH_ROWS]
    if len(enough) < 2:
        return shorten(name)
    apart = enough.iloc[int((enough["rate"] - overall).abs().argmax())]
    if apart["low"] <= overall <= apart["high"]:
        return _("No value of {column} is far from the mean", column=shorten(name))
    return _("{column} {value}: {rate:.1%} are clicks", column=shorten(name), value=apart["value"], rate=apart["rate"])


def _subtitle(found: pd.DataFrame, overall: float) -> str:
    return _(
        "Click rate with its 95 % interval; dashed, the rate of all {rows} rows: {overall:.1%}",
        rows=spaced(int(found["rows"].sum())),
        overall=overall,
    )
