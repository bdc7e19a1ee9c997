"""What the Attention page draws: one user's history, one candidate, and bars over what was clicked before."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
import torch

from ..data.batch import Batch
from ..data.encoding import Encoder
from ..data.errors import shorten
from ..explain.attention import (
    attention,
    din_or_error,
    encode_row,
    leave_one_out,
    predicted_ctr,
    readable,
    with_candidate,
)
from ..explain.gradients import item_gradients
from ..explain.readouts import sample_batch
from ..models.din import DIN
from ..training.run_store import Run
from . import attention_further, charts, parts, readouts
from .row_choice import ChosenRow, choose_row
from .words import _, plain

MAX_CANDIDATES = 5000
BASELINE_ROWS = 200
ORDERS = {"time": "Time", "weight": "Attention", "effect": "Effect"}
HOW_TO_READ = (
    "Left: how much of each past item the model mixes into its summary of the user. Beside it: what the item does to "
    "the prediction. A large weight can push down as well as up, so where they differ, believe the effect."
)


def draw() -> None:
    """The whole page."""
    st.title(_("Which past clicks explain this one"))
    run = parts.choose_run("attention-run", lambda run: run.has_model and run.spec().family == "din", _("Run"))
    if run is None:
        parts.empty_state(
            _("Attention belongs to DIN, and no DIN has been trained yet. Train one on data with a history."),
            "train",
            _("Train a model"),
        )
        return
    with parts.sentences():
        with st.container(horizontal=True, vertical_alignment="bottom"):
            chosen = choose_row(run, "attention", _telling_row)
        if chosen is not None:
            _one_row(run, chosen)


def _one_row(run: Run, chosen: ChosenRow) -> None:
    """One user's row of the table: the candidate, the prediction, and bars over the history."""
    model, encoder = readouts.model_of(run.id)
    din = din_or_error(model)
    dataset = readouts.dataset_of(run)
    names = dataset.names()
    table_row = dataset.part(chosen.table_row, 1)
    batch = encode_row(encoder, table_row, 0)
    field = din.groups[0][0].candidate or ""
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    with left:
        batch = _choose_candidate(batch, encoder, field, names.get(field, {}), chosen.table_row)
    with right:
        _prediction(din, encoder, batch, field, names)
    schema = encoder.schema
    row = _("Row {row} of the table", row=chosen.table_row + 1)
    who = f"{schema.group}: {table_row[schema.group][0]}" if schema.group else row
    observed = f"{schema.label} = {table_row[schema.label][0]}"
    st.markdown(_("**{who}**, observed {observed}.", who=plain(who), observed=plain(observed)))
    found = attention(din, encoder, batch, names)
    if found.empty:
        st.info(_("This user has no history yet: the prediction rests on the other fields alone."))
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        order = st.segmented_control(
            _("Sorted by"),
            list(ORDERS),
            default="time",
            required=True,
            key="attention-order",
            format_func=lambda name: _(ORDERS[name]),
        )
        is_share = st.toggle(
            _("As shares of all attention"),
            key="attention-shares",
            help=_("DIN's weights need not sum to 1: how large they are tells how intense an interest is."),
        )
    st.caption(_(HOW_TO_READ))
    for _group, part in found.groupby(["group", "history"], sort=False):
        _bars(run, batch, part, order or "time", is_share)
    attention_further.draw(run, chosen, batch, found)


@st.cache_data(max_entries=64, show_spinner=False)
def _telling_row(run_id: str, split: str) -> int:
    """A row to begin with, counted from 0: among the first 500, the click whose items get the most unlike attention."""
    model: Any = readouts.model_of(run_id)[0]
    batch = readouts.encoded_of(run_id).batch(split).select(slice(500))
    is_real = (batch.sequences[model.groups[0][0].name] > 0).numpy()
    with torch.no_grad():
        weights = model.attention_weights(batch)[0].numpy()
    is_real, lengths = is_real[:, : weights.shape[1]], is_real.sum(axis=1)
    means = weights.sum(axis=1) / np.maximum(lengths, 1)
    spread = np.where(is_real, (weights - means[:, None]) ** 2, 0.0).sum(axis=1) / np.maximum(lengths, 1)
    is_rich = (lengths >= np.quantile(lengths, 0.5)) & (batch.labels.numpy() > 0)
    return int(np.argmax(np.where(is_rich, spread, -1.0)))


