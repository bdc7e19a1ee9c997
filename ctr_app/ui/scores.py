"""Scored rows of a run and what is measured on them, computed once and kept for all sessions."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from ..data.reading import Table
from ..explain import evaluation, slices
from ..explain.importance import field_importance
from ..explain.readouts import sample_batch
from ..explain.scored import Fit, Scored, score_split, score_table
from . import readouts, services, tasks
from .words import _

BASELINE_ROWS = 200


@dataclass(frozen=True)
class Rows:
    """Scored rows of a run under a name: a split, or the hash of a table. Shared between sessions, so never changed."""

    run_id: str
    name: str
    scored: Scored


KEYS: dict[str | type[Any], Callable[[Any], Any]] = {
    Rows: lambda rows: (rows.run_id, rows.name),
    Table: lambda table: table.content_hash,
}


def splits(run_id: str) -> tuple[str, ...]:
    """The splits of the data that the run was trained on."""
    return readouts.encoded_of(run_id).splits


def fields(run_id: str) -> tuple[str, ...]:
    """The fields that the run reads."""
    return readouts.model_of(run_id)[1].layout.field_names


@st.cache_resource(max_entries=8, show_spinner=False)
def of_split(run_id: str, split: str) -> Rows:
    """The rows of one split."""
    return Rows(run_id, split, score_split(readouts.model_of(run_id)[0], readouts.encoded_of(run_id), split))


@st.cache_resource(max_entries=4, show_spinner=False, hash_funcs=KEYS)
def of_table(run_id: str, table: Table) -> tuple[Rows, Fit]:
    """The rows of a table that was brought, and how well it fits."""
    found, fit = score_table(*readouts.model_of(run_id), table.frame)
    return Rows(run_id, table.content_hash, found), fit


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=KEYS)
def metrics(rows: Rows) -> pd.DataFrame:
    """Metrics with intervals."""
    return evaluation.metrics_of(rows.scored)


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=KEYS)
def groups(rows: Rows) -> evaluation.Groups | None:
    """How many groups GAUC is about."""
    return evaluation.groups_of(rows.scored)


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=KEYS)
def worst(rows: Rows) -> pd.DataFrame:
    """The most surprising slices of all fields."""
    return slices.worst_slices(rows.scored, readouts.model_of(rows.run_id)[1], _names(rows.run_id))


@st.cache_data(max_entries=64, show_spinner=False, hash_funcs=KEYS)
def by_field(rows: Rows, field: str) -> pd.DataFrame:
    """The slices of one field."""
    encoder = readouts.model_of(rows.run_id)[1]
    return slices.slices(rows.scored, encoder, field, _names(rows.run_id).get(field))


def importance(rows: Rows) -> pd.DataFrame | None:
    """What each field is worth; None while it is measured, with a bar and Stop on the page."""
    found: pd.DataFrame | None = tasks.result_of(
        ("importance", rows.run_id, rows.name),
        "evaluate-importance",
        _("Dealing out the values of one field after another"),
        partial(_importance, rows),
    )
    return found


def _importance(rows: Rows, on_progress: tasks.OnProgress) -> pd.DataFrame:
    model, encoder = readouts.model_of(rows.run_id)
    baseline = sample_batch(readouts.encoded_of(rows.run_id).batch("train"), BASELINE_ROWS)
    return field_importance(model, encoder.layout, rows.scored, baseline, on_progress)


def _names(run_id: str) -> dict[str, dict[str, str]]:
    return readouts.dataset_of(services.runs().get(run_id)).names()
