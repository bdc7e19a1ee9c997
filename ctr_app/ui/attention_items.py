"""The items of a history in words: their names, of which kind they are, and when the user met them."""

from __future__ import annotations

import re

import pandas as pd
import polars as pl
import streamlit as st

from ..data.batch import Batch
from ..data.columns import as_lists, as_number
from ..data.dataset import Told
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
from .words import _

# Of a label and its parts, in characters.
LONGEST_LABEL, LONGEST_NAME, LONGEST_KIND, LEAST_NAME = 50, 38, 14, 16
# So many values, the most frequent, may be put into a history.
MOST_OPTIONS = 5000
# Columns that tell of this share of the items that another tells of are as good as that.
MOST_TOLD = 0.9


def described(run: Run, found: pd.DataFrame, table_row: int) -> pd.DataFrame:
    """Attention of one row with what is known of each item: its name, and columns kind and time ("" if not known).

    An item that training never showed often enough has its own name all the same, marked as unknown to the model.
    """
    histories = list(dict.fromkeys(found["history"]))
    parts = [_described(run, found[found["history"] == history], table_row) for history in histories]
    return pd.concat(parts) if parts else found


def _described(run: Run, part: pd.DataFrame, table_row: int) -> pd.DataFrame:
    """The same for one history."""
    encoder, history = readouts.model_of(run.id)[1], str(part["history"].iloc[0])
    field, names = str(part["candidate_field"].iloc[0]), names_of(run, encoder, history)
    own = as_lists(readouts.row_of(run.id, table_row)[history], encoder.schema.column(history))[0].to_list()
    known = part["value"].ne(SPECIAL_NAMES[UNKNOWN])
    labels = [
        readable(field, value, names) if is_known else _("{name} (unknown)", name=readable(field, text, names))
        for value, text, is_known in zip(part["value"], own, known, strict=True)
    ]
    kinds = main_kind(run.id, field)
    times = times_of(run.id, field, table_row) if field == item_field(encoder) else {}
    kind, time = ([of_item.get(value, "") for value in own] for of_item in (kinds, times))
    return part.assign(name=labels, kind=kind, time=time, is_known=known)


def item_field(encoder: Encoder) -> str:
    """The candidate of the first history; other histories may hold kinds of its items, such as years or genres."""
    return next(s.candidate for s in encoder.layout.sequences if s.candidate)


def labels_of(part: pd.DataFrame) -> list[str]:
    """What stands beside each bar: place and name, and kind and time where they are known."""
    lines = zip(part["position"], part["name"], part["kind"], part["time"], strict=True)
    return [f"{place + 1}. {_in_words(name, kind, time)}" for place, name, kind, time in lines]


def _in_words(name: str, kind: str, time: str) -> str:
    known = [part for part in (_short_kind(kind), time) if part]
    longest = max(LEAST_NAME, LONGEST_LABEL - sum(3 + len(part) for part in known)) if known else LONGEST_NAME
    return " · ".join([shorten(name, longest), *known])


def _short_kind(kind: str) -> str:
    """Of a list that is too long its first, and how many more there are: ``Action +2``."""
    first, *others = re.split(r"[|,;^/]", kind)
    return (
        f"{shorten(first, LONGEST_KIND - 3)} +{len(others)}"
        if len(kind) > LONGEST_KIND and others
        else shorten(kind, LONGEST_KIND)
    )


def names_of(run: Run, encoder: Encoder, history: str) -> dict[str, str]:
    """Value -> name for the items of a history; they are values of its candidate too."""
    names = readouts.dataset_of(run).names()
    return names.get(encoder.schema.column(history).candidate or "", {}) | names.get(history, {})


def item_options(run: Run, history: str, own: list[str]) -> tuple[dict[str, str], dict[str, str]]:
    """What a history may hold, its ``own`` items first: the values, and what is shown of them, by the same keys."""
    values, labels = _offered(run.id, history, readouts.told_of(run.id))
    keys = [f"own-{place}" for place in range(len(own))]
    own_labels = _labels(run, history, own)
    return dict(zip(keys, own, strict=True)) | values, dict(zip(keys, own_labels, strict=True)) | labels


@st.cache_resource(max_entries=32, show_spinner=False)
def _offered(run_id: str, history: str, told: Told) -> tuple[dict[str, str], dict[str, str]]:  # noqa: ARG001
    """Of the most frequent items: values and labels by keys; ``told`` is which names there are."""
    run, encoder = services.runs().get(run_id), readouts.model_of(run_id)[1]
    values = encoder.vocabulary_of(history).texts.head(MOST_OPTIONS).to_list()
    keys = [f"new-{place}" for place in range(len(values))]
    return dict(zip(keys, values, strict=True)), dict(zip(keys, _labels(run, history, values), strict=True))


def _labels(run: Run, history: str, values: list[str]) -> list[str]:
    encoder = readouts.model_of(run.id)[1]
    names, field = names_of(run, encoder, history), encoder.schema.column(history).candidate or history
    return [shorten(readable(field, value, names), 40) for value in values]


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


def kinds_of(run_id: str, field: str) -> Kinds:
    """Column -> item -> kind, of the items that are candidates in ``field`` and those that a table of them tells of.

    Shared, so never changed.
    """
    return _kinds(run_id, field, readouts.told_of(run_id))


@st.cache_resource(max_entries=32, show_spinner=False)
def _kinds(run_id: str, field: str, told: Told) -> Kinds:  # noqa: ARG001
    run = services.runs().get(run_id)
    dataset = readouts.dataset_of(run)
    found = item_kinds(dataset.frame, run.spec().preparation.schema, field)
    of_table = dataset.kinds().get(field, {})
    return found | {column: kinds | found.get(column, {}) for column, kinds in of_table.items()}


def main_kind(run_id: str, field: str) -> dict[str, str]:
    """Item -> kind, by one of the columns that tell of the most items; nothing where none tells any.

    It is the one that has the fewest kinds, words before numbers. Shared, so never changed.
    """
    return _main_kind(run_id, field, readouts.told_of(run_id))


@st.cache_resource(max_entries=32, show_spinner=False)
def _main_kind(run_id: str, field: str, told: Told) -> dict[str, str]:
    kinds = _kinds(run_id, field, told).values()
    most = max(map(len, kinds), default=0)
    of_most = (of_items for of_items in kinds if len(of_items) > MOST_TOLD * most)
    return min(of_most, key=lambda of_items: (_are_numbers(of_items), len(set(of_items.values()))), default={})


def _are_numbers(of_items: dict[str, str]) -> bool:
    return as_number(pl.Series(list(of_items.values()))).null_count() < len(of_items) / 2


@st.cache_resource(max_entries=256, show_spinner=False)
def times_of(run_id: str, field: str, row: int) -> dict[str, str]:
    """Item -> when the user of a row of the table met it; shared, so never changed."""
    run = services.runs().get(run_id)
    return item_times(readouts.dataset_of(run).frame, run.spec().preparation.schema, row, field)