def _choose_candidate(batch: Batch, encoder: Encoder, field: str, names: dict[str, str], row: int) -> Batch:
    """The row's own candidate, or any other value of its field."""
    vocabulary = encoder.vocabulary_of(field)
    own = vocabulary.name(int(batch.categorical[0, encoder.layout.categorical.index(field)]))
    options = [own, *(value for value in vocabulary.values[:MAX_CANDIDATES] if value != own)]
    chosen = (
        st.selectbox(
            _("Candidate ({field})", field=plain(field)),
            options,
            index=0,
            key=f"attention-candidate-{row}",
            format_func=lambda value: (
                readable(field, value, names) + (" · " + _("as observed") if value == own else "")
            ),
            help=_("The item on offer. Choose another one, and the prediction and the bars below follow."),
        )
        or own
    )
    return batch if chosen == own else with_candidate(batch, encoder, field, chosen)


def _prediction(model: DIN, encoder: Encoder, batch: Batch, field: str, names: dict[str, dict[str, str]]) -> None:
    value = encoder.vocabulary_of(field).name(int(batch.categorical[0, encoder.layout.categorical.index(field)]))
    ctr = predicted_ctr(model, batch)
    st.metric(
        _("Predicted CTR for {item}", item=plain(shorten(readable(field, value, names.get(field, {})), 60))),
        f"{ctr:.1%}",
    )


def _bars(run: Run, batch: Batch, part: pd.DataFrame, order: str, is_share: bool) -> None:
    """Attention of one history beside the effect of leaving each item out, and integrated gradients."""
    model, encoder = readouts.model_of(run.id)
    history = str(part["history"].iloc[0])
    part = part.assign(
        label=[
            f"{position + 1}. {shorten(name, 38)}"
            for position, name in zip(part["position"], part["name"], strict=True)
        ],
        effect=leave_one_out(model, batch, history),
        gradient=item_gradients(model, encoder.layout, batch, _baseline(run.id), history),
    )
    if is_share:
        part["weight"] = part["weight"] / max(float(part["weight"].sum()), 1e-12)
    if order != "time":
        part = part.iloc[part[order].abs().argsort(kind="stable")[::-1]]
    st.subheader(_("History {name}", name=plain(history)) if history.lower() != "history" else _("History"))
    top = part.iloc[int(part["weight"].argmax())]
    mover = part.iloc[int(part["effect"].abs().argmax())]
    left, middle, right = st.columns([5, 4, 4])
    with left:
        sentence = _("{item} gets the most attention", item=shorten(top["name"], 24))
        if top["weight"] < 1.1 * part["weight"].min():
            sentence = _("All items get about the same attention")
        axis = _("share of attention") if is_share else _("attention weight")
        title = charts.titled(sentence, _("attention weight per item, oldest first") if order == "time" else axis)
        charts.bars_over_history(part, "weight", title, axis, False).draw(alt=sentence)
    with middle:
        words = "{item} adds most" if mover["effect"] > 0 else "{item} takes away most"
        sentence = _(words, item=shorten(mover["name"], 24))
        title = charts.titled(sentence, _("logit with the item, less without it"))
        charts.bars_over_history(part, "effect", title, _("effect in logits"), True, False).draw(alt=sentence)
    with right:
        steepest = part.iloc[int(part["gradient"].abs().argmax())]
        sentence = _("{item} stands out most", item=shorten(steepest["name"], 24))
        title = charts.titled(sentence, _("integrated gradients from the mean item"))
        charts.bars_over_history(part, "gradient", title, _("integrated gradient"), True, False).draw(alt=sentence)
    parts.table_behind(part.drop(columns="label"), f"attention-{run.id}-{history}")


@st.cache_resource(max_entries=16, show_spinner=False)
def _baseline(run_id: str) -> Batch:
    """Training rows whose mean the gradients begin at; shared, so never changed."""
    return sample_batch(readouts.encoded_of(run_id).batch("train"), BASELINE_ROWS)
