"""Cut the wire: switch off pairs of fields, or fields, and see what the predictions lose."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import pandas as pd
import streamlit as st

from ..data.errors import shorten
from ..explain.cuts import Cut, CutResult, ways_to_cut
from ..explain.gains import Gain
from ..training.run_store import Run
from . import charts, parts, readouts, tasks
from .interval_bars import interval_bars
from .state import set_widget, state, widget_value
from .watch import dataset_truth
from .words import _, plain

WAYS = {"weights": "In the weights", "behaviour": "In its behaviour", "raw": "In the weights, raw"}
WHAT_IS_CUT = {
    "fm": "A cut takes the pair's term out of the sum, purified: what each field does alone stays, so that only the "
    "interaction goes. A field that is cut stands at its mean.",
    "dcn": "A cut takes the pair's blocks of W out of every cross layer, purified: what each field does alone stays, "
    "and so does what the MLP makes of both, which only a cut in its behaviour takes away.",
    "raw": "A raw cut takes the whole product of the two fields out, and with it a part of what each does alone, so "
    "that more is lost than the interaction.",
    "behaviour": "A cut averages away whatever the model makes of both fields together, in every part of it; what "
    "each does alone stays. A field that is cut takes all its values in turn.",
}
NOT_TRAINED = "Nothing is trained anew: a model that had never seen the pair might find part of it elsewhere."


def draw(run: Run, frame: pd.DataFrame, picked: tuple[str, str] | None) -> None:
    """What to cut, the metrics before and after, and what each cut costs alone."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        way = _way(run)
        _buttons(run, frame, picked)
    cuts = _chosen(run, frame)
    found = tasks.result_of(
        ("cuts", run.id, cuts, way),
        "interactions-cuts",
        _("Predicting the validation rows"),
        partial(readouts.cuts, run.id, cuts, way),
    )
    if found is None:
        return
    together, alone = found
    _numbers(together)
    if cuts:
        _picture(run, together, alone)
        _table(run, together, alone)
    else:
        st.caption(_("Nothing is cut. Pick a pair on the map, or choose pairs and fields above."))
    if way == "weights" and run.spec().family == "dcn" and cuts and not (together.auc and together.auc.is_clear):
        st.info(
            _("The cross layers carry little of this. Cut it in the model's behaviour to take away what the MLP does."),
            icon=":material/info:",
        )
    st.caption(f"{_(WHAT_IS_CUT[run.spec().family if way == 'weights' else way])} {_(NOT_TRAINED)}")


def name_of(cut: Cut, width: int = 24) -> str:
    """A cut in words: ``site × slot``, or ``site``."""
    return " × ".join(shorten(name, width) for name in cut)


def sentence(result: CutResult) -> str:
    """What the cuts do to the AUC, or to the logloss where there is no AUC."""
    names = [name_of(cut) for cut in result.cuts]
    what = names[0] if len(names) == 1 else _("{first} and {count} more", first=names[0], count=len(names) - 1)
    before, after = result.before.metrics, result.after.metrics
    if result.auc is not None:
        metric, change, ends = _("AUC"), result.auc, (before.auc or 0.0, after.auc or 0.0)
    else:
        metric, change, ends = _("logloss"), result.logloss, (before.logloss, after.logloss)
    if not change.is_clear:
        words = "Without {what} the {metric} stays at {before:.4f} ({change}): these rows show no difference"
    elif change.value < 0:
        words = "Without {what} the {metric} falls from {before:.4f} to {after:.4f} ({change})"
    else:
        words = "Without {what} the {metric} rises from {before:.4f} to {after:.4f} ({change})"
    return _(words, what=what, metric=metric, before=ends[0], after=ends[1], change=signed(change))


def signed(change: Gain) -> str:
    """A change with its 95 % interval: ``-0.0482 ± 0.0031``."""
    return f"{change.value:+.4f} ± {change.margin:.4f}"


