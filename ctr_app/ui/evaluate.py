"""What the Evaluate page draws: how good a run's predictions are on some rows, and where they are off."""

from __future__ import annotations

import numpy as np
import pandas as pd
import streamlit as st

from ..data.errors import InputError, join_names, shorten, spaced
from ..data.reading import Table, read_table
from ..explain.curves import calibration, gains, histogram, precision_recall, roc
from ..explain.importance import ATTRIBUTED_ROWS
from ..explain.scored import Fit, Scored
from ..training.run_store import Run
from . import charts, evaluate_slices, evaluation_charts, parts, scores
from .scores import Rows
from .state import drop_upload, state
from .words import _, error_text, plain

SPLIT_NAMES = {"test": "Test rows", "valid": "Validation rows", "train": "Training rows", "table": "Another table"}
# Label, and what it says.
METRIC_WORDS = {
    "auc": ("AUC", "How often a click gets a higher CTR than a row without one; ½ is guessing."),
    "gauc": ("GAUC", "AUC within each group (user), averaged by rows: what matters where each user gets a list."),
    "logloss": ("Logloss", "Mean cross-entropy in nats; lower is better."),
    "normalised_entropy": (
        "Normalised entropy",
        "Logloss over that of always saying the mean CTR: below 1 the model knows something.",
    ),
    "brier": ("Brier score", "Mean square of CTR minus label; lower is better."),
    "calibration": ("Predicted over observed", "Sum of predicted CTR over number of clicks; 1 is right on average."),
}
CURVE_WORDS = {
    "roc": "It tells how well clicks are ranked above other rows, whatever the threshold. It cannot tell whether the "
    "CTR itself is right, and flatters where clicks are few.",
    "precision": "It tells what a cut-off costs: how much of what is taken clicks, for how many of the clicks. It "
    "cannot be compared between tables with other shares of clicks.",
    "lift": "It tells how much of the clicks the highest rows hold, beside rows taken by chance. It cannot tell "
    "whether the CTR itself is right.",
    "scores": "It tells how far clicks and other rows lie apart, and where they mix. It cannot tell how many of each "
    "there are: each adds up to 100 %.",
}
CURVES = {"roc": "ROC", "precision": "Precision and recall", "lift": "Lift", "scores": "Scores by label"}


def draw() -> None:
    """The whole page."""
    run, right = parts.page_on_run(
        "evaluate",
        _("How good the predictions are"),
        _("No model has been trained yet, so there is nothing to measure."),
    )
    with parts.sentences():
        with right:
            split = _choose_rows(run)
        found = _scored(run, split)
        if found is not None:
            _everything(run, *found)


def _choose_rows(run: Run) -> str:
    splits = [split for split in ("test", "valid", "train") if split in scores.splits(run.id)]
    return st.selectbox(
        _("Rows"),
        [*splits, "table"],
        key=f"evaluate-rows-{run.id}",
        format_func=lambda split: _(SPLIT_NAMES[split]),
        help=_("Test rows were never seen in training, nor used to choose the best epoch."),
    )


def _scored(run: Run, split: str) -> tuple[Rows, Fit | None] | None:
    """The rows with their predictions, and how a brought table fits; None if none was brought."""
    table = _upload() if split == "table" else None
    if split == "table" and table is None:
        return None
    with st.spinner(_("Scoring the rows")):
        return (scores.of_split(run.id, split), None) if table is None else scores.of_table(run.id, table)


def _upload() -> Table | None:
    """The table that was brought; it stays while the session lasts."""
    file = st.file_uploader(_("A table with the same columns as the run's, label included"), key="evaluate-upload")
    if file is not None and file.file_id != state().evaluated_upload:
        state().evaluated_upload = file.file_id
        try:
            state().evaluated = read_table(file, file.name)
        except InputError as error:
            state().evaluated = None
            st.error(plain(error_text(error)), icon=":material/error:")
            return None
        finally:
            drop_upload(file)
    table = state().evaluated
    if table is None:
        st.caption(_("Rows of another day, for example: does the model still hold?"))
    else:
        st.caption(plain(_("{name}, {rows} rows", name=table.name, rows=spaced(table.frame.height))))
    return table


