"""Inside one pair of fields: its value × value table, any of its cells, and pairs of values never seen together."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from ..data.errors import shorten
from ..explain.coded import CodedField
from ..explain.values import NUM_VALUES
from ..training.run_store import Run
from . import charts, interaction_cell, interaction_unseen, parts, readouts, value_charts, vega_names
from .value_charts import FEW_ROWS, LEAST_EFFECT, MEASURES, most, seen
from .words import _, plain

# A browser filters so many values by itself; the others of a long vocabulary are searched for by the server.
MOST_LISTED = 1000
MOST_ADDED = 10
MOST_FOUND = 5
HOW_TO_READ = {
    "effect": "Each cell is what the two values together add to the logit, main effects taken out; the most frequent "
    "values are shown. The numbers are the model's: compare them with the rows and the observed CTR.",
    "support": "Each cell is how many training rows have both values. Where there are few, the observed CTR is chance.",
    "observed": "Each cell is the CTR of the training rows that have both values, main effects included. Of a few rows "
    "it is mostly chance: look at the rows with both.",
    "predicted": "Each cell is the mean CTR that the model gives to the training rows with both values, on the scale "
    "of the observed CTR. Where no row has both, the two values were put into rows of the data.",
}

SUBTITLES = {
    "effect": "effect of the two values together in logits, main effects taken out; press a cell for its rows",
    "support": "training rows that have both values; press a cell for its rows",
    "observed": "observed CTR of the training rows with both values; press a cell for its rows",
    "predicted": "CTR that the model gives the training rows with both values; press a cell for its rows",
}


def draw(run: Run, frame: pd.DataFrame, picked: tuple[str, str] | None) -> None:
    """One pair, the one picked on the map or any other: its values, or those never seen together."""
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        pair = _choose_pair(run, frame, picked)
        is_unseen = st.toggle(
            _("Never seen together"),
            key="interactions-unseen",
            persist_state="session",
            help=_("Pairs of values that no training row has, and what the model thinks of them all the same."),
        )
        measure = None if is_unseen else _choose_measure()
    if measure is None:
        interaction_unseen.draw(run, pair)
    else:
        _draw_table(run, pair, measure)


def _choose_pair(run: Run, frame: pd.DataFrame, picked: tuple[str, str] | None) -> tuple[str, str]:
    options = list(zip(frame["field_a"], frame["field_b"], strict=True))
    index = next((i for i, pair in enumerate(options) if picked and set(pair) == set(picked)), 0)
    chosen = st.selectbox(
        _("Pair"),
        options,
        index=index,
        key=f"interactions-pair-{run.id}-{index}",
        format_func=lambda pair: f"{pair[0]} × {pair[1]}",
        width=320,
    )
    return chosen or options[0]


def _draw_table(run: Run, pair: tuple[str, str], measure: str) -> None:
    a, b = (readouts.coded(run.id, field) for field in pair)
    more_a, more_b = _add_values(run, (a, b))
    with st.spinner(_("Asking the model about each pair of values"), show_time=True):
        table = readouts.values(run.id, *pair, more_a, more_b)
    if table.empty:
        st.info(_("No training row has a value of both fields, so there is nothing to show."))
        return
    left, right = st.columns([2, 1], gap="large")
    with left:
        pressed = _heatmap(run, table, pair, measure)
        st.caption(_captions(table, measure))
        parts.table_behind(table, f"{run.id}-values-{shorten(pair[0], 20)}-{shorten(pair[1], 20)}")
    with right:
        line = interaction_cell.draw(run, table, a, b, pressed)
    interaction_cell.draw_rows(run, a, b, line)


def _choose_measure() -> str:
    chosen = st.segmented_control(
        _("Cells show"),
        list(MEASURES),
        default="effect",
        required=True,
        key="interactions-measure",
        persist_state="session",
        format_func=lambda name: _(MEASURES[name].label),
    )
    return chosen or "effect"


def _add_values(run: Run, fields: Sequence[CodedField]) -> list[tuple[int, ...]]:
    """The codes of each field that are asked for beside those that are shown without asking."""
    found: dict[str, tuple[int, ...]] = {field.name: () for field in fields}
    long = [field for field in fields if (field.counts > 0).sum() > len(field.choose(NUM_VALUES))]
    for column, field in zip(st.columns(2), long, strict=False):
        with column:
            found[field.name] = _search(run, field)
    return list(found.values())


def _search(run: Run, field: CodedField) -> tuple[int, ...]:
    """A list of the next most frequent values, into which any other or a part of it can be typed."""
    others = field.choose(MOST_LISTED).codes[NUM_VALUES:].tolist()
    others.sort(key=lambda code: len(field.names[code]))  # so that what is typed stands before what holds it
    asked = st.multiselect(
        _("Add values of {field}", field=plain(field.name)),
        others,
        key=f"interactions-values-{run.id}-{readouts.place_of(run.id, field.name)}",
        format_func=lambda code: field.names[code],
        accept_new_options=True,
        filter_mode="contains",
        select_all=False,
        max_selections=MOST_ADDED,
        placeholder=_("One of {count}: type it, or a part of it", count=parts.count(int((field.counts > 0).sum()))),
        persist_state="session",
    )
    codes: list[int] = []
    for one in asked:
        codes += [one] if isinstance(one, int) else _found(field, one)
    return tuple(dict.fromkeys(codes))


def _found(field: CodedField, text: str) -> list[int]:
    """The value that was typed, or the most frequent values that hold it; says which where it is not plain."""
    code = field.code_of(text.strip())
    if code is not None:
        return [code]
    found = field.search(text.strip())
    if not len(found):
        st.caption(_("No value of {field} has “{text}” in it.", field=plain(field.name), text=plain(text)))
    elif len(found) > MOST_FOUND:
        st.caption(
            _(
                "“{text}” is in {count} values; the {most} most frequent are shown.",
                text=plain(text),
                count=parts.count(len(found)),
                most=MOST_FOUND,
            )
        )
    return [int(code) for code in found[:MOST_FOUND]]


def _heatmap(run: Run, table: pd.DataFrame, pair: tuple[str, str], measure: str) -> tuple[str, str] | None:
    """The picture; returns the names of the cell that was pressed."""
    sentence = _sentence(table, pair, measure)
    title = charts.titled(sentence, _(SUBTITLES[measure]))
    event = value_charts.value_heatmap(table, *pair, measure, title).draw(
        alt=sentence, on_select="rerun", key=f"interactions-cells-{run.id}-{measure}", width="content"
    )
    points = vega_names.meant(event, value_charts.CELL)
    return (points[0]["name_a"], points[0]["name_b"]) if points else None


def _sentence(table: pd.DataFrame, pair: tuple[str, str], measure: str) -> str:
    """The sentence that the table proves, of combinations that rows have."""
    best = most(seen(table, FEW_ROWS if measure == "observed" else 1), measure)
    a, b = value_charts.called(pair[0], best["name_a"]), value_charts.called(pair[1], best["name_b"])
    if measure == "support":
        return _("{a} with {b} is the most frequent, in {count} rows", a=a, b=b, count=parts.count(best["support"]))
    if measure == "observed":
        return _("{a} with {b} was clicked most, in {rate:.1%} of its rows", a=a, b=b, rate=best["observed"])
    if measure == "predicted":
        return _("{a} with {b} is expected to be clicked most, at {rate:.1%}", a=a, b=b, rate=best["predicted"])
    if abs(best["effect"]) < LEAST_EFFECT:
        return _("No two values move the logit by more than {least} together", least=LEAST_EFFECT)
    verb = _("raises") if best["effect"] > 0 else _("lowers")
    return _("{a} with {b} {verb} the logit by {effect:.2f}", a=a, b=b, verb=verb, effect=abs(best["effect"]))


def _captions(table: pd.DataFrame, measure: str) -> str:
    words = _(HOW_TO_READ[measure])
    unseen = int((table["support"] == 0).sum())
    if unseen:
        words += " " + _(
            "{count} of these combinations (with a dot) never occurred in the training rows; the model still has an "
            "opinion on them, carried over from other combinations.",
            count=unseen,
        )
    return words
