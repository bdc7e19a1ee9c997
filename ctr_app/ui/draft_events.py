"""A log of events that was uploaded: what it will become, three rows to look at, and the button that builds them."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import polars as pl
import streamlit as st

from ..data.event_examples import ExampleRow, example_rows
from ..data.event_guess import guess_events, guess_rule
from ..data.event_log import ClickRule, EventColumns, EventLog, Past, read_log
from ..data.event_plan import EventPlan
from ..data.event_rows import EventRows, past_for
from ..data.events import BuiltRows, build, notes_on, rows_of
from ..data.inferring import infer
from ..data.reading import Table
from ..data.schema import Role
from ..data.sentences import Sentence
from ..data.side_tables import SideTable
from . import event_choices, event_lines, parts
from .state import Draft, EventChoices, state
from .words import _, plain, sentence_text

POLL_SECONDS = 0.2
# What an object is told apart by where results are kept.
TOLD_BY: dict[str | type[Any], Callable[[Any], Any]] = {
    Table: lambda table: table.content_hash,
    EventColumns: repr,
    ClickRule: repr,
    EventPlan: repr,
}


def asks(draft: Draft) -> bool:
    """Whether each line is an event: as the user says where the table could be a log, or else as it looks."""
    choices = _choices(draft)
    if choices.built_from is not None:
        st.button(
            _("Back to the events"),
            key="events-back",
            icon=":material/arrow_back:",
            on_click=_go_on_with,
            args=(choices.built_from,),
        )
        return False
    if choices.guess is None and draft.schema is not None:
        return False
    words = {False: _("an example with its label"), True: _("an event, to build histories from")}
    chosen = st.segmented_control(
        _("Each line is"),
        list(words),
        default=choices.is_log,
        required=True,
        key=f"events-lines-{draft.version}",
        format_func=lambda is_log: words[is_log],
    )
    choices.is_log = bool(chosen)
    return choices.is_log


def draw(draft: Draft) -> None:
    """What is asked, what will be built of it, and building it."""
    table, choices = draft.tables["train"], _choices(draft)
    asked, told = st.container(), st.container()
    more = st.expander(_("Histories and split"), icon=":material/tune:")
    with asked:
        columns = event_choices.columns(draft, choices)
        if columns is None:
            st.info(_("Say which columns hold the user, the item and the time."), icon=":material/info:")
            return
        plan = event_choices.clicks(draft, replace(choices.plan or EventPlan(columns), columns=columns))
        items, users = event_choices.tables_beside(draft, choices, columns)
    with more:
        plan = event_choices.histories_and_split(draft, plan, items)
    choices.plan = plan
    with told, parts.sentences():
        log = _log(table, plan.check().columns, plan.click)
        rows, notes, past = _rows(table, replace(plan, split="time", histories_of_fields=()))
        _tell(log, rows, (*notes_on(table, log, items, users), *notes))
        pressed = _buttons()
        message = st.empty()
        examples = example_rows(log, rows, past)
        _draw_examples(examples, choices.items, columns.user)
        if pressed:
            with message.container():
                _open(draft, _built(table, plan, items, users))


def _choices(draft: Draft) -> EventChoices:
    """What is said of this table so far; at first what it looks like."""
    table = draft.tables["train"]
    if draft.events is None or draft.events.content_hash != table.content_hash:
        has_history = any(column.role is Role.SEQUENCE for column in draft.inference.columns)
        guess = None if has_history else guess_events(table.frame)
        plan = EventPlan(guess, guess_rule(table.frame, guess)) if guess else None
        if plan and plan.click is None:
            plan = replace(plan, negatives=event_choices.NEGATIVES)
        draft.events = EventChoices(table.content_hash, guess, guess is not None and draft.schema is None, plan)
    return draft.events


@st.cache_resource(show_spinner=False, max_entries=2, hash_funcs=TOLD_BY)
def _log(table: Table, columns: EventColumns, rule: ClickRule | None) -> EventLog:
    return read_log(table.frame, columns, rule)


@st.cache_resource(show_spinner=False, max_entries=2, hash_funcs=TOLD_BY)
def _rows(table: Table, plan: EventPlan) -> tuple[EventRows, tuple[Sentence, ...], Past]:
    log = _log(table, plan.columns, plan.click)
    rows, notes = rows_of(log, plan)
    return rows, notes, past_for(log, plan)


def _tell(log: EventLog, rows: EventRows, notes: tuple[Sentence, ...]) -> None:
    """What the log becomes, and what is left out, in words."""
    clicks = int(rows.labels.sum())
    st.markdown(
        _(
            "**{events} events** of {users} users with {items} items become **{rows} rows**, {clicks} of them clicks "
            "({share:.1%}).",
            events=parts.count(len(log)),
            users=parts.count(len(log.user_values)),
            items=parts.count(len(log.item_values)),
            rows=parts.count(len(rows)),
            clicks=parts.count(clicks),
            share=clicks / max(1, len(rows)),
        )
    )
    for note in notes:
        st.caption(plain(sentence_text(note)))


def _buttons() -> bool:
    """Whether the rows are to be built."""
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button(_("Build histories"), key="events-build", type="primary", icon=":material/history:")
        st.button(_("Discard"), key="data-discard", icon=":material/close:", on_click=_go_on_with, args=(None,))
    return pressed


def _go_on_with(draft: Draft | None) -> None:
    state().draft = draft


def _draw_examples(rows: list[ExampleRow], items: SideTable | None, user: str) -> None:
    """Some of the rows as time lines, with the titles of their items."""
    if not rows:
        return
    shown = pl.Series(sorted({item for row in rows for item, _when in (*row.history, row.candidate)}))
    frame = event_lines.frame_of(rows, items.names(shown) if items else {}, user.partition(":")[0])
    event_lines.history_lines(frame).draw(alt=_("What some users did before, and the item on offer"))


def _built(table: Table, plan: EventPlan, items: SideTable | None, users: SideTable | None) -> BuiltRows:
    """Build in the background, and show how far it is."""
    bar, shares = st.progress(0.0, text=_("Building rows")), [0.0]
    with ThreadPoolExecutor(1) as pool:
        building = pool.submit(build, table, plan, items, users, shares.append)
        while not building.done():
            bar.progress(min(1.0, shares[-1]), text=_("Building rows"))
            time.sleep(POLL_SECONDS)
    bar.empty()
    return building.result()


def _open(draft: Draft, built: BuiltRows) -> None:
    """Go on with the rows as with any table."""
    with st.spinner(_("Looking at the rows"), show_time=True):
        train = built.tables["train"]
        inference = infer(train.frame, built.schema.label, built.schema.positive)
    state().draft = Draft(
        built.tables,
        inference,
        built.schema,
        built.split,
        draft.min_count,
        draft.version + 1,
        built.names,
        EventChoices(train.content_hash, built_from=draft),
    )
    st.rerun()
