"""What the Attention page draws: one user's history, one candidate, and bars over what was clicked before."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import streamlit as st
import torch

from ..data.columns import as_text
from ..data.dataset import Told
from ..data.encoding import Encoder
from ..data.errors import shorten, spaced
from ..data.vocabulary import MISSING, SPECIAL_NAMES, UNKNOWN
from ..explain.attention import din_or_error, readable
from ..models.din import DIN
from ..training.metrics import sigmoid
from ..training.run_store import Run
from . import attention_bars, attention_further, parts, readouts, services, value_names
from .attention_row import SeenRow, seen
from .row_choice import ChosenRow, choose_row
from .words import _, plain

MAX_CANDIDATES = 5000
NO_CANDIDATE = SPECIAL_NAMES[MISSING]


def draw() -> None:
    """The whole page."""
    run, right = parts.page_on_run(
        "attention",
        _("Which past clicks explain this one"),
        _("Attention belongs to DIN, and no DIN has been trained yet. Train one on data with a history."),
        lambda run: run.has_model and run.spec().family == "din",
    )
    with parts.sentences():
        chosen = choose_row(run, "attention", right, _telling_row)
        if chosen is not None:
            _one_row(run, chosen)


def _one_row(run: Run, chosen: ChosenRow) -> None:
    """One user's row of the table: the candidate, the prediction, and bars over the history."""
    model, encoder = readouts.model_of(run.id)
    din, table_row = din_or_error(model), readouts.row_of(run.id, chosen.table_row)
    field = din.groups[0][0].candidate or ""
    own, names = as_text(table_row[field])[0], readouts.dataset_of(run).names().get(field, {})
    left, right = st.columns([3, 1], vertical_alignment="bottom")
    with left:
        value = _choose_candidate(run, field, own, f"attention-candidate-{run.id}-{chosen.table_row}")
    row = seen(run, chosen.table_row, None if value == own else value)
    with right:
        item = readable(field, value or NO_CANDIDATE, names)
        st.metric(_("Predicted CTR for {item}", item=plain(shorten(item, 60))), f"{sigmoid(np.array(row.logit)):.1%}")
    if int(row.batch.categorical[0, encoder.layout.categorical.index(field)]) == UNKNOWN:
        st.caption(_("The model does not know this candidate: it takes it for any item that was rare in training."))
    _tell_who(encoder, table_row, chosen)
    _tell_gaps(din, row)
    if row.histories:
        attention_bars.draw(run, row)
        value_names.offer(run, chosen.table_row, tuple(row.histories))
        attention_further.draw(run, chosen, row)


def _tell_who(encoder: Encoder, table_row: pl.DataFrame, chosen: ChosenRow) -> None:
    """Whose row it is, and what was observed."""
    schema = encoder.schema
    row = _("Row {row} of the table", row=chosen.table_row + 1)
    who = f"{schema.group}: {table_row[schema.group][0]}" if schema.group else row
    observed = f"{schema.label} = {table_row[schema.label][0]}"
    st.markdown(_("**{who}**, observed {observed}.", who=plain(who), observed=plain(observed)))


def _tell_gaps(model: DIN, row: SeenRow) -> None:
    """Sentences on histories that hold nothing, or nothing that the model knows."""
    if not row.histories:
        st.info(_("This user has no history yet: the prediction rests on the other fields alone."))
        return
    histories = [history.name for group in model.groups for history in group]
    if empty := [name for name in histories if name not in row.histories]:
        st.info(_("Nothing in {names} yet, so it has no bars.", names=plain(", ".join(empty))))
    if any(len(group) > 1 for group in model.groups):
        st.caption(
            _(
                "These histories are attended to jointly: items that stand at the same place from the end share one "
                "weight, and one is left out with those beside it."
            )
        )
    for history, part in row.histories.items():
        _tell_unknown(plain(history), len(part), int((~part["is_known"]).sum()))


def _tell_unknown(history: str, count: int, unknown: int) -> None:
    if unknown == count:
        st.info(
            _(
                "None of the {count} items of {history} was seen often enough in training. To the model they are one "
                "and the same unknown item, so their bars are alike and tell nothing.",
                count=count,
                history=history,
            )
        )
    elif unknown:
        st.caption(
            _(
                "{unknown} of {count} items of {history} are unknown to the model, which takes them for one item.",
                unknown=unknown,
                count=count,
                history=history,
            )
        )


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


def _choose_candidate(run: Run, field: str, own: str | None, key: str) -> str | None:
    """The row's own candidate, or any other value of its field; None if it is missing."""
    dataset = readouts.dataset_of(run)
    names, labels = dataset.names().get(field, {}), _candidates(run.id, field, dataset.told())
    first = NO_CANDIDATE if own is None else own

    def in_words(value: str) -> str:
        words = labels.get(value) or readable(field, value, names)
        return f"{words} · {_('as observed')}" if value == first else words

    chosen = (
        st.selectbox(
            _("Candidate ({field})", field=plain(field)),
            [first, *(value for value in labels if value != own)],
            index=0,
            accept_new_options=True,
            key=key,
            format_func=in_words,
            help=_(
                "The item on offer. Choose another one, and the prediction and the bars below follow; its kind, where "
                "the table tells it, changes too. The {count} most frequent are listed; any other can be typed.",
                count=spaced(len(labels)),
            ),
        )
        or first
    )
    return None if chosen == NO_CANDIDATE else chosen


@st.cache_resource(max_entries=32, show_spinner=False)
def _candidates(run_id: str, field: str, told: Told) -> dict[str, str]:  # noqa: ARG001
    """The most frequent candidates and what is shown of each; ``told`` is which names there are."""
    names = readouts.dataset_of(services.runs().get(run_id)).names().get(field, {})
    values = readouts.model_of(run_id)[1].vocabulary_of(field).texts.head(MAX_CANDIDATES)
    return {value: readable(field, value, names) for value in values}
