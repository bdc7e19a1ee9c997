"""Watching one run: live curves, how far it is, Stop, and what came of it."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from ..training.progress import Curves, HowFar, curves, how_far
from ..training.run_store import Run, RunSpec, RunStatus
from . import charts, growing_map, parts, recovery_chart, services
from .navigation import go_to, picture_page
from .state import open_run, state
from .words import _, plain

REFRESH_SECONDS = 0.7


def draw(run: Run) -> None:
    """The page while a run is queued or training, and after it has ended."""
    open_run(run)
    spec, status = run.spec(), run.status()
    if not status.is_live and state().tour_run_id == run.id:
        state().tour_run_id = None
        if run.has_model and status.state == "done":
            go_to(picture_page(spec.family), run)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.title(_("{model} on {data}", model=spec.title, data=plain(spec.dataset_name)), width="content")
        parts.state_badge(status)
    _truth_switch(run)
    st.fragment(_live, run_every=REFRESH_SECONDS if status.is_live else None)(run, status.is_live)
    if not status.is_live:
        _what_came_of_it(run, status)
    with st.expander(_("Settings of this run"), icon=":material/tune:"):
        _settings(spec)


def _live(run: Run, was_live: bool) -> None:
    """What changes while it trains; asks for the whole page once the run has ended."""
    status = run.status()
    if was_live and not status.is_live:
        st.rerun()
    history = run.history()
    far = how_far(history)
    if status.is_live:
        _progress(run, status, far)
    found = curves(history)
    if found.loss.empty:
        st.caption(_("The curves begin with the first steps."))
        return
    _curves(run, found, far, status.is_live)
    if status.is_live:
        growing_map.draw(run)
    _recovery(run, far, status.is_live)


def _progress(run: Run, status: RunStatus, far: HowFar | None) -> None:
    bar, button = st.columns([6, 1], vertical_alignment="bottom")
    with bar:
        st.progress(min(1.0, far.share) if far else 0.0, text=_how_far_in_words(run, status, far))
    with button:
        if st.button(_("Stop"), key="train-stop", icon=":material/stop:", width="stretch"):
            run.ask_to_stop()
            st.toast(_("Stopping after this step. The best epoch so far is kept."))


def _how_far_in_words(run: Run, status: RunStatus, far: HowFar | None) -> str:
    if status.state == "queued":
        ahead = services.jobs().position(run.id)
        return _("Waiting: {count} before this one.", count=ahead) if ahead else _("Waiting to begin.")
    if far is None:
        return _("Reading and encoding the data.")
    left = _("at most {time} left", time=parts.duration(far.seconds_left)) if far.seconds_left else _("starting")
    return _(
        "Epoch {epoch:.1f} of at most {epochs} · {speed} rows/s · {left} · {device}",
        epoch=far.epoch,
        epochs=far.epochs,
        speed=parts.count(far.rows_per_second),
        left=left,
        device=far.device.upper(),
    )


def _curves(run: Run, found: Curves, far: HowFar | None, is_live: bool) -> None:
    last = float(found.loss["epoch"].max())
    epochs = float(far.epochs) if far and is_live else max(1.0, last)
    best_possible, family = _best_possible(run), run.spec().family
    left, right = st.columns(2)
    with left:
        charts.loss_chart(found, epochs, family).draw(alt=_("Loss by epoch"))
    with right:
        if found.evals.empty:
            st.caption(_("The first validation comes at the end of the first epoch."))
        else:
            best = float(found.evals["auc"].max())
            chart = charts.auc_chart(found, epochs, family, best_possible)
            chart.draw(alt=_("Best validation AUC so far is {auc:.4f}", auc=best))


def _recovery(run: Run, far: HowFar | None, is_live: bool) -> None:
    """How many of the planted pairs are found by now, once what was planted is revealed."""
    truth = dataset_truth(run) if state().revealed else None
    found = recovery_chart.by_epoch(run, truth["pairs"]) if truth else None
    if truth is None or found is None or found.empty:
        return
    k, last = len(truth["pairs"]), found["epoch"].max()
    best = int(found[found["epoch"] == last]["found"].max())
    epochs = float(far.epochs) if far and is_live else max(1.0, float(last))
    sentence = _("{found} of {total} planted pairs are found", found=best, total=k)
    recovery_chart.recovery_chart(found, k, epochs, run.spec().family, _("Planted pairs found by epoch")).draw(
        alt=sentence
    )


def _truth_switch(run: Run) -> None:
    """Whether to count the planted pairs while they are found; nothing for a table that was not planted."""
    truth = dataset_truth(run)
    if truth is not None and truth["pairs"] and run.spec().family != "din":
        state().revealed = st.toggle(
            _("Reveal the planted pairs"),
            value=state().revealed,
            key="train-reveal",
            help=_("How many of them each readout has found is drawn below the curves, epoch by epoch."),
        )


def _best_possible(run: Run) -> float | None:
    """The best reachable AUC of the run's data, where it was planted."""
    truth = dataset_truth(run)
    return None if truth is None else float(truth["best_auc"])


def dataset_truth(run: Run) -> dict[str, Any] | None:
    """What the run's data set was planted with, if it was and is still here."""
    from ..data.errors import InputError

    try:
        return services.datasets().get(run.spec().dataset_id).truth
    except InputError:
        return None


def _what_came_of_it(run: Run, status: RunStatus) -> None:
    if status.reason:
        show = st.error if status.state == "failed" else st.caption
        show(plain(_(status.reason)))
    metrics = run.metrics()
    if metrics:
        test = metrics.get("test") or metrics["valid"]
        gauc = test.get("gauc")
        cards = st.columns(4 if gauc is None else 5)
        cards[0].metric(_("Best epoch"), f"{metrics['best_epoch']} / {metrics['epochs']}", border=True)
        cards[1].metric(
            _("Validation AUC"),
            f"{metrics['valid']['auc']:.4f}",
            border=True,
            help=_("On {rows} rows, at the best epoch.", rows=parts.count(metrics["valid"]["rows"])),
        )
        cards[2].metric(
            _("Test AUC"),
            f"{test['auc']:.4f}",
            border=True,
            help=_("On {rows} rows that no choice has seen.", rows=parts.count(test["rows"])),
        )
        cards[3].metric(
            _("Test logloss"),
            f"{test['logloss']:.4f}",
            border=True,
            help=_("Mean cross-entropy in nats, on the same rows."),
        )
        if gauc is not None:
            cards[4].metric(
                _("Test GAUC"), f"{gauc:.4f}", border=True, help=_("Mean AUC within groups, weighted by their rows.")
            )
    with st.container(horizontal=True):
        if run.has_model and st.button(
            _("See what it learned"), key="train-see", type="primary", icon=":material/visibility:"
        ):
            go_to(picture_page(run.spec().family), run)
        if st.button(_("Train another"), key="train-another", icon=":material/add:"):
            state().run_id = None
            st.query_params.clear()
            st.rerun()


def _settings(spec: RunSpec) -> None:
    shown = {
        **spec.model,
        **spec.training,
        "device": spec.device,
        "minimum count": spec.preparation.min_count,
        "split": spec.preparation.split.method,
        "run": spec.id,
    }
    st.dataframe(
        pd.DataFrame({_("Setting"): list(shown), _("Value"): [str(value) for value in shown.values()]}), hide_index=True
    )
