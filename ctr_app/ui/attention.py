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
from ..models.din import DIN
from ..training.run_store import Run
from . import charts, parts, readouts
from .state import set_widget, widget_value
from .words import _, plain

MAX_CANDIDATES = 5000
HOW_TO_READ = (
    "Left: how much of each past item the model mixes into its summary of the user. Right: what the item does to the "
    "prediction. A large weight can push down as well as up, so believe the right one where they differ."
)


def draw() -> None:
    """The whole page."""
    st.title(_("Which past clicks explain this one"))
    with st.container(horizontal=True, vertical_alignment="bottom"):
        run = parts.choose_run("attention-run", lambda run: run.has_model and run.spec().family == "din", _("Run"))
        if run is None:
            parts.empty_state(
                _("Attention belongs to DIN, and no DIN has been trained yet. Train one on data with a history."),
                "train",
                _("Train a model"),
            )
            return
        row = None
        with parts.sentences():
            row = _choose_row(run)
    if row is not None:
        with parts.sentences():
            _one_row(run, row)


def _one_row(run: Run, row: int) -> None:
    """One user's row of the table: the candidate, the prediction, and bars over the history."""
    model, encoder = readouts.model_of(run.id)
    din = din_or_error(model)
    dataset = readouts.dataset_of(run)
    names = dataset.names()
    table_row = dataset.part(row, 1)
    batch = encode_row(encoder, table_row, 0)
    field = din.groups[0][0].candidate or ""
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    with left:
        batch = _choose_candidate(batch, encoder, field, names.get(field, {}), row)
    with right:
        _prediction(din, encoder, batch, field, names)
    schema = encoder.schema
    who = f"{schema.group}: {table_row[schema.group][0]}" if schema.group else _("Row {row} of the table", row=row + 1)
    observed = f"{schema.label} = {table_row[schema.label][0]}"
    st.markdown(_("**{who}**, observed {observed}.", who=plain(who), observed=plain(observed)))
    found = attention(din, encoder, batch, names)
    if found.empty:
        st.info(_("This user has no history yet: the prediction rests on the other fields alone."))
        return
    st.caption(_(HOW_TO_READ))
    for _group, part in found.groupby(["group", "history"], sort=False):
        _bars(din, batch, part)


def _choose_row(run: Run) -> int:
    """The row of the table behind a test row (or a validation row) chosen by number or at random."""
    encoded = readouts.encoded_of(run.id)
    split = "test" if "test" in encoded.splits else "valid"
    table_rows = np.asarray(encoded.rows(split).rows)
    key = f"attention-row-{run.id}"
    if widget_value(key) is None:
        set_widget(key, _telling_row(run.id, split))
    chosen = st.number_input(
        _("Row of the {split} rows, 1 to {last}", split=_(split), last=len(table_rows)),
        min_value=1,
        max_value=len(table_rows),
        key=key,
        persist_state="session",
        width=260,
    )
    st.button(
        _("Another at random"),
        key="attention-random",
        icon=":material/shuffle:",
        on_click=_random_row,
        args=(key, len(table_rows)),
    )
    return int(table_rows[int(chosen) - 1])


def _random_row(key: str, count: int) -> None:
    set_widget(key, int(np.random.default_rng().integers(count)) + 1)


@st.cache_data(max_entries=64, show_spinner=False)
def _telling_row(run_id: str, split: str) -> int:
    """A row to begin with, counted from 1: among the first 500, the click whose items get the most unlike attention."""
    model: Any = readouts.model_of(run_id)[0]
    batch = readouts.encoded_of(run_id).batch(split).select(slice(500))
    is_real = (batch.sequences[model.groups[0][0].name] > 0).numpy()
    with torch.no_grad():
        weights = model.attention_weights(batch)[0].numpy()
    is_real, lengths = is_real[:, : weights.shape[1]], is_real.sum(axis=1)
    means = weights.sum(axis=1) / np.maximum(lengths, 1)
    spread = np.where(is_real, (weights - means[:, None]) ** 2, 0.0).sum(axis=1) / np.maximum(lengths, 1)
    is_rich = (lengths >= np.quantile(lengths, 0.5)) & (batch.labels.numpy() > 0)
    return int(np.argmax(np.where(is_rich, spread, -1.0))) + 1


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


def _bars(model: DIN, batch: Batch, part: pd.DataFrame) -> None:
    """Attention of one history beside the effect of leaving each item out."""
    history = str(part["history"].iloc[0])
    part = part.assign(
        label=[
            f"{position + 1}. {shorten(name, 38)}"
            for position, name in zip(part["position"], part["name"], strict=True)
        ],
        effect=leave_one_out(model, batch, history),
    )
    st.subheader(_("History {name}", name=plain(history)) if history.lower() != "history" else _("History"))
    top = part.iloc[int(part["weight"].argmax())]
    mover = part.iloc[int(part["effect"].abs().argmax())]
    left, right = st.columns(2)
    with left:
        sentence = _("{item} gets the most attention", item=shorten(top["name"], 40))
        if top["weight"] < 1.1 * part["weight"].min():
            sentence = _("All items get about the same attention")
        title = charts.titled(sentence, _("attention weight per item, oldest first"))
        charts.bars_over_history(part, "weight", title, _("attention weight"), False).draw(alt=sentence)
    with right:
        verb = _("lowers") if mover["effect"] > 0 else _("raises")
        sentence = _("Taking out {item} {verb} the logit most", item=shorten(mover["name"], 40), verb=verb)
        title = charts.titled(sentence, _("what each item adds to the logit: with it, less without it"))
        charts.bars_over_history(part, "effect", title, _("effect in logits"), True).draw(alt=sentence)
