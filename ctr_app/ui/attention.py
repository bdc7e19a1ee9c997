"""What the Attention page draws: one user's history, one candidate, and bars over what was clicked before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st
import torch

from ..data.batch import Batch
from ..data.encoding import Encoder
from ..data.errors import shorten
from ..explain.attention import attention, encode_row, leave_one_out, predicted_ctr, readable, with_candidate
from ..models.din import DIN
from ..training.run_store import Run
from ..training.trainer import predict
from . import charts, parts, readouts
from .state import set_widget, widget_value
from .words import _, plain

ROW_KEY = "attention-row"
MAX_CANDIDATES = 5000
HOW_TO_READ = (
    "Left: how much of each past item the model mixes into its summary of the user. Right: what the item does to the "
    "prediction. A large weight can push down as well as up, so believe the right one where they differ."
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
        model, encoder = readouts.model_of(run.id)
        assert isinstance(model, DIN)
        names = readouts.dataset_of(run).names()
        batch, row = _choose_row(run, encoder)
        field = model.groups[0][0].candidate or ""
        batch = _choose_candidate(batch, encoder, field, names.get(field, {}), row)
        _prediction(model, encoder, batch, field, names)
        found = attention(model, encoder, batch, names)
        if found.empty:
            st.info(_("This user has no history yet: the prediction rests on the other fields alone."))
            return
        st.caption(_(HOW_TO_READ))
        for _group, part in found.groupby(["group", "history"], sort=False):
            _bars(model, batch, part)


def _choose_row(run: Run, encoder: Encoder) -> tuple[Batch, int]:
    """A row of the test rows (or of the validation rows), by number or at random."""
    encoded = readouts.encoded_of(run.id)
    split = "test" if "test" in encoded.splits else "valid"
    table_rows = np.asarray(encoded.rows(split).rows)
    left, middle, right = st.columns([2, 1, 3], vertical_alignment="bottom")
    chosen = left.number_input(
        _("Row of the {split} rows, 1 to {last}", split=_(split), last=len(table_rows)),
        min_value=1,
        max_value=len(table_rows),
        value=min(int(widget_value(ROW_KEY) or _telling_row(run.id, split)), len(table_rows)),
        key=ROW_KEY,
    )
    middle.button(
        _("Another at random"),
        key="attention-random",
        icon=":material/shuffle:",
        width="stretch",
        on_click=_random_row,
        args=(len(table_rows),),
    )
    row = int(table_rows[int(chosen) - 1])
    frame = readouts.dataset_of(run).frame
    group = run.spec().preparation.schema.group
    label = frame[run.spec().preparation.schema.label][row]
    who = f"{group}: {frame[group][row]}" if group else _("Row {row} of the table", row=row + 1)
    right.markdown(
        _(
            "**{who}** · observed {name}: {value}",
            who=plain(who),
            name=plain(run.spec().preparation.schema.label),
            value=plain(label),
        )
    )
    return encode_row(encoder, frame, row), row


def _random_row(count: int) -> None:
    set_widget(ROW_KEY, int(np.random.default_rng().integers(count)) + 1)


@st.cache_data(max_entries=64, show_spinner=False)
def _telling_row(run_id: str, split: str) -> int:
    """A row to begin with, counted from 1: a click on which the history has much to say, among the first 500."""
    model: Any = readouts.model_of(run_id)[0]
    batch = readouts.encoded_of(run_id).batch(split).select(slice(500))
    history = model.groups[0][0].name
    emptied = replace(batch, sequences=batch.sequences | {history: torch.zeros_like(batch.sequences[history])})
    gain = predict(model, batch) - predict(model, emptied)
    lengths = (batch.sequences[history] > 0).sum(dim=1).numpy()
    is_rich = (lengths >= np.quantile(lengths, 0.5)) & (batch.labels.numpy() > 0)
    return int(np.argmax(np.where(is_rich, gain, -np.inf))) + 1


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
    st.subheader(_("History: {name}", name=plain(history)))
    top = part.iloc[int(part["weight"].argmax())]
    mover = part.iloc[int(part["effect"].abs().argmax())]
    left, right = st.columns(2)
    with left:
        sentence = _("{item} gets the most attention", item=shorten(top["name"], 40))
        if top["weight"] < 1.1 * part["weight"].min():
            sentence = _("All items get about the same attention")
        title = charts.titled(sentence, _("attention weight per item, oldest first"))
        st.altair_chart(charts.bars_over_history(part, "weight", title, _("attention weight"), False), alt=sentence)
    with right:
        verb = _("lowers") if mover["effect"] > 0 else _("raises")
        sentence = _("Taking out {item} {verb} the logit most", item=shorten(mover["name"], 40), verb=verb)
        title = charts.titled(sentence, _("what each item adds to the logit: with it, less without it"))
        st.altair_chart(charts.bars_over_history(part, "effect", title, _("effect in logits"), True), alt=sentence)
