"""One row as DIN sees it with one candidate: measured once, and kept for all sessions and reruns."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st

from ..data.batch import Batch
from ..data.dataset import Told
from ..explain.attention import attention, din_or_error, encode_row, leave_one_out
from ..explain.gradients import Gradients
from ..explain.readouts import sample_batch
from ..training.run_store import Run
from ..training.trainer import predict
from . import readouts, services
from .attention_items import described, labels_of, with_item

BASELINE_ROWS = 200


@dataclass(frozen=True)
class SeenRow:
    """What DIN makes of a row. Shared between sessions, so never changed; ``key`` tells it from others.

    ``histories`` has those that are not empty, with a line for each item, oldest first: that of ``explain.attention``,
    what is known of the item, and columns label, effect and gradient.
    """

    key: tuple[Any, ...]
    batch: Batch
    logit: float
    histories: dict[str, pd.DataFrame]


def seen(run: Run, table_row: int, candidate: str | None) -> SeenRow:
    """A row of a run's table, with another ``candidate`` for its first attention; None leaves the row's own."""
    return _seen(run.id, table_row, candidate, readouts.told_of(run.id))


@st.cache_resource(max_entries=256, show_spinner=False)
def _seen(run_id: str, table_row: int, candidate: str | None, told: Told) -> SeenRow:
    model, encoder = readouts.model_of(run_id)
    din = din_or_error(model)
    batch = encode_row(encoder, readouts.row_of(run_id, table_row), 0)
    if candidate is not None:
        batch = with_item(run_id, batch, din.groups[0][0].candidate or "", candidate)
    found = described(services.runs().get(run_id), attention(din, encoder, batch), table_row)
    gradients = {} if found.empty else _gradients(run_id).of_items(batch)
    histories = {}
    for history in dict.fromkeys(found["history"]):
        part = found[found["history"] == history]
        effect, gradient = leave_one_out(din, batch, history), gradients[history]
        histories[history] = part.assign(label=labels_of(part), effect=effect, gradient=gradient)
    return SeenRow((run_id, table_row, candidate, told), batch, float(predict(din, batch)[0]), histories)


@st.cache_resource(max_entries=16, show_spinner=False)
def _gradients(run_id: str) -> Gradients:
    """Integrated gradients from the mean of some training rows."""
    model, encoder = readouts.model_of(run_id)
    baseline = sample_batch(readouts.encoded_of(run_id).batch("train"), BASELINE_ROWS)
    return Gradients(model, encoder.layout, baseline)
