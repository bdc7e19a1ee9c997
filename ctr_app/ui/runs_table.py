"""The table of runs, for Home and Runs."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pandas as pd
import streamlit as st

from ..training.run_store import Run
from . import services
from .navigation import link_to
from .words import _


def runs_table(limit: int | None = None, key: str | None = None) -> list[Run]:
    """Draw the newest runs; with ``key`` rows can be picked, and the picked runs come back."""
    found = services.runs().list()[:limit]
    if not found:
        st.caption(_("No runs yet. Press one of the buttons above, or train a model on a table of your own."))
        return []
    frame = pd.DataFrame([_line(run) for run in found])
    config: dict[str, Any] = {
        "auc": st.column_config.NumberColumn(_("Test AUC"), format="%.4f"),
        "logloss": st.column_config.NumberColumn(_("Test logloss"), format="%.4f"),
        "model": _("Model"),
        "data": _("Data"),
        "state": _("State"),
        "epochs": _("Best epoch"),
        "run": _("Run"),
        "created": st.column_config.DatetimeColumn(_("Started"), format="D MMM, HH:mm"),
    }
    options: dict[str, Any] = {"hide_index": True, "column_config": config, "alt": _("Runs, newest first")}
    if key is None:
        st.dataframe(frame, **options)
        return []
    picked = st.dataframe(frame, **options, key=key, on_select="rerun", selection_mode="multi-row")
    return [found[row] for row in picked.selection.rows if row < len(found)]


def _line(run: Run) -> dict[str, Any]:
    spec, metrics = run.spec(), run.metrics() or {}
    final = metrics.get("test") or metrics.get("valid") or {}
    return {
        "model": spec.title,
        "data": spec.dataset_name,
        "state": _(run.status().state),
        "auc": final.get("auc"),
        "logloss": final.get("logloss"),
        "epochs": metrics.get("best_epoch"),
        "created": datetime.fromtimestamp(spec.created),
        "run": run.id,
    }


def open_links(run: Run) -> None:
    """Links from a run to its pages."""
    with st.container(horizontal=True):
        link_to("train", _("Its training"), run)
        if run.has_model:
            link_to("interactions", _("Its interactions"), run)
            if run.spec().family == "din":
                link_to("attention", _("Its attention"), run)