def _everything(run: Run, rows: Rows, fit: Fit | None) -> None:
    if fit is not None:
        _fit(fit)
    _numbers(rows)
    _pictures(run, rows)
    evaluate_slices.draw(run, rows)
    _importance(run, rows)


def _fit(fit: Fit) -> None:
    """What of a brought table does not fit the run."""
    if fit.absent:
        names = plain(", ".join(fit.absent))
        st.warning(_("Not in the table, so read as missing in every row: {names}.", names=names))
    if fit.unlabelled:
        st.info(_("{count} rows have no label and are left out.", count=spaced(fit.unlabelled)))
    new = fit.fields[fit.fields["new"] > 0].sort_values("new", ascending=False)
    if len(new):
        listed = [
            _("{share:.1%} of {field}", share=s, field=shorten(f))
            for s, f in zip(new["new"], new["field"], strict=True)
        ]
        st.caption(
            _(
                "New to the model, as rare or never seen in training or beyond its range of numbers: {listed}.",
                listed=plain(join_names(listed)),
            )
        )
    share = st.column_config.NumberColumn(format="percent")
    config = {
        "field": _("field"),
        "is_absent": _("absent"),
        "missing": share,
        "new": st.column_config.NumberColumn(_("new to the model"), format="percent"),
    }
    parts.table_behind(fit.fields, "evaluate-fit", _("How the table fits"), config)


def _numbers(rows: Rows) -> None:
    """Each metric with its interval, and what they are about."""
    scored, found = rows.scored, scores.metrics(rows)
    clicks = scored.labels.sum()
    with st.container(horizontal=True):
        for line in found.to_dict("records"):
            label, help = METRIC_WORDS[line["metric"]]
            st.metric(
                _(label),
                f"{line['value']:.4f}",
                delta=f"{line['low']:.4f} – {line['high']:.4f}",
                delta_color="off",
                delta_arrow="off",
                help=_(help),
                width=210,
            )
    words = _("{rows} rows, {clicks} clicks.", rows=spaced(len(scored)), clicks=spaced(round(clicks)))
    if not scored.has_both_labels:
        words += " " + _("All rows have one label, so nothing can be said about their ranking: no AUC.")
    groups = scores.groups(rows)
    if groups is not None and not groups.mixed:
        words += " " + _(
            "None of the {count} groups has rows of both labels, so there is no GAUC.", count=spaced(groups.left_out)
        )
    elif groups is not None:
        words += " " + _(
            "GAUC is over {mixed} groups; {left} more have one label alone and are left out.",
            mixed=spaced(groups.mixed),
            left=spaced(groups.left_out),
        )
    words += " " + _("Under each number its 95 % interval, from drawing the rows again 200 times.")
    st.caption(words)


def _pictures(run: Run, rows: Rows) -> None:
    """Calibration, and one of the other curves."""
    family, scored = run.spec().family, rows.scored
    chosen = _choose_curve() if scored.has_both_labels else None
    left, right = st.columns(2, gap="large")
    with left:
        bins = calibration(scored)
        sentence = _calibration_sentence(bins, scores.metrics(rows))
        title = charts.titled(sentence, _("observed against predicted CTR, bins of equally many rows, 95 % intervals"))
        evaluation_charts.calibration_chart(bins, family, title).draw(alt=sentence)
        st.caption(
            _(
                "It tells whether a predicted CTR can be taken at its word. It cannot tell clicks from other rows: who "
                "always says the mean is calibrated too."
            )
        )
    with right:
        if chosen is None:
            st.info(_("All rows have one label: there is no ranking to draw."))
            return
        _curve(chosen, family, scored)
        st.caption(_(CURVE_WORDS[chosen]))


def _choose_curve() -> str:
    with st.columns(2, gap="large")[1]:
        return (
            st.segmented_control(
                _("Curve"),
                list(CURVES),
                default="roc",
                required=True,
                key="evaluate-curve",
                format_func=lambda name: _(CURVES[name]),
                label_visibility="collapsed",
            )
            or "roc"
        )


