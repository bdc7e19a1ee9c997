"""Another history for the same row: items taken out, put in and moved, and what the prediction does."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from ..data.batch import Batch
from ..data.errors import shorten
from ..explain.attention import attention, din_or_error, leave_one_out
from ..explain.what_if import edited
from ..training.metrics import sigmoid
from ..training.run_store import Run
from ..training.trainer import predict
from . import charts, parts, readouts
from .attention_items import item_options, labels_of, main_kind
from .attention_row import SeenRow
from .row_choice import ChosenRow
from .state import set_widget, widget_value
from .words import _

UNMOVED = 1e-5  # logits


def draw(run: Run, chosen: ChosenRow, row: SeenRow, part: pd.DataFrame) -> None:
    """The history as a list that can be changed; ``part`` is its attention as it was."""
    encoder, history = readouts.model_of(run.id)[1], str(part["history"].iloc[0])
    own = part["value"].tolist()
    options, labels = item_options(run, history, own)
    labels |= dict(zip(options, (shorten(name, 40) for name in part["name"]), strict=False))
    key = f"attention-items-{run.id}-{chosen.table_row}-{readouts.place_of(run.id, history)}"
    items = _choose_items(key, labels, list(options)[: len(own)])
    _move(key, labels, items)
    values = [options[item] for item in items]
    if values == own:
        _numbers(row.logit, row.logit, False)
        st.caption(_("This is the history as it was; change it, and its bars appear here."))
        return
    changed = edited(row.batch, encoder, {history: values})
    is_moved = sorted(items) == sorted(list(options)[: len(own)])
    _numbers(row.logit, float(predict(readouts.model_of(run.id)[0], changed)[0]), is_moved)
    if not items:
        st.caption(_("Without any item the prediction rests on the other fields alone."))
    else:
        _bars(run, changed, history)


def _choose_items(key: str, labels: dict[str, str], own: list[str]) -> list[str]:
    if widget_value(key) is None:
        set_widget(key, own)
    return st.multiselect(
        _("Items, oldest first"),
        list(labels),
        key=key,
        format_func=labels.__getitem__,
        help=_("Take items out with their cross; add others by typing: they come last."),
    )


def _move(key: str, labels: dict[str, str], items: list[str]) -> None:
    """Buttons that move one item to an earlier or later place."""
    if len(items) < 2:
        return
    with st.container(horizontal=True, vertical_alignment="bottom"):
        item = st.selectbox(
            _("Move"), items, index=len(items) - 1, key=f"{key}-moved", format_func=labels.__getitem__, width=320
        )
        st.button(
            _("Earlier"),
            key=f"{key}-earlier",
            icon=":material/arrow_back:",
            disabled=item == items[0],
            on_click=_moved,
            args=(key, items, item, -1),
        )
        st.button(
            _("Later"),
            key=f"{key}-later",
            icon=":material/arrow_forward:",
            disabled=item == items[-1],
            on_click=_moved,
            args=(key, items, item, 1),
        )
        st.button(
            _("Reverse all"),
            key=f"{key}-reversed",
            icon=":material/swap_horiz:",
            on_click=set_widget,
            args=(key, items[::-1]),
        )


def _moved(key: str, items: list[str], item: str, by: int) -> None:
    """Let an item change places with the one before or after it."""
    place = items.index(item)
    order = list(items)
    order[place], order[place + by] = order[place + by], order[place]
    set_widget(key, order)


def _numbers(before: float, after: float, is_moved: bool) -> None:
    """The prediction with the changed history, beside that with the row's own; both are logits."""
    ctr_before, ctr_after = sigmoid(np.array([before, after]))
    is_same = abs(after - before) < UNMOVED
    with st.container(horizontal=True):
        change = _("{change:+.2f} points", change=100 * (ctr_after - ctr_before))
        parts.changed_metric(_("CTR with this history"), f"{ctr_after:.1%}", change, not is_same)
        parts.changed_metric(_("Logit"), f"{after:+.4f}", f"{after - before:+.4f}", not is_same)
    if is_moved and is_same:
        st.info(_("Only the order is another, and the prediction stays: DIN adds its items up and sees no order."))


def _bars(run: Run, changed: Batch, history: str) -> None:
    model, encoder = readouts.model_of(run.id)
    din = din_or_error(model)
    now = attention(din, encoder, changed, readouts.dataset_of(run).names())
    now = now[now["history"] == history]
    kinds = main_kind(run.id, str(now["candidate_field"].iloc[0]))
    now = now.assign(kind=[kinds.get(value, "") for value in now["value"]], time="")
    now = now.assign(label=labels_of(now), effect=leave_one_out(din, changed, history))
    left, right = st.columns(2)
    with left:
        title = charts.titled(_("Attention over the changed history"), _("attention weight per item, oldest first"))
        charts.bars_over_history(now, "weight", title, _("attention weight"), False).draw(alt=title["text"])
    with right:
        title = charts.titled(_("What each item adds"), _("logit with the item, less without it"))
        charts.bars_over_history(now, "effect", title, _("effect in logits"), True, False).draw(alt=title["text"])
    st.caption(
        _(
            "It tells what the model would say to such a user. It cannot tell what a user would do who had chosen "
            "otherwise."
        )
    )
