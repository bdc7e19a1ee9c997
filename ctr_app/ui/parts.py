"""Small parts that several pages share: errors as sentences, empty states, the choice of a run, numbers as words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, NoReturn

import pandas as pd
import streamlit as st

from ..data.errors import InputError, spaced
from ..training.run_store import Run, RunStatus
from . import services
from .navigation import link_to
from .state import current_run, open_run, set_widget, state, widget_value
from .words import _, error_text, plain

STATE_BADGES = {
    "queued": ("schedule", "gray"),
    "running": ("autorenew", "blue"),
    "done": ("check_circle", "green"),
    "stopped": ("stop_circle", "orange"),
    "failed": ("error", "red"),
    "interrupted": ("power_off", "orange"),
}


@contextmanager
def sentences() -> Iterator[None]:
    """Show an InputError of the block as one sentence instead of a traceback."""
    try:
        yield
    except InputError as error:
        st.error(plain(error_text(error)), icon=":material/error:")


def empty_state(sentence: str, page: str, link: str) -> NoReturn:
    """Say what is missing and lead to the page that makes it, then end the page."""
    st.info(sentence, icon=":material/info:")
    link_to(page, link)
    st.stop()


def page_on_run(
    page: str, title: str, missing: str, accepts: Callable[[Run], bool] = lambda run: run.has_model
) -> tuple[Run, Any]:
    """The top of a page about one run: its title, the choice of a run that ``accepts`` takes, and a place beside it.

    Without such a run the page says ``missing``, leads to Train and ends.
    """
    st.title(title)
    left, right = st.columns([2, 1], vertical_alignment="bottom")
    with left:
        run = _choose_run(f"{page}-run", accepts)
    if run is None:
        empty_state(missing, "train", _("Train a model"))
    return run, right


def _choose_run(key: str, accepts: Callable[[Run], bool]) -> Run | None:
    """A selectbox over the runs that ``accepts`` takes, on the current one; None if there is none."""
    found = [run for run in services.runs().list() if accepts(run)]
    if not found:
        return None
    by_id = {run.id: run for run in found}
    wanted = st.query_params.get("run")
    if wanted and wanted not in by_id:
        st.warning(plain(_why_not(wanted)), icon=":material/info:")
    current = current_run(accepts) or found[0]
    set_widget(key, current.id if current.id in by_id else found[0].id)
    chosen = st.selectbox(
        _("Run"), list(by_id), key=key, format_func=lambda i: run_label(by_id[i]), on_change=_open_chosen, args=(key,)
    )
    open_run(by_id[chosen])
    return by_id[chosen]


def _open_chosen(key: str) -> None:
    open_run(services.run_called(widget_value(key)))


def _why_not(wanted: str) -> str:
    """Why the run that the URL names is not among those that a page can show."""
    try:
        run = services.run_called(wanted)
    except InputError as error:
        return error_text(error)
    if not run.has_model:
        return _("No epoch of {run} has ended yet, so there is nothing to look into.", run=run_label(run))
    return _("{run} has nothing that this page could show; this is another run.", run=run_label(run))


def run_label(run: Run) -> str:
    """A run in one line: model, data, test AUC, when."""
    spec, metrics = run.spec(), run.metrics() or {}
    auc = (metrics.get("test") or metrics.get("valid") or {}).get("auc")
    parts = [spec.title, _("on {data}", data=spec.dataset_name)]
    if auc is not None:
        parts.append(f"AUC {auc:.4f}")
    return " · ".join([*parts, run.id.split("-")[-1]])


def state_badge(status: RunStatus) -> None:
    """Where a run stands, as a badge."""
    icon, color = STATE_BADGES[status.state]
    st.badge(_(status.state), icon=f":material/{icon}:", color=color)  # type: ignore[arg-type]


def table_behind(
    frame: pd.DataFrame, name: str, label: str | None = None, column_config: Mapping[str, Any] | None = None
) -> None:
    """A button that opens the table behind a picture, with a CSV of it; ``name`` is the file's, without its ending.

    ``label`` is in the user's language; ``column_config`` is st.dataframe's.
    """
    with st.popover(label or _("As a table"), icon=":material/table:", key=f"table-{name}"):
        st.dataframe(frame, hide_index=True, column_config=column_config)
        csv = partial(_csv, frame)  # made when it is asked for
        st.download_button(_("Download CSV"), csv, f"{name}.csv", "text/csv", key=f"csv-{name}", on_click="ignore")


def _csv(frame: pd.DataFrame) -> str:
    return frame.to_csv(index=False)


def duration(seconds: float) -> str:
    """Seconds in words: ``40 s``, ``3 min``, ``2 h 5 min``."""
    if seconds < 90:
        return _("{count} s", count=max(1, round(seconds)))
    minutes = round(seconds / 60)
    if minutes < 90:
        return _("{count} min", count=minutes)
    return _("{hours} h {minutes} min", hours=minutes // 60, minutes=minutes % 60)


def changed_metric(label: str, value: str, change: str, is_changed: bool) -> None:
    """A number and by how much it has changed; a change of nothing has no colour and no arrow."""
    st.metric(
        label,
        value,
        delta=change,
        delta_color="normal" if is_changed else "off",
        delta_arrow="auto" if is_changed else "off",
        width=220,
    )


def short_time(seconds: float) -> str:
    """Seconds in words, below ten with two digits that count: ``0.04 s``, ``2.1 s``, ``3 min``."""
    return _("{count} s", count=f"{seconds:.2g}") if seconds < 9.95 else duration(seconds)


def count(number: float) -> str:
    """A whole number with thin spaces."""
    return spaced(round(number))


def remember_dataset(dataset_id: str) -> None:
    """Make a data set the session's own."""
    state().dataset_id = dataset_id