def _way(run: Run) -> str:
    """How a pair is cut."""
    known = list(ways_to_cut(run.spec().title))
    if len(known) == 1:
        return known[0]
    chosen = st.segmented_control(
        _("How to cut"),
        known,
        default=known[0],
        required=True,
        key=f"interactions-cut-way-{run.spec().title.lower()}",
        format_func=lambda way: _(WAYS[way]),
    )
    return chosen or known[0]


def _buttons(run: Run, frame: pd.DataFrame, picked: tuple[str, str] | None) -> None:
    """Cut the picked pair, or else the strongest that is whole; take back the last cut, or all."""
    cuts = state().cuts.get(run.id, ())
    whole = [pair for pair in _pairs(frame) if pair not in cuts]
    wanted = [pair for pair in whole if picked and set(pair) == set(picked)]
    for pair in (wanted or whole)[:1]:
        label = _("Cut {pair}", pair=plain(name_of(pair)))
        st.button(
            label,
            key="interactions-cut-one",
            type="primary",
            icon=":material/content_cut:",
            on_click=_set,
            args=(run.id, (*cuts, pair)),
        )
    nothing = not cuts
    st.button(
        _("Undo"),
        key="interactions-cut-undo",
        icon=":material/undo:",
        disabled=nothing,
        on_click=_set,
        args=(run.id, cuts[:-1]),
    )
    st.button(
        _("Reset"),
        key="interactions-cut-reset",
        icon=":material/restart_alt:",
        disabled=nothing,
        on_click=_set,
        args=(run.id, ()),
    )


def _chosen(run: Run, frame: pd.DataFrame) -> tuple[Cut, ...]:
    """All pairs and fields that are cut, in the order in which they were."""
    cuts = state().cuts.get(run.id, ())
    keys = f"interactions-cut-pairs-{run.id}", f"interactions-cut-fields-{run.id}"
    fields = [(name,) for name in readouts.model_of(run.id)[1].layout.field_names]
    for key, size in zip(keys, (2, 1), strict=True):
        set_widget(key, [cut for cut in cuts if len(cut) == size])
    left, right = st.columns(2)
    for column, key, label, options in (
        (left, keys[0], _("Pairs that are cut"), _pairs(frame)),
        (right, keys[1], _("Fields that are cut"), fields),
    ):
        column.multiselect(
            label,
            options,
            key=key,
            format_func=lambda cut: name_of(cut, 36),
            placeholder=_("None"),
            on_change=_take,
            args=(run.id, keys),
        )
    return cuts


def _pairs(frame: pd.DataFrame) -> list[Cut]:
    """Every pair, strongest first."""
    return list(zip(frame["field_a"], frame["field_b"], strict=True))


def _take(run_id: str, keys: tuple[str, str]) -> None:
    """What the two lists say now: those that were cut before stay in their order, the others come after them."""
    asked = [tuple(cut) for key in keys for cut in widget_value(key) or ()]
    before = state().cuts.get(run_id, ())
    _set(run_id, tuple(sorted(asked, key=lambda cut: before.index(cut) if cut in before else len(before))))


def _set(run_id: str, cuts: tuple[Cut, ...]) -> None:
    state().cuts[run_id] = cuts


def _numbers(result: CutResult) -> None:
    """The metrics after the cuts, each with its change."""
    before, after = result.before.metrics, result.after.metrics
    of, is_cut = result.after.calibration, bool(result.cuts)
    columns = iter(st.columns(4 if after.gauc is None else 5))
    rows = _("On {rows} validation rows.", rows=parts.count(after.rows))
    _metric(next(columns), _("AUC"), after.auc, result.auc, "normal", rows, is_cut)
    _metric(next(columns), _("Logloss"), after.logloss, result.logloss, "inverse", rows, is_cut)
    if after.gauc is not None and before.gauc is not None:
        change = f"{after.gauc - before.gauc:+.4f}" if is_cut else None
        next(columns).metric(_("GAUC"), f"{after.gauc:.4f}", change, delta_color="off", border=True, help=rows)
    next(columns).metric(
        _("Predicted / observed CTR"),
        _number(of.ratio, ".3f"),
        _was(result.before.calibration.ratio, ".3f") if is_cut else None,
        delta_color="off",
        delta_arrow="off",
        border=True,
        help=_("The mean of the predictions over the share of clicks; 1 where they agree."),
    )
    next(columns).metric(
        _("Calibration error"),
        f"{of.error:.4f}",
        _was(result.before.calibration.error, ".4f") if is_cut else None,
        delta_color="off",
        delta_arrow="off",
        border=True,
        help=_("Mean distance between predicted and observed CTR over 15 bins of equally many rows."),
    )


