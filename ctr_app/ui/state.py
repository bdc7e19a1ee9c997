"""The one place that touches ``st.session_state``: a typed object per session, and the run that the URL names."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn

import polars as pl
import streamlit as st
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
from streamlit.runtime.scriptrunner import get_script_run_ctx

from ..data.column_warnings import ColumnWarning
from ..data.errors import InputError
from ..data.event_log import EventColumns
from ..data.event_plan import EventPlan
from ..data.inferring import Inference
from ..data.kinds import Kinds
from ..data.reading import Table
from ..data.schema import Schema
from ..data.sentences import Sentence
from ..data.side_tables import SideTable
from ..data.splitting import SplitRule
from ..explain.cuts import Cut
from ..training.run_store import Run
from . import services

STATE_KEY = "ctr_lens"


@dataclass(frozen=True)
class Remedied:
    """Warnings whose remedy was taken, and what stood there before."""

    warnings: tuple[ColumnWarning, ...]
    before: Schema
    split: SplitRule
    min_count: int


@dataclass
class EventChoices:
    """What is said of a table as a log of events: of which table, what it looks like (None: no log), and the plan.

    ``built_from`` is the draft of the log, where the table is the rows that were built of one.
    """

    content_hash: str
    guess: EventColumns | None = None
    is_log: bool = False
    plan: EventPlan | None = None
    items: SideTable | None = None
    users: SideTable | None = None
    built_from: Draft | None = None

    def forget_items(self) -> None:
        """Another table of items comes, or none."""
        self.items = None

    def forget_users(self) -> None:
        """Another table of users comes, or none."""
        self.users = None


@dataclass
class Draft:
    """A table that was uploaded and is not stored yet, with what is said about its columns so far."""

    tables: dict[str, Table]
    inference: Inference
    schema: Schema | None
    split: SplitRule = field(default_factory=SplitRule)
    min_count: int = 2
    version: int = 0  # part of its widgets' keys, so that a changed draft draws them anew
    names: dict[str, dict[str, str]] = field(default_factory=dict)
    events: EventChoices | None = None
    cleaned: tuple[Sentence, ...] = ()  # what reading took for granted
    remedied: list[Remedied] = field(default_factory=list)
    refusal: InputError | None = None  # why the last change could not be made
    rates: dict[Any, pl.DataFrame] = field(default_factory=dict)  # label rates of the columns looked at
    kinds: dict[str, Kinds] = field(default_factory=dict)  # of values, by field, where an uploaded table tells


@dataclass(frozen=True)
class Started:
    """The last run that the session began: what was asked for, and the moment in seconds of the monotonic clock."""

    asked: tuple[str, str, dict[str, Any], str]
    run_id: str
    moment: float


@dataclass(frozen=True)
class Playing:
    """The film that plays: of which run, and since when its picture stands, in seconds of the monotonic clock."""

    run_id: str
    moment: float | None = None


@dataclass
class AppState:
    """What one session remembers between pages."""

    dataset_id: str | None = None
    run_id: str | None = None
    tour_run_id: str | None = None
    started: Started | None = None
    draft: Draft | None = None
    deleted: tuple[str, str] | None = None  # id and name of the data set that was deleted last
    uploaded: tuple[str, ...] = ()
    awaited: tuple[str, ...] = ()  # real data sets that were asked for and are not here yet
    refusal: InputError | None = None  # why the last file could not be read
    evaluated: Table | None = None  # brought to be scored by a run
    evaluated_upload: str = ""
    settings: dict[str, Any] = field(default_factory=dict)
    family: str = "fm"
    revealed: bool = False
    maps_side_by_side: bool = False
    maps_by_blocks: bool = True
    playing: Playing | None = None
    generator: str = "planted-pairs"
    generator_settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    is_secret: bool = False
    cuts: dict[str, tuple[Cut, ...]] = field(default_factory=dict)  # of each run, in the order in which they were made


def change(draft: Draft, schema: Schema | None, is_drawn: bool = False) -> NoReturn:
    """Give a draft another schema and draw the page anew.

    ``is_drawn``: the widgets show it already, since it was said with one of them, so they stay as they are.
    """
    draft.schema, draft.refusal = schema, None
    draft.version += not is_drawn
    st.rerun()


def refuse(draft: Draft, error: InputError) -> NoReturn:
    """Take back what the widgets show, and keep the sentence that says why."""
    draft.refusal = error
    draft.version += 1
    st.rerun()


def state() -> AppState:
    """This session's state."""
    if STATE_KEY not in st.session_state:
        st.session_state[STATE_KEY] = AppState()
    found: AppState = st.session_state[STATE_KEY]
    return found


def widget_value(key: str) -> Any:
    """The value of the widget with that key, or None; for callbacks."""
    return st.session_state.get(key)


def forget_widgets(prefix: str) -> None:
    """Let widgets whose key starts with ``prefix`` begin anew."""
    for key in [key for key in st.session_state if str(key).startswith(prefix)]:
        del st.session_state[key]


def current_run(accepts: Callable[[Run], bool]) -> Run | None:
    """The run in the URL, else the session's, else the newest that ``accepts`` takes; None if there is none."""
    for run_id in (st.query_params.get("run"), state().run_id):
        if run_id:
            try:
                run = services.run_called(run_id)
            except InputError:
                continue
            if accepts(run):
                return run
    return next((run for run in services.runs().list() if accepts(run)), None)


def open_run(run: Run) -> None:
    """Make ``run`` the session's run and put it into the URL."""
    state().run_id = run.id
    if st.query_params.get("run") != run.id:
        st.query_params["run"] = run.id


def drop_upload(file: Any) -> None:
    """Let go of the bytes of an uploaded file, which Streamlit would keep until the session ends."""
    context = get_script_run_ctx()
    manager = context.uploaded_file_mgr if context else None
    if context and isinstance(manager, MemoryUploadedFileManager):
        manager.remove_file(context.session_id, file.file_id)


def set_widget(key: str, value: Any) -> None:
    """Set the value of the widget with that key; only from a callback, before the widget is drawn."""
    st.session_state[key] = value


def free_key(key: str, suffix: str = "") -> str:
    """``key``, numbered if a widget drawn before in this run has it with ``suffix`` after it."""
    context = get_script_run_ctx()
    taken = context.shared.widget_user_keys_this_run if context else ()
    names = (key, *(f"{key}-{number}" for number in range(2, 100)))
    return next((name for name in names if name + suffix not in taken), key)
