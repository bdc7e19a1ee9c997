"""Pairs of values that no training row has together, strongest first."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from ..explain.unseen import FREQUENT, MIN_COUNT
from ..training.run_store import Run
from . import charts, parts, readouts, value_charts
from .state import state
from .value_charts import called, signed
from .watch import dataset_truth
from .words import _

MOST_ROWS = 1_000_000


def draw(run: Run, pair: tuple[str, str]) -> None:
    """The strongest pairs of values never seen together: of the two fields, or of any two."""
    fields = readouts.model_of(run.id)[1].layout.field_names
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = fields if _of_all_fields(run, len(fields)) else tuple(name for name in fields if name in pair)
        min_count = _min_count()
    with st.spinner(_("Comparing all pairs of values"), show_time=True):
        found = readouts.unseen(run.id, chosen, min_count)
    if found.empty:
        words = _("All values that {count} training rows or more have do occur together.", count=parts.count(min_count))
        st.info(f"{words} {_('Choose another pair of fields, or compare the values of all.')}")
        return
    sentence = _sentence(run, found)
    subtitle = _("effect of the two values together in logits, main effects taken out; none of these in training")
    value_charts.unseen_bars(found, charts.titled(sentence, subtitle)).draw(alt=sentence)
    st.caption(_how_to_read(run))
    _tell_truth(run, found)
    parts.table_behind(found, f"{run.id}-never-seen-together")


def _of_all_fields(run: Run, num_fields: int) -> bool:
    """Whether to compare the values of all fields: cheap for FM, whose products can be compared at once."""
    if run.spec().family != "fm" or num_fields < 3:
        return False
    scopes = {"pair": _("Of these two fields"), "all": _("Of all fields")}
    chosen = st.segmented_control(
        _("Pairs of values"),
        list(scopes),
        default="pair",
        required=True,
        key="interactions-unseen-scope",
        persist_state="session",
        format_func=scopes.__getitem__,
    )
    return chosen == "all"


def _min_count() -> int:
    chosen = st.number_input(
        _("Rows that each value has, at least"),
        min_value=1,
        max_value=MOST_ROWS,
        value=MIN_COUNT,
        key="interactions-unseen-rows",
        persist_state="session",
        width=260,
        help=_("Of a value with few rows a model knows little, alone or in a pair."),
    )
    return int(chosen)


def _sentence(run: Run, found: pd.DataFrame) -> str:
    best = found.iloc[0]
    return _(
        "{a} with {b} never occurred together, yet {model} gives {effect}",
        a=called(best["field_a"], best["name_a"]),
        b=called(best["field_b"], best["name_b"]),
        model=run.spec().title,
        effect=signed(best["effect"]),
    )


def _tell_truth(run: Run, found: pd.DataFrame) -> None:
    """How many of the effects can be real, where what was planted is known and revealed."""
    truth = dataset_truth(run) if state().revealed else None
    if truth is None:
        return
    planted = {frozenset(pair) for pair in truth["pairs"]}
    count = sum(frozenset(fields) in planted for fields in zip(found["field_a"], found["field_b"], strict=True))
    st.markdown(
        _(
            "**{count} of these {total}** are of fields that were planted to interact; of the others the true effect "
            "is 0, so what the model gives them is noise.",
            count=count,
            total=len(found),
        )
    )


def _how_to_read(run: Run) -> str:
    if run.spec().family == "fm":
        return _(
            "FM learns a vector for each value from every row that has it, so it can judge two values that never met: "
            "this is what it was made for. Nothing here was tested, and some pairs never occur because they cannot."
        )
    return _(
        "Tried among the {count} most frequent values of each field, put into rows of the data. Nothing here was "
        "tested, and some pairs never occur because they cannot.",
        count=FREQUENT,
    )
