"""The items of a history in words: their names, of which kind they are, and when the user met them."""

from __future__ import annotations

import pandas as pd
import polars as pl
import streamlit as st

from ..data.batch import Batch
from ..data.columns import as_lists, as_number
from ..data.encoding import Encoder
from ..data.errors import shorten
from ..data.kinds import Kinds
from ..data.schema import Role
from ..data.vocabulary import SPECIAL_NAMES, UNKNOWN
from ..explain.attention import readable
from ..explain.item_facts import item_kinds, item_times
from ..explain.what_if import Value, edited
from ..training.run_store import Run
from . import readouts, services
from .row_choice import ChosenRow
from .words import _

# Of a label and its parts, in characters.
LONGEST_LABEL, LONGEST_NAME, LONGEST_KIND, LEAST_NAME = 50, 38, 14, 16
# So many values, the most frequent, may be put into a history.
MOST_OPTIONS = 5000
# Columns that tell of this share of the items that another tells of are as good as that.
MOST_TOLD = 0.9


def described(run: Run, found: pd.DataFrame, chosen: ChosenRow) -> pd.DataFrame:
    """Attention of one row with what else is known of each item: columns kind and time ("" where it is not known).

    An item that training never showed often enough has its own name all the same, marked as unknown to the model.
    """
    table_row = readouts.dataset_of(run).part(chosen.table_row, 1)
    histories = list(dict.fromkeys(found["history"]))
    parts = [_described(run, found[found["history"] == history], table_row, chosen) for history in histories]
    return pd.concat(parts) if parts else found


def _described(run: Run, part: pd.DataFrame, table_row: pl.DataFrame, chosen: ChosenRow) -> pd.DataFrame:
    """The same for one history."""
    encoder, history = readouts.model_of(run.id)[1], str(part["history"].iloc[0])
    field, names = str(part["candidate_field"].iloc[0]), names_of(run, encoder, history)
    own = as_lists(table_row[history], encoder.schema.column(history))[0].to_list()
    known = part["value"].ne(SPECIAL_NAMES[UNKNOWN])
    labels = [
        name if is_known else _("{name} (unknown)", name=readable(field, value, names))
        for name, value, is_known in zip(part["name"], own, known, strict=True)
    ]
    kinds, times = main_kind(run.id, field), times_of(run.id, field, chosen.table_row)
    kind, time = ([of_item.get(value, "") for value in own] for of_item in (kinds, times))
    return part.assign(name=labels, kind=kind, time=time, is_known=known)


def labels_of(part: pd.DataFrame) -> list[str]:
    """What stands beside each bar: place and name, and kind and time where they are known."""
    lines = zip(part["position"], part["name"], part["kind"], part["time"], strict=True)
    return [f"{place + 1}. {_in_words(name, kind, time)}" for place, name, kind, time in lines]


def _in_words(name: str, kind: str, time: str) -> str:
    known = [part for part in (shorten(kind, LONGEST_KIND), time) if part]
    longest = max(LEAST_NAME, LONGEST_LABEL - sum(3 + len(part) for part in known)) if known else LONGEST_NAME
    return " · ".join([shorten(name, longest), *known])


def names_of(run: Run, encoder: Encoder, history: str) -> dict[str, str]:
    """Value -> name for the items of a history; they are values of its candidate too."""
    names = readouts.dataset_of(run).names()
    return names.get(encoder.schema.column(history).candidate or "", {}) | names.get(history, {})


def item_options(encoder: Encoder, history: str, own: list[str]) -> dict[str, str]:
    """Keys of what a history may hold, with the values: the row's own items first, each by its place."""
    options = {f"own-{place}": value for place, value in enumerate(own)}
    values = encoder.vocabulary_of(history).texts.head(MOST_OPTIONS).to_list()
    return options | {f"new-{place}": value for place, value in enumerate(values)}


def item_labels(run: Run, history: str, options: dict[str, str]) -> dict[str, str]:
    """What is shown for each key of ``item_options``."""
    encoder = readouts.model_of(run.id)[1]
    names, field = names_of(run, encoder, history), encoder.schema.column(history).candidate or history
    return {key: shorten(readable(field, value, names), 40) for key, value in options.items()}


def with_item(run_id: str, batch: Batch, field: str, value: str) -> Batch:
    """The rows with another candidate in ``field``, and with what the table tells of its kind."""
    encoder = readouts.model_of(run_id)[1]
    edits: dict[str, Value] = {field: value}
    for name, kinds in kinds_of(run_id, field).items():
        if name not in encoder.layout.field_names:
            continue
        column, kind = encoder.schema.column(name), kinds.get(value)
        is_list = column.role is Role.SEQUENCE
        edits[name] = as_lists(pl.Series([kind]), column)[0].to_list() if is_list and kind is not None else kind
    return edited(batch, encoder, edits)


@st.cache_data(max_entries=32, show_spinner=False)
def kinds_of(run_id: str, field: str) -> Kinds:
    """Column -> item -> kind, of the items that are candidates in ``field`` and those that a table of them tells of."""
    run = services.runs().get(run_id)
    dataset = readouts.dataset_of(run)
    found = item_kinds(dataset.frame, run.spec().preparation.schema, field)
    told = dataset.kinds().get(field, {})
    return found | {column: kinds | found.get(column, {}) for column, kinds in told.items()}


def main_kind(run_id: str, field: str) -> dict[str, str]:
    """Item -> kind, by one of the columns that tell of the most items; nothing where none tells any.

    It is the one that has the fewest kinds, words before numbers.
    """
    kinds = kinds_of(run_id, field).values()
    most = max(map(len, kinds), default=0)
    told = (of_items for of_items in kinds if len(of_items) > MOST_TOLD * most)
    return min(told, key=lambda of_items: (_are_numbers(of_items), len(set(of_items.values()))), default={})


def _are_numbers(of_items: dict[str, str]) -> bool:
    return as_number(pl.Series(list(of_items.values()))).null_count() < len(of_items) / 2


@st.cache_data(max_entries=256, show_spinner=False)
def times_of(run_id: str, field: str, row: int) -> dict[str, str]:
    """Item -> when the user of a row of the table met it."""
    run = services.runs().get(run_id)
    return item_times(readouts.dataset_of(run).frame, run.spec().preparation.schema, row, field)
