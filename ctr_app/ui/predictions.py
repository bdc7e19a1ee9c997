"""What the Predictions page draws: one row, one number, what it is made of, and what would change it."""

from __future__ import annotations

from functools import partial

import pandas as pd
import polars as pl
import streamlit as st

from ..data.batch import Batch
from ..data.errors import shorten
from ..explain.contributions import Contributions, ablation, agreement, exact, per_field, shapley
from ..explain.gradients import integrated_gradients
from ..explain.readouts import sample_batch
from ..models.fm import FM
from ..training.metrics import sigmoid
from ..training.run_store import Run
from ..training.trainer import predict
from . import charts, parts, prediction_charts, readouts, tasks, what_if
from .row_choice import ChosenRow, choose_row
from .row_words import cells_in_words, tell_gaps
from .words import _, plain

METHODS = {
    "exact": "FM's own terms",
    "shapley": "Shapley values",
    "gradients": "Integrated gradients",
    "ablation": "One field out",
}
METHOD_WORDS = {
    "exact": "FM is a sum, so this is what it adds up, term by term; numbers and pairs are measured from the baseline.",
    "shapley": "Fields enter in random orders; a field's share is its mean gain, and shared effects go half to each.",
    "gradients": "Slopes along the straight way from the baseline; on that way lie rows that no table has.",
    "ablation": "What is lost when one field is the baseline's; shared effects are counted twice or not at all.",
}
BASELINES = {"mean": "The average of training rows", "row": "One other row"}
BASELINE_ROWS = 100
MOST_PARTS = 12
TOO_MUCH = 0.05
SMALL = 0.05  # logits; if nothing contributes more, the digits behind count


def draw() -> None:
    """The whole page."""
    run, right = parts.page_on_run(
        "predictions",
        _("What a prediction is made of"),
        _("No model has been trained yet, so there is no prediction to look into."),
    )
    with parts.sentences():
        chosen = choose_row(run, "predictions", right)
        if chosen is not None:
            _one_row(run, chosen)


def _one_row(run: Run, chosen: ChosenRow) -> None:
    encoded = readouts.encoded_of(run.id)
    row = encoded.batch(chosen.split).select(slice(chosen.place, chosen.place + 1))
    table_row = readouts.row_of(run.id, chosen.table_row)
    _number(run, row, table_row)
    tell_gaps(readouts.model_of(run.id)[1], row, table_row)
    _parts(run, table_row, chosen)
    what_if.draw(run, row, table_row, chosen)


def _number(run: Run, row: Batch, table_row: pl.DataFrame) -> None:
    model, encoder = readouts.model_of(run.id)
    logit = float(predict(model, row)[0])
    label = encoder.schema.label
    with st.container(horizontal=True):
        st.metric(_("Predicted CTR"), f"{sigmoid(predict(model, row))[0]:.1%}", width=200)
        st.metric(_("Logit"), f"{logit:+.4f}", width=200)
        if label in table_row.columns:
            st.metric(_("Observed: {label}", label=plain(label)), plain(table_row[label][0]), width=240)


def _parts(run: Run, table_row: pl.DataFrame, chosen: ChosenRow) -> None:
    """The waterfall of one method, and what the methods agree on."""
    model, encoder = readouts.model_of(run.id)
    methods = [name for name in METHODS if name != "exact" or isinstance(model, FM)]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        method = st.segmented_control(
            _("Measured by"),
            methods,
            default=methods[0],
            required=True,
            key=f"predictions-method-{run.spec().title.lower()}",
            format_func=lambda name: _(METHODS[name]),
        )
        baseline = _choose_baseline(run, chosen)
    found = _contributions(run.id, method or methods[0], chosen, baseline)
    if found is None:
        return
    names = cells_in_words(encoder, table_row, readouts.dataset_of(run).names())
    frame = _steps(found, names)
    parts_only = frame[~frame["is_total"]]
    best = parts_only.iloc[int(parts_only["amount"].abs().argmax())]
    sentence = _(
        "{part} {verb} the logit most, by {amount:.2g}",
        part=shorten(best["label"], 56),
        verb=_("raises") if best["amount"] > 0 else _("lowers"),
        amount=abs(best["amount"]),
    )
    title = charts.titled(sentence, _("from the baseline to this row's logit, in logits"))
    prediction_charts.waterfall(frame, title).draw(alt=sentence)
    words = _(METHOD_WORDS[found.method])
    words += " " + _(
        "Baseline {baseline:+.4f}, contributions {sum:+.4f}, logit {logit:+.4f}; not accounted for: {delta:+.5f}.",
        baseline=found.baseline,
        sum=found.logit - found.baseline - found.delta,
        logit=found.logit,
        delta=found.delta,
    )
    st.caption(words)
    if abs(found.delta) > TOO_MUCH * max(abs(found.logit - found.baseline), 0.1):
        st.warning(
            _("The contributions miss the logit by {delta:+.3f}: do not add them up.", delta=found.delta),
            icon=":material/warning:",
        )
    with st.container(horizontal=True):
        parts.table_behind(found.frame, f"contributions-{run.id}-{chosen.table_row}")
        compared = st.toggle(_("Compare the methods"), key="predictions-compare")
    if compared:
        _compare(run, methods, chosen, baseline)


def _choose_baseline(run: Run, chosen: ChosenRow) -> int | None:
    """The row that the prediction is compared with, by its place in the split; None for the mean of training rows."""
    way = st.selectbox(
        _("Compared with"),
        list(BASELINES),
        key="predictions-baseline",
        format_func=lambda name: _(BASELINES[name]),
        width=260,
    )
    if way != "row":
        return None
    last = len(readouts.encoded_of(run.id).rows(chosen.split))
    number = st.number_input(
        _("Row of the {split} rows, 1 to {last}", split=_(chosen.split), last=last),
        min_value=1,
        max_value=last,
        value=2 if chosen.place == 0 and last > 1 else 1,
        key=f"predictions-baseline-row-{run.id}",
        width=240,
    )
    if int(number) - 1 == chosen.place:
        st.caption(_("That is this row itself, so it is compared with the average."))
        return None
    return int(number) - 1


