"""The picture of recovery: how many of the planted pairs each readout has found by each epoch."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from ..explain.recovery import Pairs, recovery_by_epoch
from ..explain.snapshots import snapshot_epochs
from ..training.run_store import Run
from . import readouts
from .charts import EPOCHS, LABEL_SIZE, hue, readable, titled
from .drawing import Drawing, kept
from .words import _

READOUT_NAMES = {"weights": "By weights", "behaviour": "By behaviour", "counts": "By counts"}
# Two readouts of one model share its colour, and are told apart by their line and its mark.
LINES = {"weights": [1, 0], "behaviour": [7, 4]}
MARKS = {"weights": "square", "behaviour": "circle"}


def by_epoch(run: Run, true_pairs: Pairs) -> pd.DataFrame:
    """How well each readout of the run found the true pairs at the epochs that are kept so far."""
    film = readouts.film(run.id, tuple(snapshot_epochs(run)))
    return recovery_by_epoch(film, true_pairs) if len(film) else film


def recovery_chart(found: pd.DataFrame, k: int, epochs: float, family: str, sentence: str) -> Drawing:
    """Pairs found among the k strongest, by epoch and readout (``recovery_by_epoch``)."""
    names = [_(READOUT_NAMES[readout]) for readout in LINES]
    lines = found.assign(name=found["readout"].map({r: _(READOUT_NAMES[r]) for r in LINES}))
    return _lines(names, k, epochs, family, sentence).filled(found=lines)


@kept
def _lines(names: list[str], k: int, epochs: float, family: str, sentence: str) -> Any:
    x = alt.X("epoch:Q", title=_("epoch"), axis=EPOCHS, scale=alt.Scale(domain=[0, epochs], nice=False))
    y = alt.Y(
        "found:Q",
        title=_("planted pairs found"),
        scale=alt.Scale(domain=[0, 1.06 * k], nice=False),
        axis=alt.Axis(format="d", tickMinStep=1),
    )
    legend = alt.Legend(orient="top", direction="horizontal", symbolStrokeWidth=2.5)
    dash = alt.StrokeDash("name:N", title=None, legend=legend, scale=alt.Scale(domain=names, range=[*LINES.values()]))
    shape = alt.Shape("name:N", title=None, legend=legend, scale=alt.Scale(domain=names, range=[*MARKS.values()]))
    base = alt.Chart(alt.NamedData("found")).encode(x=x, y=y)
    told = [
        alt.Tooltip("name:N", title=_("measured")),
        alt.Tooltip("epoch:Q", title=_("epoch")),
        alt.Tooltip("found:Q", title=_("planted pairs found")),
        alt.Tooltip("auc:Q", format=".3f", title=_("pair AUC")),
    ]
    limit = pd.DataFrame({"found": [k], "text": [_("all {count} pairs", count=k)]})
    layers = [
        alt.Chart(limit).mark_rule(strokeDash=[8, 5], strokeWidth=2, opacity=0.8).encode(y=y),
        alt.Chart(limit)
        .mark_text(align="left", dx=6, dy=12, fontSize=LABEL_SIZE)
        .encode(y=y, x=alt.value(0), text="text:N"),
        base.mark_line(strokeWidth=2.5, color=hue(family)).encode(strokeDash=dash),
        base.mark_point(size=60, filled=True, color=hue(family), opacity=1).encode(shape=shape, tooltip=told),
    ]
    return readable(alt.layer(*layers), title=titled(sentence), height=300)
