"""One row as DIN sees it with one candidate: measured once, and kept for all sessions and reruns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import streamlit as st

from ..data.batch import Batch
from ..data.dataset import Told
from ..explain.attention import attention, din_or_error, encode_row, leave_one_out, predicted_ctr
from ..explain.gradients import Gradients
from ..explain.readouts import sample_batch
from ..training.run_store import Run
from . import readouts
from .attention_items import with_item

BASELINE_ROWS = 200


@dataclass(frozen=True)
class SeenRow:
    """What DIN makes of a row. Shared between sessions, so never changed.

    ``attention`` is that of ``explain.attention``, its items named by their values; ``effects`` and ``gradients`` have
    a number for each item, float64 (n,), by history.
    """

    batch: Batch
    ctr: float
    attention: pd.DataFrame
    effects: dict[str, np.ndarray]
    gradients: dict[str, np.ndarray]


def seen(run: Run, table_row: int, candidate: str | None) -> SeenRow:
    """A row of a run's table, with another ``candidate`` for its first attention; None leaves the row's own."""
    return _seen(run.id, table_row, candidate, readouts.told_of(run.id))


@st.cache_resource(max_entries=256, show_spinner=False)
def _seen(run_id: str, table_row: int, candidate: str | None, told: Told) -> SeenRow:  # noqa: ARG001
    model, encoder = readouts.model_of(run_id)
    din = din_or_error(model)
    batch = encode_row(encoder, readouts.row_of(run_id, table_row), 0)
    if candidate is not None:
        batch = with_item(run_id, batch, din.groups[0][0].candidate or "", candidate)
    found = attention(din, encoder, batch)
    effects = {history: leave_one_out(din, batch, history) for history in dict.fromkeys(found["history"])}
    gradients = _gradients(run_id).of_items(batch) if effects else {}
    return SeenRow(batch, predicted_ctr(din, batch), found, effects, gradients)


@st.cache_resource(max_entries=16, show_spinner=False)
def _gradients(run_id: str) -> Gradients:
    """Integrated gradients from the mean of some training rows."""
    model, encoder = readouts.model_of(run_id)
    baseline = sample_batch(readouts.encoded_of(run_id).batch("train"), BASELINE_ROWS)
    return Gradients(model, encoder.layout, baseline)
