"""The map of field pairs while a run trains: what it sees so far."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from ..explain.snapshots import snapshot, snapshot_epochs
from ..training.run_store import Run
from . import beginnings, charts, film_charts, pair_charts, readouts
from .words import _, plain


def draw(run: Run) -> None:
    """The latest map that was kept, nothing before the first; one spec for all, so that only cells change."""
    epochs = snapshot_epochs(run)
    found = snapshot(run, epochs[-1]) if epochs else None
    if found is None or found.empty:
        return
    frame = found[found["readout"] == found["readout"].iloc[0]]
    names = pair_charts.strongest_names(readouts.fields_of(run.id), frame)
    title = charts.titled(_("What it sees so far"), _("pairs of fields; the strongest has the strongest colour"))
    chart = film_charts.film_map(names, frame, None, title, _("logits (RMS)"))
    chart.draw(alt=_("What it sees so far"), width="content")
    st.caption(_in_words(run, frame.iloc[0], epochs[-1]))


def _in_words(run: Run, strongest: pd.Series, epoch: int) -> str:
    if epoch == 0:
        return _("Before training, {what}.", what=beginnings.before_training(run))
    a, b = plain(strongest["field_a"]), plain(strongest["field_b"])
    return _("After epoch {epoch}, {a} × {b} is the strongest pair.", epoch=epoch, a=a, b=b)
