"""What the Runs page draws: every run, what differs between the picked ones, and their curves in one chart."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from ..training.progress import curves
from ..training.run_store import Run
from . import charts, parts, services
from .runs_table import open_links, runs_table
from .words import _, plain


def draw() -> None:
    """The whole page."""
    st.title(_("Runs"))
    if not services.runs().list():
        parts.empty_state(_("No runs yet. Train a model, and it is listed here."), "train", _("Train a model"))
    picked = runs_table(key="runs-table")
    if not picked:
        st.caption(_("Pick one run to open it, or several to compare them."))
        return
    if len(picked) == 1:
        run = picked[0]
        st.subheader(plain(parts.run_label(run)))
        if run.status().reason:
            st.caption(plain(_(run.status().reason)))
        open_links(run)
    _curves(picked)
    if len(picked) > 1:
        _differences(picked)


def _curves(picked: list[Run]) -> None:
    frames = [curves(run.history()).evals.assign(run=parts.run_label(run)) for run in picked]
    frame = pd.concat(frames)
    if frame.empty:
        st.caption(_("No epoch of these runs has ended, so there is no curve yet."))
        return
    charts.compare_curves(frame).draw(alt=_("Validation AUC by epoch of the picked runs"))


def _differences(picked: list[Run]) -> None:
    """Only the settings in which the picked runs differ."""
    settings = {}
    for run in picked:
        spec = run.spec()
        settings[run.id] = {
            "model": spec.title,
            "data": spec.dataset_id,
            **spec.model,
            **spec.training,
            "split": spec.preparation.split.method,
            "minimum count": spec.preparation.min_count,
        }
    frame = pd.DataFrame(settings).astype(str)
    differing = frame[frame.nunique(axis=1) > 1]
    st.subheader(_("What differs"))
    if differing.empty:
        st.caption(_("These runs have the same settings; they differ by chance alone."))
    else:
        st.dataframe(differing)
