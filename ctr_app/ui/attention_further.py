"""Further ways to look at attention: other histories, other candidates, what happens as items go, many rows."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import streamlit as st

from ..data.batch import Batch
from ..data.errors import shorten, spaced
from ..explain.attention import attention, din_or_error, readable
from ..explain.faithfulness import (
    Faithfulness,
    attention_by_kind,
    attention_by_match,
    attention_by_recency,
    deletion_curve,
    faithfulness,
)
from ..explain.item_facts import kind_codes
from ..explain.readouts import sample_batch
from ..models.din import DIN
from ..training.run_store import Run
from . import attention_charts, attention_history, charts, parts, readouts, tasks
from .attention_items import MOST_OPTIONS, kinds_of, names_of, with_item
from .attention_row import SeenRow
from .row_choice import ChosenRow
from .words import _

NUM_CANDIDATES = 8
MANY_ROWS = 500
MEAN_ROWS = 5000
WAYS = {
    "edit": "Change the history",
    "candidates": "Several candidates",
    "deletion": "Take items out",
    "means": "On average",
}
ORDER_WORDS = {"attention": "by attention", "effect": "by effect of leaving out", "random": "at random"}


@st.fragment
def draw(run: Run, chosen: ChosenRow, row: SeenRow) -> None:
    """One of the further ways to look at a row; a press in it draws this part of the page alone."""
    st.subheader(_("Look further"))
    way = st.segmented_control(
        _("Look further"),
        list(WAYS),
        default="edit",
        required=True,
        key="attention-further",
        format_func=lambda name: _(WAYS[name]),
        label_visibility="collapsed",
    )
    histories = list(row.histories)
    history = histories[0]
    if len(histories) > 1:
        history = st.selectbox(_("History"), histories, key=f"attention-history-{run.id}", width=320) or history
    draw_ways = {"edit": attention_history.draw, "candidates": _candidates, "deletion": _deletion, "means": _means}
    with parts.sentences():
        draw_ways[way or "edit"](run, chosen, row, row.histories[history])


def _candidates(run: Run, _chosen: ChosenRow, row: SeenRow, part: pd.DataFrame) -> None:
    """The same history looked at by several candidates."""
    model, encoder = readouts.model_of(run.id)
    din = din_or_error(model)
    history, field = str(part["history"].iloc[0]), str(part["candidate_field"].iloc[0])
    names = names_of(run, encoder, history)
    values = encoder.vocabulary_of(field).texts.head(MOST_OPTIONS).to_list()
    first = [str(part["candidate"].iloc[0]), *(v for v in values if v != part["candidate"].iloc[0])]
    picked = st.multiselect(
        _("Candidates"),
        first,
        default=first[:NUM_CANDIDATES],
        key=f"attention-candidates-{run.id}-{field}-{first[0]}",
        format_func=lambda value: shorten(readable(field, value, names), 40),
    )
    if not picked:
        return
    frames, labels = [], part["label"].tolist()
    for value in picked:
        of_one = attention(din, encoder, with_item(run.id, row.batch, field, value))
        of_one = of_one[of_one["history"] == history]
        frames.append(of_one.assign(item=labels, candidate=shorten(readable(field, value, names), 30)))
    frame = pd.concat(frames)[["item", "candidate", "weight"]]
    top = frame.iloc[int(frame["weight"].argmax())]
    sentence = _("{candidate} looks most at {item}", candidate=top["candidate"], item=top["item"].partition(". ")[2])
    if top["weight"] < 1.1 * frame["weight"].min():
        sentence = _("All these candidates look at the items alike")
    title = charts.titled(sentence, _("attention weight of each item, candidate by candidate"))
    attention_charts.candidates_heatmap(frame, title).draw(alt=sentence, width="content")
    st.caption(
        _(
            "It tells which items each candidate brings to the front. It cannot tell whether they speak for the "
            "candidate or against it."
        )
    )
    parts.table_behind(frame, f"attention-candidates-{run.id}")


def _deletion(run: Run, chosen: ChosenRow, row: SeenRow, part: pd.DataFrame) -> None:
    """What happens to the logit as items go: of this row, and of many."""
    model, _encoder = readouts.model_of(run.id)
    din = din_or_error(model)
    history = str(part["history"].iloc[0])
    with st.columns(2, gap="large")[1]:
        is_wanted = st.toggle(_("Measure over {count} rows", count=MANY_ROWS), key=f"attention-faithfulness-{run.id}")
    left, right = st.columns(2, gap="large")
    with left:
        _deletion_of_one(din, row.batch, part, history)
    with right:
        if is_wanted:
            _deletion_of_many(run, chosen, history)
        else:
            st.caption(_("A score of attention's faithfulness, with its interval; takes some seconds."))
    st.caption(
        _(
            "Items are taken out one after another. Where attention points at what matters, its line falls with the "
            "one by effect; where it falls no faster than at random, attention explains nothing here."
        )
    )


def _deletion_of_one(din: DIN, batch: Batch, part: pd.DataFrame, history: str) -> None:
    orders = {
        "attention": np.argsort(-part["weight"].to_numpy(), kind="stable"),
        "effect": np.argsort(-part["effect"].to_numpy(), kind="stable"),
        "random": np.random.default_rng(0).permutation(len(part)),
    }
    frames = [
        pd.DataFrame({"logit": curve - curve[0]}).assign(
            order=name, method=_(ORDER_WORDS[name]), removed=range(len(curve))
        )
        for name, order in orders.items()
        for curve in (deletion_curve(din, batch, history, order),)
    ]
    frame = pd.concat(frames)
    last = float(frame["logit"].iloc[-1])
    sentence = _("Without its history this row's logit changes by {change:+.3f}", change=last)
    title = charts.titled(sentence, _("this row, item after item"))
    attention_charts.deletion_chart(frame, title, False).draw(alt=sentence)


def _deletion_of_many(run: Run, chosen: ChosenRow, history: str) -> None:
    measured = tasks.result_of(
        ("faithfulness", run.id, chosen.split, history),
        "attention-faithfulness",
        _("Taking items out of many histories"),
        partial(_faithfulness, run.id, chosen.split, history),
    )
    if measured is None:
        return
    (found,) = measured
    if found is None:
        st.info(_("No row has three items or more, so there is nothing to take out."))
        return
    frame = found.curves.assign(order=found.curves["method"], method=found.curves["method"].map(_in_words))
    sentence = _(
        "Attention's faithfulness is {score:.2f} ({low:.2f} to {high:.2f})",
        score=found.score,
        low=found.low,
        high=found.high,
    )
    title = charts.titled(
        sentence, _("mean over {count} rows; 1: as good as leaving out, 0: as random", count=spaced(found.rows))
    )
    attention_charts.deletion_chart(frame, title, True).draw(alt=sentence)
    if found.high < 0.5:
        st.warning(
            " ".join(
                [_("Attention does not point at what matters here: believe the effects beside it."), _why_not(found)]
            ),
            icon=":material/warning:",
        )
    elif found.pushing_down > 0:
        st.caption(_why_not(found))


def _why_not(found: Faithfulness) -> str:
    """Why attention may mislead, by what was measured."""
    return _(
        "In {share:.0%} of these rows the item with the most attention lowers the prediction: attention says how much "
        "of an item's vector is taken, and the vector whether that raises it.",
        share=found.pushing_down,
    )


def _in_words(order: str) -> str:
    return _(ORDER_WORDS[order])


def _faithfulness(run_id: str, split: str, history: str, on_progress: tasks.OnProgress) -> tuple[Faithfulness | None]:
    """Alone in a tuple, since None may be what was found."""
    din = din_or_error(readouts.model_of(run_id)[0])
    rows = sample_batch(readouts.encoded_of(run_id).batch(split), MANY_ROWS)
    return (faithfulness(din, rows, history, on_progress=on_progress),)


def _means(run: Run, _chosen: ChosenRow, _row: SeenRow, part: pd.DataFrame) -> None:
    """Mean attention by how long ago an item was, and by whether it is like the candidate in another history."""
    history, field = str(part["history"].iloc[0]), str(part["candidate_field"].iloc[0])
    with st.spinner(_("Looking at many rows")):
        by_time, by_match = _averages(run.id, history, field)
    left, right = st.columns(2, gap="large")
    with left:
        latest, oldest = by_time["weight"].iloc[0], by_time["weight"].iloc[-1]
        sentence = _("The latest item gets {latest:.2f}, the oldest {oldest:.2f}", latest=latest, oldest=oldest)
        title = charts.titled(sentence, _("mean attention by place from the end, 95 % intervals"))
        shown = by_time.assign(label=by_time["ago"].astype(str))
        attention_charts.means_chart(shown, _("how many clicks ago"), title).draw(alt=sentence)
    with right:
        if not by_match:
            st.info(_("The table does not tell of what kind items are, so none is like the candidate or unlike it."))
        for other, found in by_match.items():
            shown = found.assign(
                label=[_("same {field}", field=shorten(other, 24)) if same else _("other") for same in found["is_same"]]
            )
            sentence = _("By {field}: {words}", field=shorten(other, 24), words=_match_words(found))
            title = charts.titled(
                sentence, _("mean attention on items that share it with the candidate, 95 % intervals")
            )
            attention_charts.means_chart(shown, shorten(other, 30), title).draw(alt=sentence)
    st.caption(
        _(
            "It tells where attention goes on average, over up to {count} validation rows. It cannot tell what one "
            "user's attention does.",
            count=spaced(MEAN_ROWS),
        )
    )


def _match_words(found: pd.DataFrame) -> str:
    by_match = found.set_index("is_same")["weight"]
    if len(by_match) < 2:
        return _("all items share it with the candidate") if by_match.index[0] else _("no item shares it")
    return _(
        "{same:.2f} where it is the candidate's, {other:.2f} elsewhere", same=by_match[True], other=by_match[False]
    )


@st.cache_data(max_entries=32, show_spinner=False)
def _averages(run_id: str, history: str, field: str) -> tuple[pd.DataFrame, dict[str, pd.DataFrame]]:
    """Mean attention by recency; and by likeness, for each parallel history and for each kind that the table tells."""
    model, encoder = readouts.model_of(run_id)
    din = din_or_error(model)
    batch = sample_batch(readouts.encoded_of(run_id).batch("valid"), MEAN_ROWS)
    of_field = kinds_of(run_id, field)
    parallel = [s.name for s in encoder.layout.sequences if s.candidate and s.candidate not in (field, *of_field)]
    found = {other: attention_by_match(din, batch, history, other) for other in parallel}
    place = encoder.layout.categorical.index(field)
    for name, kinds in of_field.items():
        found[name] = attention_by_kind(din, batch, history, place, kind_codes(encoder, field, kinds))
    return attention_by_recency(din, batch, history), {k: v for k, v in found.items() if v is not None and len(v)}
