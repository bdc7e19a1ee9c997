"""The fewest edits that bring a prediction over a threshold, searched for beside the page."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import polars as pl
import streamlit as st

from ..data.batch import Batch
from ..data.errors import InputError
from ..explain.counterfactuals import Counterfactual, counterfactuals
from ..explain.what_if import Value
from ..training.metrics import sigmoid
from ..training.run_store import Run
from ..training.trainer import predict
from . import readouts, tasks
from .row_choice import ChosenRow
from .row_words import value_in_words
from .words import _, plain

Found = tuple[list[Counterfactual], Counterfactual]
Names = dict[str, dict[str, str]]


def draw(run: Run, row: Batch, table_row: pl.DataFrame, chosen: ChosenRow) -> None:
    """The threshold, the fields that may be edited, and what was found."""
    model, encoder = readouts.model_of(run.id)
    fields = [*encoder.layout.numeric, *encoder.layout.categorical]
    left, right = st.columns([1, 2])
    percent = left.number_input(
        _("Threshold, CTR in %"),
        0.1,
        99.9,
        _first_threshold(float(predict(model, row)[0])),
        key=f"predictions-threshold-{run.id}-{chosen.table_row}",
        help=_("To begin with, the CTR at twice or half the odds of this row's."),
    )
    allowed = right.multiselect(
        _("Fields that may be edited"), fields, default=fields, key=f"predictions-allowed-{run.id}"
    )
    if not allowed:
        raise InputError("Choose at least one field that may be edited, and that has another value.")
    found = _found(run.id, chosen, tuple(allowed), percent / 100)
    if found is not None:
        _show(*found, readouts.dataset_of(run).names(), table_row)


def _first_threshold(logit: float) -> float:
    """In percent: the odds doubled, or halved where the CTR is above one half."""
    goal = logit + (np.log(2) if logit < 0 else -np.log(2))
    return float(np.clip(round(100 * float(sigmoid(np.array(goal))), 1), 0.1, 99.9))


def _found(run_id: str, chosen: ChosenRow, allowed: tuple[str, ...], threshold: float) -> Found | None:
    """None while it is searched for."""
    found: Found | None = tasks.result_of(
        ("fewest-edits", run_id, chosen.split, chosen.place, allowed, threshold),
        "predictions-fewest",
        _("Trying values that training showed"),
        partial(_search, run_id, chosen, allowed, threshold),
    )
    return found


def _search(
    run_id: str, chosen: ChosenRow, allowed: tuple[str, ...], threshold: float, on_progress: tasks.OnProgress
) -> Found:
    model, encoder = readouts.model_of(run_id)
    batch = readouts.encoded_of(run_id).batch(chosen.split)
    row = batch.select(slice(chosen.place, chosen.place + 1))
    return counterfactuals(model, encoder, row, allowed, threshold, on_progress=on_progress)


def _show(found: list[Counterfactual], nearest: Counterfactual, names: Names, table_row: pl.DataFrame) -> None:
    """What suffices, or what comes nearest."""
    if not found:
        words = _("No edit brings it nearer than it is.")
        if nearest.edits:
            edits = _edits_in_words(nearest.edits, names, table_row)
            words = _("Up to three edits come no nearer than {ctr:.1%}: {edits}.", ctr=nearest.ctr, edits=plain(edits))
        st.info(words)
        return
    st.markdown(f"**{plain(_sentence(found[0], names))}**")
    lines = [{_("edits"): _edits_in_words(one.edits, names, table_row), _("CTR"): one.ctr} for one in found]
    percent = st.column_config.NumberColumn(format="percent")
    st.dataframe(pd.DataFrame(lines), hide_index=True, column_config={_("CTR"): percent})
    st.caption(
        _(
            "Values are ones that training showed. It says what would move the model, not what would move a person; "
            "more than one edit is searched from the best so far, so a combination can be missed."
        )
    )


def _sentence(found: Counterfactual, names: Names) -> str:
    edits = ", ".join(f"{f} → {value_in_words(v, names.get(f, {}))}" for f, v in found.edits.items())
    if len(found.edits) == 1:
        return _("One edit suffices: {edits} gives {ctr:.1%}", edits=edits, ctr=found.ctr)
    return _("{count} edits suffice: {edits} gives {ctr:.1%}", count=len(found.edits), edits=edits, ctr=found.ctr)


def _edits_in_words(edits: dict[str, Value], names: Names, table_row: pl.DataFrame) -> str:
    lines = []
    for field, value in edits.items():
        before = table_row[field][0] if field in table_row.columns else None
        old, new = (value_in_words(one, names.get(field, {})) for one in (before, value))
        lines.append(f"{field}: {old} → {new}")
    return "; ".join(lines)
