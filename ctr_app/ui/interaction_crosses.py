"""Take crosses along: pairs as explicit fields, what they are worth to simpler models, and the table with them."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

import pandas as pd
import streamlit as st

from ..data.errors import InputError, join_names
from ..data.store import DataSet
from ..explain import cross_jobs
from ..explain.cross_study import Study
from ..explain.cross_tables import write_crossed
from ..explain.crosses import MOST_PAIRS, Pair
from ..explain.gains import Gain
from ..training.run_store import Run
from . import charts, cross_charts, parts, readouts, services
from .watch import dataset_truth
from .words import _, plain

REFRESH_SECONDS = 0.7
CHOSEN_AT_FIRST = 3
MODEL_NAMES = {
    "lr": "Logistic regression",
    "lr+": "Logistic regression + crosses",
    "fm": "FM",
    "fm+": "FM + crosses",
}
SPLIT_NAMES = {"test": "test", "valid": "validation"}


def draw(run: Run, frame: pd.DataFrame, picked: tuple[str, str] | None) -> None:  # noqa: ARG001
    """Choose pairs, train with and without them, see the gain, download the table with them."""
    known = cross_jobs.studies(run)
    chosen = _choice(run, frame, known)
    live = next((study for study in known if study.status().is_live), None)
    if live is not None:
        st.fragment(_progress, run_every=REFRESH_SECONDS)(live)
    elif st.button(
        _("Train with and without them"),
        key="interactions-crosses-train",
        type="primary",
        icon=":material/play_arrow:",
        disabled=not chosen,
    ):
        study = cross_jobs.new_study(run, readouts.model_of(run.id)[1].layout, chosen)
        services.jobs().submit(study, cross_jobs.train_study)
        st.rerun()
    if chosen:
        _outcome(run, chosen, [study for study in known if set(cross_jobs.pairs_of(study)) == set(chosen)])


def _choice(run: Run, frame: pd.DataFrame, known: list[Run]) -> list[Pair]:
    """The pairs to cross: at first those of the latest study, else the strongest of the map."""
    names = readouts.model_of(run.id)[1].layout.field_names
    pairs = zip(frame["field_a"], frame["field_b"], strict=True)
    options: list[Pair] = [(a, b) if names.index(a) < names.index(b) else (b, a) for a, b in pairs]
    latest = cross_jobs.pairs_of(known[0]) if known else options[:CHOSEN_AT_FIRST]
    return st.multiselect(
        _("Pairs to take along as fields of their own"),
        options,
        default=[pair for pair in latest if pair in options],
        max_selections=MOST_PAIRS,
        key=f"interactions-crosses-pairs-{run.id}",
        format_func=lambda pair: f"{pair[0]} × {pair[1]}",
        help=_(
            "Each combination of two values becomes one value, if training showed it often enough; numbers are cut "
            "into up to eight bins of about equally many rows, and of a history the last item is taken."
        ),
    )


def _progress(study: Run) -> None:
    """How far it is, and Stop; the whole page is drawn anew once it has ended."""
    status = study.status()
    if not status.is_live:
        st.rerun()
    share, model = cross_jobs.how_far(study)
    names = join_names([f"{a} × {b}" for a, b in cross_jobs.pairs_of(study)], 3)
    words = (
        _("Training {model} for {pairs}", model=_(MODEL_NAMES[model]), pairs=names) if model else _("Making crosses")
    )
    if status.state == "queued":
        ahead = services.jobs().position(study.id)
        words = _("Waiting: {count} before this one.", count=ahead) if ahead else _("Waiting to begin.")
    bar, button = st.columns([6, 1], vertical_alignment="bottom")
    bar.progress(min(1.0, share), text=plain(words))
    if button.button(_("Stop"), key="interactions-crosses-stop", icon=":material/stop:", width="stretch"):
        study.ask_to_stop()
        st.toast(_("Stopping after this step."))


def _outcome(run: Run, chosen: list[Pair], studies: list[Run]) -> None:
    """What the newest study of these pairs came to, or why it came to nothing; and the table with them."""
    result = next(filter(None, map(cross_jobs.result_of, studies)), None)
    if result is not None:
        _picture(run, result)
    elif studies and not studies[0].status().is_live:
        status = studies[0].status()
        show = st.error if status.state == "failed" else st.info
        show(plain(_(status.reason)), icon=":material/info:")
    elif not studies:
        st.caption(
            _(
                "Logistic regression and FM are trained on the same rows with these crosses and without them, and "
                "what they gain is shown with its interval."
            )
        )
    with st.container(horizontal=True):
        if result is not None:
            _tables(run, result)
        _download(run, chosen)


def _picture(run: Run, result: Study) -> None:
    split = result.split
    rows = parts.count(result.rows[split])
    sentence = sentence_of(result)
    subtitle = _(
        "AUC on {rows} {split} rows; whiskers: 95 % interval of the gain over the same model without crosses",
        rows=rows,
        split=_(SPLIT_NAMES[split]),
    )
    if result.seeds > 1:
        subtitle += "; " + _("FM: mean of {seeds} seeds", seeds=result.seeds)
    truth = dataset_truth(run)
    chart = cross_charts.gain_chart(
        models_frame(result),
        [_(name) for name in MODEL_NAMES.values()],
        charts.titled(sentence, subtitle),
        None if truth is None else float(truth["best_auc"]),
    )
    chart.draw(alt=sentence, key=f"interactions-crosses-{run.id}")
    st.markdown(plain(_of_fm(result.gains["fm"][split]["auc"])))
    st.caption(
        _(
            "A cross lets a linear model use a pair as FM does: where the gain is clear, the pair is real, and a "
            "simpler model can have it. It does not tell which of several crosses brought the gain, and combinations "
            "too rare to be learned are taken as one; numbers are binned for all four models."
        )
    )


def _tables(run: Run, result: Study) -> None:
    """The numbers behind the picture."""
    parts.table_behind(gains_frame(result), f"{run.id}-crosses-gain", _("All gains as a table"))
    columns = {
        "field_a": _("field"),
        "field_b": _("with"),
        "values": st.column_config.NumberColumn(_("combinations")),
        "unknown": st.column_config.NumberColumn(_("too rare"), format="percent"),
    }
    parts.table_behind(pd.DataFrame(result.crosses), f"{run.id}-crosses", _("The crosses"), columns)


def sentence_of(result: Study) -> str:
    """What the crosses are worth to logistic regression, in words."""
    gain, way = result.gains["lr"][result.split]["auc"], result.way_to_fm
    count = _("1 cross") if len(result.pairs) == 1 else _("{count} crosses", count=len(result.pairs))
    amount = _amount(gain)
    if not gain.is_clear:
        return _("With {count} logistic regression gains nothing clear of chance: {gain} AUC", count=count, gain=amount)
    if gain.value < 0:
        return _("With {count} logistic regression loses: {gain} AUC", count=count, gain=amount)
    gains = _("With {count} logistic regression gains {gain} AUC", count=count, gain=amount)
    if way is None:
        return _("{gains}; FM was not ahead of it", gains=gains)
    if way >= 1:
        return _("{gains} and reaches FM", gains=gains)
    return _("{gains} and reaches {way:.0%} of the way to FM", gains=gains, way=way)


def _of_fm(gain: Gain) -> str:
    if not gain.is_clear:
        return _(
            "FM gains nothing from them that is clear of chance ({gain}): it has them already, or these rows are too "
            "few to show it.",
            gain=_amount(gain),
        )
    if gain.value < 0:
        return _("FM loses by them ({gain}): they are more to learn, and add nothing here.", gain=_amount(gain))
    return _("FM gains from them too ({gain}): its vectors alone do not hold all of them.", gain=_amount(gain))


def _amount(gain: Gain) -> str:
    """``0.0213 ± 0.0021``, the second being half of the 95 % interval."""
    return f"{gain.value:.4f} ± {(gain.high - gain.low) / 2:.4f}"


def models_frame(result: Study) -> pd.DataFrame:
    """One line per model: its AUC, and with crosses the interval of the gain, laid at the AUC without them."""
    lines = []
    for name, words in MODEL_NAMES.items():
        plain_name, has_crosses = name.removesuffix("+"), name.endswith("+")
        before = result.metrics[plain_name][result.split]["auc"]
        gain = result.gains[plain_name][result.split]["auc"]
        ends = (before + gain.low, before + gain.high) if has_crosses else (None, None)
        lines.append((_(words), plain_name, has_crosses, result.metrics[name][result.split]["auc"], *ends))
    return pd.DataFrame(lines, columns=["model", "family", "has_crosses", "auc", "low", "high"]).astype(
        {"low": float, "high": float}
    )


def gains_frame(result: Study) -> pd.DataFrame:
    """Every gain: model, split, metric, without and with crosses, and the gain with its interval."""
    lines = [
        (
            _(MODEL_NAMES[model]),
            _(SPLIT_NAMES[split]),
            metric,
            result.metrics[model][split][metric],
            result.metrics[f"{model}+"][split][metric],
            gain.value,
            gain.low,
            gain.high,
        )
        for model, by_split in result.gains.items()
        for split, by_metric in by_split.items()
        for metric, gain in by_metric.items()
    ]
    return pd.DataFrame(lines, columns=["model", "split", "metric", "without", "with", "gain", "low", "high"])


def _download(run: Run, chosen: list[Pair]) -> None:
    """The run's table with the crosses as columns of text, made when it is asked for."""
    try:
        dataset = readouts.dataset_of(run)
    except InputError:
        return
    with st.popover(_("Table with the crosses"), icon=":material/table_view:", key="interactions-crosses-table"):
        st.caption(_("All {rows} rows with a column of text for each cross.", rows=parts.count(dataset.rows)))
        for suffix, kind in ((".csv", "text/csv"), (".parquet", "application/vnd.apache.parquet")):
            st.download_button(
                _("Download {kind}", kind=suffix[1:].upper() if suffix == ".csv" else "Parquet"),
                partial(_table, run, dataset, tuple(chosen), suffix),
                f"{run.id}-crosses{suffix}",
                kind,
                key=f"interactions-crosses-table-{suffix[1:]}",
                on_click="ignore",
                width="stretch",
            )


def _table(run: Run, dataset: DataSet, chosen: tuple[Pair, ...], suffix: str) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"table{suffix}"
        write_crossed(run, dataset, chosen, path)
        return path.read_bytes()