def _calibration_sentence(bins: pd.DataFrame, found: pd.DataFrame) -> str:
    """What is worst: a bin that is off; else the mean over all rows, if that is."""
    is_off = (bins["predicted"] < bins["low"]) | (bins["predicted"] > bins["high"])
    if not is_off.any():
        ratio = found.set_index("metric").loc["calibration"] if "calibration" in set(found["metric"]) else None
        if ratio is not None and not ratio["low"] <= 1 <= ratio["high"]:
            words = "Over all rows CTR is predicted {share:.0%} too high"
            if ratio["value"] < 1:
                words = "Over all rows CTR is predicted {share:.0%} too low"
            return _(words, share=abs(ratio["value"] - 1))
        return _("No bin is off by more than chance explains")
    worst = bins[is_off].assign(gap=(bins["predicted"] - bins["observed"]).abs()).sort_values("gap").iloc[-1]
    return _(
        "Off in {off} of {bins} bins: where {predicted:.1%} is predicted, {observed:.1%} click",
        off=int(is_off.sum()),
        bins=len(bins),
        predicted=worst["predicted"],
        observed=worst["observed"],
    )


def _curve(name: str, family: str, scored: Scored) -> None:
    rate = float(np.average(scored.labels, weights=scored.weight))
    if name == "roc":
        found = roc(scored)
        share = float(np.interp(0.1, found["fpr"], found["tpr"]))
        sentence = _("At 10 % false alarms {share:.0%} of the clicks are found", share=share)
        title = charts.titled(sentence, _("clicks found against false alarms, at every threshold; dashed: guessing"))
        evaluation_charts.roc_chart(found, family, title).draw(alt=sentence)
    elif name == "precision":
        found = precision_recall(scored)
        precision = float(found["precision"].iloc[int((found["recall"] - 0.5).abs().argmin())])
        sentence = _("To find half of the clicks, {precision:.0%} of what is taken clicks", precision=precision)
        title = charts.titled(sentence, _("guessing gives {rate:.1%}", rate=rate))
        evaluation_charts.precision_chart(found, rate, family, title).draw(alt=sentence)
    elif name == "lift":
        found = gains(scored)
        share = float(np.interp(0.1, found["rows"], found["clicks"]))
        sentence = _("The highest tenth holds {share:.0%} of the clicks: lift {lift:.1f}", share=share, lift=share * 10)
        title = charts.titled(sentence, _("clicks found against rows taken, the highest CTR first; dashed: guessing"))
        evaluation_charts.lift_chart(found, family, title).draw(alt=sentence)
    else:
        weight = scored.weight * scored.labels
        high, low = np.average(scored.ctr, weights=weight), np.average(scored.ctr, weights=scored.weight - weight)
        sentence = _("Clicks get {high:.1%} on average, other rows {low:.1%}", high=high, low=low)
        title = charts.titled(sentence, _("filled: clicks; outlined: no clicks; each adds up to 100 %"))
        evaluation_charts.scores_chart(histogram(scored), family, title).draw(alt=sentence)


def _importance(run: Run, rows: Rows) -> None:
    """What each field is worth, on request: it scores the rows many times."""
    st.subheader(_("What the fields are worth"))
    is_wanted = st.toggle(
        _("Measure it"),
        key=f"evaluate-importance-{run.id}",
        help=_("Each field's values are dealt out anew among the rows, five times, and the loss is measured again."),
    )
    if not is_wanted:
        return
    found = scores.importance(rows)
    if found is None:
        return
    best = found.iloc[0]
    sentence = _("The model rests most on {field}", field=shorten(best["field"]))
    subtitle = _("rise of the logloss when a field's values are dealt out anew; mean of its contribution's size")
    evaluation_charts.importance_chart(found.head(40), run.spec().family, charts.titled(sentence, subtitle)).draw(
        alt=sentence
    )
    st.caption(
        _(
            "Whiskers: 95 % intervals. The rise says what the model rests on, not what causes clicks: of two fields "
            "that say the same, each can look worthless, and dealt-out values make rows that never were. The "
            "contribution says how far a field moves the logit, right or wrong: what moves it much and is worth little "
            "may be learned by heart. It is by integrated gradients from the mean training row, over {count} rows.",
            count=min(ATTRIBUTED_ROWS, len(rows.scored)),
        )
    )
    parts.table_behind(found, "evaluate-importance")
