"""Inside one pair of fields: its value × value table."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from ..data.errors import shorten
from ..training.run_store import Run
from . import charts, readouts
from .words import _


def draw(run: Run, frame: pd.DataFrame, picked: tuple[str, str] | None) -> None:
    """The value × value table of one pair: the one picked on the map, or any other."""
    options = list(zip(frame["field_a"], frame["field_b"], strict=True))
    index = next((i for i, pair in enumerate(options) if picked and set(pair) == set(picked)), 0)
    pair = (
        st.selectbox(
            _("Pair"),
            options,
            index=index,
            key=f"interactions-pair-{run.id}-{index}",
            format_func=lambda pair: f"{pair[0]} × {pair[1]}",
        )
        or options[0]
    )
    table = readouts.values(run.id, *pair)
    strongest = table.iloc[int(table["effect"].abs().argmax())]
    direction = _("raises") if strongest["effect"] > 0 else _("lowers")
    sentence = _(
        "{a} with {b} {direction} the logit by {effect:.2f}",
        a=shorten(f"{pair[0]} {strongest['value_a']}", 32),
        b=shorten(f"{pair[1]} {strongest['value_b']}", 32),
        direction=direction,
        effect=abs(strongest["effect"]),
    )
    title = charts.titled(
        sentence, _("effect of the two values together, main effects taken out; the most frequent values")
    )
    charts.value_heatmap(table, pair[0], pair[1], title).draw(alt=sentence, width="content")
    unseen = int((table["support"] == 0).sum())
    if unseen:
        st.caption(
            _(
                "{count} of these combinations (with a dot) never occurred in the training rows; the model still has "
                "an opinion on them, carried over from other combinations.",
                count=unseen,
            )
        )