def _compare(run: Run, methods: list[str], chosen: ChosenRow, baseline: int | None) -> None:
    found = [one for method in methods if (one := _contributions(run.id, method, chosen, baseline)) is not None]
    if len(found) < len(methods):
        return
    correlations = agreement(found)
    lowest = correlations.sort_values("correlation").iloc[0]
    sentence = _(
        "{a} and {b} agree least: {value:.2f}",
        a=_(METHODS[lowest["method"]]),
        b=_(METHODS[lowest["other"]]),
        value=lowest["correlation"],
    )
    frames = [
        pd.DataFrame({"field": per_field(one).index, "contribution": per_field(one).to_numpy()}).assign(
            method=_(METHODS[one.method])
        )
        for one in found
    ]
    frame = pd.concat(frames)
    order = frame.groupby("field")["contribution"].apply(lambda part: part.abs().max()).sort_values(ascending=False)
    shown = frame[frame["field"].isin(order.index[:20])].set_index("field").loc[order.index[:20]].reset_index()
    title = charts.titled(
        sentence, _("Spearman's rank correlation of the contributions over fields; 1 is full agreement")
    )
    prediction_charts.methods_chart(shown, title).draw(alt=sentence)
    st.caption(
        _(
            "It tells on which fields the methods see eye to eye. It cannot tell which of them is right where they do "
            "not: then the row rests on what its fields do together."
        )
    )


def _contributions(run_id: str, method: str, chosen: ChosenRow, compared: int | None) -> Contributions | None:
    """By one method; None while fields still enter in random orders."""
    if method != "shapley":
        with st.spinner(_("Taking the prediction apart")):
            return _at_once(run_id, method, chosen, compared)
    found: Contributions | None = tasks.result_of(
        (run_id, method, chosen.split, chosen.place, compared),
        "predictions-shapley",
        _("Letting fields enter in random orders"),
        partial(_shapley, run_id, chosen, compared),
    )
    return found


@st.cache_data(max_entries=256, show_spinner=False)
def _at_once(run_id: str, method: str, chosen: ChosenRow, compared: int | None) -> Contributions:
    model, encoder = readouts.model_of(run_id)
    row, baseline = _row_and_baseline(run_id, chosen, compared, None if method == "exact" else BASELINE_ROWS)
    if method == "exact" and isinstance(model, FM):
        return exact(model, row, baseline)
    measure = integrated_gradients if method == "gradients" else ablation
    return measure(model, encoder.layout, row, baseline)


def _shapley(run_id: str, chosen: ChosenRow, compared: int | None, on_progress: tasks.OnProgress) -> Contributions:
    model, encoder = readouts.model_of(run_id)
    row, baseline = _row_and_baseline(run_id, chosen, compared, BASELINE_ROWS)
    return shapley(model, encoder.layout, row, baseline, on_progress=on_progress)


def _row_and_baseline(run_id: str, chosen: ChosenRow, compared: int | None, rows: int | None) -> tuple[Batch, Batch]:
    """The row; and the one other row that it is compared with, or so many training rows (None: as many as usual)."""
    encoded = readouts.encoded_of(run_id)
    split = encoded.batch(chosen.split)
    row = split.select(slice(chosen.place, chosen.place + 1))
    if compared is not None:
        return row, split.select(slice(compared, compared + 1))
    train = encoded.batch("train")
    return row, sample_batch(train) if rows is None else sample_batch(train, rows)


def _steps(found: Contributions, names: dict[str, str]) -> pd.DataFrame:
    """The parts of a waterfall: the baseline, the largest contributions, all others, the logit."""
    frame = found.frame.iloc[found.frame["contribution"].abs().argsort(kind="stable")[::-1]]
    others = frame["with_field"] if "with_field" in frame else [None] * len(frame)
    labels = [_part_name(field, other, names) for field, other in zip(frame["field"], others, strict=True)]
    amounts = frame["contribution"].tolist()
    shown = list(zip(labels, amounts, strict=True))[:MOST_PARTS]
    rest = amounts[MOST_PARTS:]
    if rest:
        shown.append((_("{count} others together", count=len(rest)), float(sum(rest))))
    if abs(found.delta) > 1e-4:
        shown.append((_("not accounted for"), found.delta))
    lines, at = [(_("baseline"), found.baseline, found.baseline, 0.0, True)], found.baseline
    for label, amount in shown:
        lines.append((label, at, at + amount, amount, False))
        at += amount
    lines.append((_("this row"), found.logit, found.logit, 0.0, True))
    steps = pd.DataFrame(lines, columns=["label", "start", "stop", "amount", "is_total"])
    digits = 3 if steps["amount"].abs().max() >= SMALL else 5
    texts = [f"{n:+.{digits}f}" for n in steps["stop"].where(steps["is_total"], steps["amount"])]
    return steps.assign(text=texts, right=steps[["start", "stop"]].max(axis=1), label=_distinct(list(steps["label"])))


def _part_name(field: str, other: str | None, names: dict[str, str]) -> str:
    return names[field] if other is None or pd.isna(other) else f"{shorten(field, 24)} × {shorten(other, 24)}"


def _distinct(labels: list[str]) -> list[str]:
    """The labels, numbered where two are alike."""
    return [label if labels.index(label) == place else f"{label} ({place})" for place, label in enumerate(labels)]
