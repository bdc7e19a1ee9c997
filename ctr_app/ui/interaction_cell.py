"""One pair of values: its numbers, a sentence made of them, and training rows that have both."""

from __future__ import annotations

import math

import pandas as pd
import streamlit as st

from ..explain.coded import CodedField
from ..training.run_store import Run
from . import parts, readouts
from .value_charts import called, most, seen, signed
from .words import _, plain


def draw(run: Run, table: pd.DataFrame, a: CodedField, b: CodedField, pressed: tuple[str, str] | None) -> pd.Series:
    """The numbers of the cell that was pressed, or of any that is chosen here; returns its line of the table.

    At first that is the strongest effect that rows have seen.
    """
    strongest = most(seen(table), "effect")
    names = pressed or (strongest["name_a"], strongest["name_b"])
    key = f"interactions-cell-{run.id}-{readouts.place_of(run.id, a.name)}-{readouts.place_of(run.id, b.name)}"
    name_a = _choose(a, table["name_a"], names[0], f"{key}-a")
    name_b = _choose(b, table["name_b"], names[1], f"{key}-b")
    line: pd.Series = table[(table["name_a"] == name_a) & (table["name_b"] == name_b)].iloc[0]
    _numbers(line)
    st.markdown(_sentence(run, line, a, b))
    return line


def draw_rows(run: Run, a: CodedField, b: CodedField, line: pd.Series) -> None:
    """Some training rows that have both values, in the words of the table."""
    if line["support"] == 0:
        return
    rows, ctr = readouts.rows_with(run.id, a.name, line["value_a"], b.name, line["value_b"])
    st.markdown(
        _(
            "**{shown} of {count} training rows** with {a} and {b}, drawn at random",
            shown=len(rows),
            count=parts.count(line["support"]),
            a=plain(called(a.name, line["name_a"])),
            b=plain(called(b.name, line["name_b"])),
        )
    )
    column = "predicted CTR"
    while column in rows.columns:
        column += " "
    rows.insert(1, column, 100 * ctr)
    config = {column: st.column_config.NumberColumn(_("predicted CTR"), format="%.1f %%")}
    st.dataframe(rows, hide_index=True, column_config=config, alt=_("Training rows with both values"))


def _choose(field: CodedField, names: pd.Series, start: str, key: str) -> str:
    options = list(dict.fromkeys(names))
    index = options.index(start) if start in options else 0
    return st.selectbox(plain(field.name), options, index=index, key=f"{key}-{index}") or options[index]


def _numbers(line: pd.Series) -> None:
    """The four measures of a cell."""
    for column, (label, text) in zip(
        st.columns(2) * 2,
        (
            (_("Effect in logits"), signed(line["effect"])),
            (_("Rows with both"), parts.count(line["support"])),
            (_("Observed CTR"), _percent(line["observed"])),
            (_("Predicted CTR"), _percent(line["predicted"])),
        ),
        strict=True,
    ):
        column.metric(label, text)


def _sentence(run: Run, line: pd.Series, a: CodedField, b: CodedField) -> str:
    """What the numbers say, as Markdown."""
    first, second = plain(called(a.name, line["name_a"])), plain(called(b.name, line["name_b"]))
    effect = signed(line["effect"])
    if line["support"] == 0:
        return _(
            "{a} with {b} never occurred together in training, yet {model} gives {effect} logits.",
            a=first,
            b=second,
            model=run.spec().title,
            effect=effect,
        )
    return _(
        "With {a} and {b} the CTR was {observed} in training, and the model says {predicted}; {effect} logits of that "
        "belong to the two together.",
        a=first,
        b=second,
        observed=_percent(line["observed"]),
        predicted=_percent(line["predicted"]),
        effect=effect,
    )


def _percent(rate: float) -> str:
    return "–" if math.isnan(rate) else f"{rate:.1%}"
