"""What if this row were another: edits and what they do, the fewest that suffice, and curves over a field."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import streamlit as st

from ..data.batch import Batch
from ..data.columns import as_number, as_text
from ..data.encoding import Encoder
from ..data.errors import InputError, shorten, spaced
from ..data.schema import Role
from ..explain import what_if as explain
from ..explain.readouts import sample_batch
from ..explain.what_if import Value
from ..training.metrics import sigmoid
from ..training.run_store import Run
from ..training.trainer import predict
from . import charts, fewest_edits, parts, prediction_charts, readouts
from .attention_history import UNMOVED
from .attention_items import item_options
from .row_choice import ChosenRow
from .row_words import is_missing, items_of, value_in_words
from .words import _, plain

MOST_OPTIONS = 5000
CURVE_ROWS, TICK_ROWS = 60, 300
MANY_ROWS = 5000
MOST_SHOWN_VALUES = 25
UNKNOWN_VALUE, MISSING_VALUE = "\u0000unknown", "\u0000missing"
WAYS = {"edit": "Edit the row", "fewest": "Fewest edits", "curve": "Curve of a field"}


@st.fragment
def draw(run: Run, row: Batch, table_row: pl.DataFrame, chosen: ChosenRow) -> None:
    """One of three ways to ask what if; an edit draws this part of the page alone."""
    st.subheader(_("What if"))
    way = st.segmented_control(
        _("Ask"),
        list(WAYS),
        default="edit",
        required=True,
        key="predictions-ask",
        format_func=lambda name: _(WAYS[name]),
        label_visibility="collapsed",
    )
    draw_one = {"edit": _edit, "fewest": fewest_edits.draw, "curve": _curve}[way or "edit"]
    with parts.sentences():
        draw_one(run, row, table_row, chosen)


def _edit(run: Run, row: Batch, table_row: pl.DataFrame, chosen: ChosenRow) -> None:
    """Widgets of the fields to edit; the prediction after it, and of two edits what they do together."""
    model, encoder = readouts.model_of(run.id)
    fields = list(encoder.layout.field_names)
    edited = st.multiselect(
        _("Fields to edit"),
        fields,
        key=f"predictions-edit-{run.id}",
        placeholder=_("Choose one field, or two to see what they do together"),
        persist_state="session",
    )
    if not edited:
        return
    edits: dict[str, Value] = {}
    columns = st.columns(min(3, len(edited)))
    for place, field in enumerate(edited):
        with columns[place % len(columns)]:
            edits[field] = _value_widget(run, encoder, field, table_row, chosen)
    if len(edits) == 2:
        _pair(run, row, edits)
    else:
        after = float(predict(model, explain.edited(row, encoder, edits))[0])
        _before_and_after(float(predict(model, row)[0]), after)
    _many(run, edits, chosen)


def _value_widget(run: Run, encoder: Encoder, field: str, table_row: pl.DataFrame, chosen: ChosenRow) -> Value:
    key = f"predictions-value-{run.id}-{chosen.table_row}-{encoder.layout.field_names.index(field)}"
    column = encoder.schema.column(field)
    if column.role is Role.SEQUENCE:
        return _history_widget(run, field, items_of(table_row, column), key)
    own = None if is_missing(table_row, column) else as_text(table_row[field])[0]
    if column.role is Role.NUMERIC:
        start = as_number(table_row[field])[0]
        return st.number_input(plain(field), value=start, key=key, format="%g", placeholder=_("missing"))
    vocabulary, names = encoder.vocabulary_of(field), readouts.dataset_of(run).names().get(field, {})
    values = vocabulary.texts.head(MOST_OPTIONS).to_list()
    first = MISSING_VALUE if own is None else own
    options = [first, *(v for v in (*values, UNKNOWN_VALUE, MISSING_VALUE) if v != first)]
    words = {UNKNOWN_VALUE: _("(a value never seen)"), MISSING_VALUE: _("(missing)")}
    picked = st.selectbox(
        plain(field),
        options,
        key=key,
        format_func=lambda value: words.get(value) or names.get(value, value),
        accept_new_options=True,
        help=_("The {count} most frequent values; any other can be typed.", count=spaced(len(values))),
    )
    return None if picked == MISSING_VALUE else str(picked)


def _history_widget(run: Run, field: str, own: list[str], key: str) -> list[str]:
    options, labels = item_options(run, field, own)
    picked = st.multiselect(
        plain(field), list(options), default=list(options)[: len(own)], key=key, format_func=labels.__getitem__
    )
    return [options[item] for item in picked]


def _before_and_after(before: float, after: float) -> None:
    ctr_before, ctr_after = sigmoid(np.array([before, after]))
    with st.container(horizontal=True):
        change = _("{change:+.1f} points", change=100 * (ctr_after - ctr_before))
        is_changed = abs(after - before) >= UNMOVED
        parts.changed_metric(_("CTR after the edits"), f"{ctr_after:.1%}", change, is_changed)
        parts.changed_metric(_("Logit after the edits"), f"{after:+.4f}", f"{after - before:+.4f}", is_changed)


def _pair(run: Run, row: Batch, edits: dict[str, Value]) -> None:
    """Two edits as what each does alone and what they do together."""
    model, encoder = readouts.model_of(run.id)
    a, b = edits.items()
    alone = [_("{field} alone", field=shorten(field)) for field in edits]
    found = explain.pair_split(model, encoder, row, a, b)
    _before_and_after(found.before, found.after)
    frame = pd.DataFrame(
        {
            "part": [*alone, _("both together, beyond that")],
            "amount": [found.main_a, found.main_b, found.interaction],
        }
    )
    words = "Together they add {amount:.3f} beyond what each does alone"
    if found.interaction < 0:
        words = "Together they take away {amount:.3f} beyond what each does alone"
    sentence = _(words, amount=abs(found.interaction))
    title = charts.titled(sentence, _("change of the logit, split into each edit and their interaction"))
    prediction_charts.split_bars(frame, title).draw(alt=sentence)
    after = explain.edited(row, encoder, edits)
    seen = explain.rows_with(encoder, readouts.encoded_of(run.id).rows("train"), after, list(edits))
    if not seen:
        st.warning(
            _("No training row has this combination: what the model says of it is carried over from other rows."),
            icon=":material/warning:",
        )
    else:
        st.caption(_("{count} training rows have this combination.", count=spaced(seen)))


def _many(run: Run, edits: dict[str, Value], chosen: ChosenRow) -> None:
    """The same edits on many rows."""
    if not st.toggle(
        _("Apply them to many rows"), key="predictions-many", help=_("Up to 5 000 rows of the same split.")
    ):
        return
    model, encoder = readouts.model_of(run.id)
    rows = sample_batch(readouts.encoded_of(run.id).batch(chosen.split), MANY_ROWS)
    with st.spinner(_("Predicting {count} rows", count=spaced(len(rows)))):
        before = sigmoid(predict(model, rows))
        after = sigmoid(predict(model, explain.edited(rows, encoder, edits)))
    rises = float(np.mean(after > before))
    st.markdown(
        _(
            "Over {count} rows the mean CTR goes from **{before:.2%}** to **{after:.2%}**; it rises in {rises:.0%} "
            "of them.",
            count=spaced(len(rows)),
            before=before.mean(),
            after=after.mean(),
            rises=rises,
        )
    )


def _curve(run: Run, _row: Batch, _table_row: pl.DataFrame, chosen: ChosenRow) -> None:
    """CTR over the values of one field: of single rows, and their mean."""
    encoder = readouts.model_of(run.id)[1]
    fields = [*encoder.layout.numeric, *encoder.layout.categorical]
    if not fields:
        raise InputError("The run has histories only, which have no curve of values.")
    field = st.selectbox(_("Field"), fields, key=f"predictions-curve-{run.id}", width=360) or fields[0]
    with st.spinner(_("Predicting rows with other values")):
        found, mean, rows = _curves(run.id, chosen.split, field)
    low, high = mean["ctr"].min(), mean["ctr"].max()
    sentence = _(
        "Over {field} the mean CTR goes from {low:.1%} to {high:.1%}", field=shorten(field, 40), low=low, high=high
    )
    subtitle = _("{count} rows of the split, each with the field set to each value; the mean is bold", count=CURVE_ROWS)
    title = charts.titled(sentence, subtitle)
    family, name = run.spec().family, shorten(field)
    if field in encoder.layout.numeric:
        prediction_charts.number_curves(found, mean, rows, name, family, title).draw(alt=sentence)
        st.caption(
            _(
                "It tells what the model says as the number alone changes; the ticks are {count} training rows, the "
                "darker the more. It cannot tell much where there are few, nor what other fields would do.",
                count=len(rows),
            )
        )
    else:
        names = readouts.dataset_of(run).names().get(field, {})
        found, mean = (
            frame.assign(value=[value_in_words(v, names) for v in frame["value"]]) for frame in (found, mean)
        )
        prediction_charts.value_curves(found, mean, name, family, title).draw(alt=sentence)
        st.caption(
            _(
                "It tells what the model says as the value alone changes, for the {count} most frequent; bars are "
                "their training rows. It cannot tell what would change along with it in life.",
                count=len(mean),
            )
        )
    parts.table_behind(mean, f"curve-{run.id}-{fields.index(field)}")


@st.cache_data(max_entries=64, show_spinner=False)
def _curves(run_id: str, split: str, field: str) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Curves of single rows, their mean with how many training rows have each value, and numbers of training rows."""
    model, encoder = readouts.model_of(run_id)
    encoded = readouts.encoded_of(run_id)
    found = explain.ice(model, encoder, sample_batch(encoded.batch(split), CURVE_ROWS), field)
    if field in encoder.layout.numeric:
        found = found.assign(number=found["value"].astype(float)).drop(columns="value")
        rows = sample_batch(encoded.batch("train"), TICK_ROWS).numeric[:, encoder.layout.numeric.index(field)]
        ticks = pd.DataFrame({"number": encoder.transforms[field].inverse(rows.numpy())})
        return found, found.groupby("place", as_index=False)[["number", "ctr"]].mean(), ticks
    found = found[found["place"] < MOST_SHOWN_VALUES]
    mean = found.groupby("place", as_index=False).agg(value=("value", "first"), ctr=("ctr", "mean"))
    return found, mean.assign(count=list(encoder.vocabulary_of(field).counts[: len(mean)])), pd.DataFrame()
