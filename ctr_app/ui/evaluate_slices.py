"""Where a run's predictions are off: the same rows value by value."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from ..data.errors import spaced
from ..explain.slices import LEAST_ROWS, one_class_slices, surprise_of_chance
from ..training.run_store import Run
from . import charts, evaluation_charts, parts, scores
from .scores import Rows
from .words import _

MOST_SLICES = 15


def draw(run: Run, rows: Rows) -> None:
    """The same by value: of all fields the worst, or of one field all."""
    st.subheader(_("Where it is off"))
    fields = list(scores.fields(run.id))
    chosen = st.selectbox(
        _("Slices by"),
        [None, *fields],
        key=f"evaluate-field-{run.id}",
        format_func=lambda field: _("All fields, the most surprising first") if field is None else field,
        width=420,
    )
    if chosen is None:
        found = scores.worst(rows)
        found = found.assign(slice=[f"{f} · {v}" for f, v in zip(found["field"], found["value"], strict=True)])
    else:
        found = scores.by_field(rows, chosen).assign(field=chosen)
        found = found.assign(slice=found["value"])
    if found.empty:
        st.info(_("No slice has {count} rows or more, so there is nothing to say.", count=LEAST_ROWS))
        return
    sentence = _slice_sentence(found)
    subtitle = _("line: observed CTR with its 95 % interval; diamond: predicted CTR; in brackets the rows")
    shown = found.head(MOST_SLICES).assign(support=[spaced(rows) for rows in found["rows"].head(MOST_SLICES)])
    title = charts.titled(sentence, subtitle)
    evaluation_charts.slices_chart(shown, run.spec().family, title).draw(alt=sentence)
    st.caption(
        _(
            "It tells where predicted and observed CTR part, by the gap in standard errors; of {count} slices one "
            "reaches {limit:.1f} in 5 % of cases by chance. It cannot tell why: rows of one value differ in other "
            "fields too.",
            count=spaced(len(found)),
            limit=surprise_of_chance(len(found)),
        )
    )
    _tell_one_class(one_class_slices(found), len(found))
    parts.table_behind(found.drop(columns="slice"), "evaluate-slices")


def _tell_one_class(without: int, count: int) -> None:
    """Slices of which nothing can be ranked."""
    if without == count:
        st.info(_("In each of these slices all rows have one label, so none has an AUC; only the gap can be read."))
    elif without:
        st.caption(
            _(
                "In {without} of {count} slices all rows have one label, so they have no AUC.",
                without=without,
                count=count,
            )
        )


def _slice_sentence(found: pd.DataFrame) -> str:
    worst = found.iloc[0]
    if abs(worst["surprise"]) < surprise_of_chance(len(found)):
        return _("No slice is off by more than chance explains")
    verb = _("too high") if worst["gap"] > 0 else _("too low")
    return _(
        "{slice} is predicted {verb}: {predicted:.1%}, but {observed:.1%} click",
        slice=worst["slice"],
        verb=verb,
        predicted=worst["predicted"],
        observed=worst["observed"],
    )