def _metric(
    column: Any, label: str, value: float | None, change: Gain | None, colour: str, help: str, is_cut: bool
) -> None:
    """One metric with its change, coloured where the change is clear."""
    column.metric(
        label,
        _number(value, ".4f"),
        signed(change) if is_cut and change else None,
        delta_color=colour if change and change.is_clear else "off",
        border=True,
        help=help,
    )


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def _was(value: float | None, form: str) -> str:
    return _("before {value}", value=_number(value, form))


def _picture(run: Run, together: CutResult, alone: Sequence[CutResult]) -> None:
    """What each cut alone does to the AUC, and all together, beside the sum of each alone."""
    truth = dataset_truth(run) if state().revealed else None
    bars = _bars(together, alone, {frozenset(pair) for pair in truth["pairs"]} if truth else set())
    if bars.empty:
        return
    rows = parts.count(together.after.metrics.rows)
    subtitle = _("change of the AUC with its 95 % interval, on the same {rows} validation rows", rows=rows)
    if len(alone) > 1:
        subtitle += "; " + _("line: the sum of each alone, which need not be what all do together")
    words = sentence(together)
    title = charts.titled(words, subtitle)
    chart = interval_bars(bars, title, _("change of AUC"), run.spec().family, _("without"))
    chart.draw(alt=words, key=f"interactions-cut-chart-{run.id}")


def _bars(together: CutResult, alone: Sequence[CutResult], planted: set[frozenset[str]]) -> pd.DataFrame:
    """A bar for each cut and one for all; none where there is no AUC."""
    known = [(result.cuts[0], result.auc) for result in alone if result.auc]
    labels = [name_of(cut) for cut, _change in known]
    if len(set(labels)) < len(labels):  # alike when they are shortened
        labels = [name_of(cut, 200) for cut, _change in known]
    bars = [
        {"label": label, "value": change.value, "margin": change.margin, "is_marked": frozenset(cut) in planted}
        for label, (cut, change) in zip(labels, known, strict=True)
    ]
    if len(bars) > 1 and together.auc:
        total = {"label": _("all together"), "value": together.auc.value, "margin": together.auc.margin}
        bars.append(total | {"is_marked": False, "expected": sum(change.value for _cut, change in known)})
    return pd.DataFrame(bars)


def _table(run: Run, together: CutResult, alone: Sequence[CutResult]) -> None:
    """Every metric of every cut, as a table."""
    none = [("", together.before, None, None)]
    each = [(name_of(r.cuts[0], 200), r.after, r.auc, r.logloss) for r in alone]
    every = [(_("all together"), together.after, together.auc, together.logloss)] if len(alone) > 1 else []
    lines = [
        {
            "without": name,
            "auc": quality.metrics.auc,
            "auc_change": auc.value if auc else None,
            "auc_margin": auc.margin if auc else None,
            "logloss": quality.metrics.logloss,
            "logloss_change": logloss.value if logloss else None,
            "logloss_margin": logloss.margin if logloss else None,
            "gauc": quality.metrics.gauc,
            "predicted_over_observed": quality.calibration.ratio,
            "calibration_error": quality.calibration.error,
        }
        for name, quality, auc, logloss in none + each + every
    ]
    parts.table_behind(pd.DataFrame(lines), f"{run.id}-cuts")
