"""What is said of a log of events: who, what and when; what a click is; tables beside it; histories and the split."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import streamlit as st

from ..data.columns import as_text, is_list
from ..data.event_guess import SAMPLE_ROWS, rule_for
from ..data.event_log import ClickRule, EventColumns
from ..data.event_plan import HISTORIES_OF, SPLIT_METHODS, EventPlan
from ..data.negatives import NEGATIVES_BY
from ..data.reading import Table, read_table
from ..data.schema import Role
from ..data.side_tables import SideTable, side_table
from . import parts
from .state import Draft, EventChoices, state
from .words import _, plain

MOST_ACTIONS = 50
NEGATIVES = 4
EVERY_EVENT = ""  # no column has this name


def columns(draft: Draft, choices: EventChoices) -> EventColumns | None:
    """Which columns say who, what and when; None until all are said."""
    names = draft.tables["train"].frame.columns
    known = choices.plan.columns.names if choices.plan else (None, None, None)
    labels = {"user": _("User"), "item": _("Item"), "time": _("Time")}
    chosen = [
        cell.selectbox(
            label,
            names,
            index=names.index(column) if column else None,
            key=f"events-{part}-{draft.version}",
            placeholder=_("Choose a column"),
        )
        for cell, (part, label), column in zip(st.columns(3), labels.items(), known, strict=True)
    ]
    user, item, when = chosen
    return EventColumns(user, item, when) if user and item and when else None


def clicks(draft: Draft, plan: EventPlan) -> EventPlan:
    """The plan with what the user says a click is, and which rows stand beside the clicks."""
    cells = st.columns([2, 2, 2, 2], vertical_alignment="bottom")
    rule = _rule(draft, plan, cells[0], cells[1])
    words = {False: _("the other events"), True: _("items never touched, drawn")}
    is_drawn = cells[2].selectbox(
        _("Rows without a click"),
        [False, True] if rule else [True],
        index=int(plan.negatives > 0) if rule else 0,
        key=f"events-others-{draft.version}-{rule is None}",
        format_func=lambda drawn: words[drawn],
        help=_("Where a log holds clicks only, items that the user has not touched stand for what was not clicked."),
    )
    if not is_drawn:
        return replace(plan, click=rule, negatives=0)
    count, by = cells[3].columns(2, vertical_alignment="bottom")
    negatives = count.number_input(
        _("For each click"), 1, 100, plan.negatives or NEGATIVES, key=f"events-negatives-{draft.version}"
    )
    ways = {"uniform": _("all alike"), "popularity": _("by popularity")}
    negatives_by = by.selectbox(
        _("Drawn"),
        NEGATIVES_BY,
        NEGATIVES_BY.index(plan.negatives_by),
        key=f"events-by-{draft.version}",
        format_func=lambda way: ways[way],
    )
    return replace(plan, click=rule, negatives=int(negatives), negatives_by=negatives_by)


def _rule(draft: Draft, plan: EventPlan, column_cell: Any, value_cell: Any) -> ClickRule | None:
    """Which events are clicks; None for all."""
    frame = draft.tables["train"].frame
    sample = frame.head(0)
    others = [n for n in frame.columns if n not in plan.columns.names and not is_list(sample[n])]
    known = plan.click.column if plan.click and plan.click.column in others else None
    column = column_cell.selectbox(
        _("Which events are clicks?"),
        [EVERY_EVENT, *others],
        index=others.index(known) + 1 if known else 0,
        key=f"events-click-{draft.version}",
        format_func=lambda name: _("by {column}", column=name) if name else _("every event"),
    )
    if column == EVERY_EVENT:
        return None
    rule = plan.click if plan.click and column == known else rule_for(frame.head(SAMPLE_ROWS)[column])
    key = f"{draft.version}-{column}"
    if rule.at_least is not None:
        lowest = value_cell.number_input(
            _("Clicks are those from"), value=rule.at_least, step=0.5, format="%g", key=f"events-from-{key}"
        )
        return replace(rule, at_least=float(lowest))
    actions = list(dict.fromkeys([*_actions(draft.tables["train"], column), *rule.values]))
    chosen = value_cell.multiselect(
        _("Clicks are those with"), actions, list(rule.values), key=f"events-values-{key}", accept_new_options=True
    )
    return replace(rule, values=tuple(chosen))


@st.cache_data(show_spinner=False, max_entries=20, hash_funcs={Table: lambda table: table.content_hash})
def _actions(table: Table, column: str) -> list[str]:
    """The most frequent values of a column."""
    counts = as_text(table.frame[column]).drop_nulls().alias("value").value_counts(sort=True)
    return list(counts["value"].head(MOST_ACTIONS))


def tables_beside(
    draft: Draft, choices: EventChoices, columns: EventColumns
) -> tuple[SideTable | None, SideTable | None]:
    """A table of the items and one of the users, with those of their columns that are to be read."""
    items, users = st.columns(2)
    with items, parts.sentences():
        file = st.file_uploader(
            _("A table of the items, for titles and more fields"),
            key="events-items",
            on_change=choices.forget_items,
        )
        if table := _read_beside(file):
            choices.items = side_table(table, columns.item, draft.tables["train"].frame[columns.item])
    with users, parts.sentences():
        file = st.file_uploader(
            _("A table of the users, for more fields"), key="events-users", on_change=choices.forget_users
        )
        if table := _read_beside(file):
            choices.users = side_table(table, columns.user, draft.tables["train"].frame[columns.user])
    with items:
        chosen_items = _fields_of(choices.items, "items", draft.version)
    with users:
        chosen_users = _fields_of(choices.users, "users", draft.version)
    return chosen_items, chosen_users


def _read_beside(file: Any) -> Table | None:
    """The table in a file that has just come; None for one that is known."""
    if file is None or file.file_id in state().uploaded:
        return None
    state().uploaded += (file.file_id,)
    return read_table(file, file.name)


def _fields_of(side: SideTable | None, what: str, version: int) -> SideTable | None:
    if side is None:
        return None
    named = _("Joined by {key}; names are in {title}.", key=side.key, title=side.title)
    st.caption(plain(named if side.title else _("Joined by {key}.", key=side.key)))
    names = [column.name for column in side.fields]
    return side.with_fields(
        st.multiselect(
            _("Columns to read"), names, names, key=f"events-{what}-fields-{version}-{side.table.content_hash[:8]}"
        )
    )


def histories_and_split(draft: Draft, plan: EventPlan, items: SideTable | None) -> EventPlan:
    """What a history holds, and which rows validate and test."""
    cells = st.columns(4, vertical_alignment="bottom")
    kinds = {"clicks": _("earlier clicks"), "all": _("all earlier events")}
    history_of = cells[0].selectbox(
        _("A history holds"),
        HISTORIES_OF,
        HISTORIES_OF.index(plan.history_of),
        key=f"events-history-{draft.version}",
        format_func=lambda kind: kinds[kind],
    )
    length = cells[1].number_input(_("The latest"), 1, 1000, plan.max_length, key=f"events-length-{draft.version}")
    ways = {
        "time": _("the latest rows"),
        "last": _("each user's last event"),
        "random": _("rows drawn at random"),
        "group": _("users drawn at random"),
    }
    split = cells[2].selectbox(
        _("For testing"),
        SPLIT_METHODS,
        SPLIT_METHODS.index(plan.split),
        key=f"events-split-{draft.version}",
        format_func=lambda way: ways[way],
    )
    seed = cells[3].number_input(
        _("Seed"), 0, 2**31 - 1, plan.seed, key=f"events-seed-{draft.version}", help=_("For whatever is drawn.")
    )
    categories = [column.name for column in items.fields if column.role is Role.CATEGORICAL] if items else []
    also: list[str] = []
    if categories:
        also = st.multiselect(
            _("Histories of these fields too"),
            categories,
            key=f"events-also-{draft.version}",
            help=_("Beside each past item, its category: DIN then compares both with the item on offer."),
        )
    return replace(
        plan,
        history_of=history_of,
        max_length=int(length),
        split=split,
        seed=int(seed),
        histories_of_fields=tuple(also),
    )
