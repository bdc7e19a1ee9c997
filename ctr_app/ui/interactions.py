"""What the Interactions page draws: one map of field pairs, one sentence, and what lies behind a cell."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from ..data.errors import shorten
from ..explain.pairs import precision_at_k
from ..training.run_store import Run
from . import charts, matrix, parts, readouts
from .state import state
from .watch import dataset_truth
from .words import _

READOUT_NAMES = {"weights": "By weights", "behaviour": "By behaviour", "counts": "By counts"}
UNITS = {"weights": "logits (RMS)", "behaviour": "logits (RMS)", "counts": "CTR (RMS)"}
HOW_TO_READ = {
    "weights": "Each cell is how far two fields together move the logit beyond what each does alone, as the model's "
    "own weights say.",
    "behaviour": "Each cell is how far the logit moves when the values of two fields are swapped between real rows, "
    "beyond what each swap does alone; it shows what the model does, rare combinations included.",
    "counts": "Each cell is what the observed click rates of two fields hold beyond main effects; no model is "
    "involved, so compare it with what the model claims.",
}
CELL = "picked_pair"


def draw() -> None:
    """The whole page."""
    st.title(_("Which fields interact"))
    left, right = st.columns([2, 1], vertical_alignment="bottom")
    with left:
        run = parts.choose_run("interactions-run", lambda run: run.has_model, _("Run"))
    if run is None:
        parts.empty_state(
            _("No model has been trained yet, so there is nothing to look into."), "train", _("Train a model")
        )
        return
    spec = run.spec()
    known = list(readouts.explain.readouts_for(spec.title))
    with right:
        readout = (
            st.segmented_control(
                _("Measured"),
                known,
                default=known[0],
                required=True,
                key=f"interactions-readout-{spec.title.lower()}",
                format_func=lambda name: _(READOUT_NAMES[name]),
            )
            or known[0]
        )
    with parts.sentences():
        with st.spinner(_("Measuring every pair of fields")):
            frame = readouts.pairs(run.id, readout)
        if frame.empty:
            st.info(_("The model reads one field only, so there is no pair to look at."))
            return
        picked = _map(run, frame, readout)
        _drill_down(run, frame, picked)
        if spec.family == "dcn":
            _cross_layers(run)


def _map(run: Run, frame: pd.DataFrame, readout: str) -> tuple[str, str] | None:
    """The heatmap and the ranking; returns the pair that was picked on the map."""
    truth = _truth_switch(run, frame)
    fields = readouts.model_of(run.id)[1].layout.field_names
    names = charts.strongest_names(fields, frame)
    left, right = st.columns([3, 2] if len(names) <= charts.CROWD else [2, 1], gap="large")
    unit = _(UNITS[readout])
    with left:
        title = charts.titled(
            _sentence(frame),
            _(
                "{model}, {fields}, {unit}; press a cell to open it",
                model=run.spec().title,
                fields=_how_many(len(names), len(fields)),
                unit=unit,
            ),
        )
        event = charts.pair_heatmap(names, frame, title, unit, truth, CELL).draw(
            alt=_sentence(frame), on_select="rerun", key=f"interactions-map-{run.id}-{readout}", width="content"
        )
    with right:
        ranking = charts.ranking(frame, unit, run.spec().family, truth)
        ranking.draw(alt=_("The strongest pairs, strongest first"))
        with st.popover(_("All pairs as a table"), icon=":material/table:"):
            st.dataframe(
                frame, hide_index=True, column_config={"strength": st.column_config.NumberColumn(unit, format="%.4f")}
            )
            st.download_button(_("Download CSV"), frame.to_csv(index=False), f"{run.id}-{readout}.csv", "text/csv")
    words = _(HOW_TO_READ[readout])
    if readout == "weights" and run.spec().family == "dcn":
        words += " " + _("It sees the cross network alone, not what the MLP beside it adds.")
    if readout == "weights" and run.spec().title in ("DCN-V1", "DCN-Mix"):
        words += " " + _(
            "The weights of {model} tell pairs apart poorly: believe its behaviour.", model=run.spec().title
        )
    st.caption(words)
    return _picked(event)


def _how_many(shown: int, fields: int) -> str:
    """How many fields a map shows, in words."""
    if shown == fields:
        return _("{fields} fields", fields=fields)
    return _("the {shown} of {fields} fields with the strongest pairs", shown=shown, fields=fields)


def _truth_switch(run: Run, frame: pd.DataFrame) -> Sequence[Sequence[str]]:
    """Whether to draw the planted pairs, where the data were planted; says how many were found."""
    truth = dataset_truth(run)
    if truth is None:
        return ()
    with st.container(horizontal=True, vertical_alignment="center"):
        state().revealed = st.toggle(
            _("Reveal the planted pairs"),
            value=state().revealed,
            key="interactions-reveal",
            help=_("This sample was made with a known set of interacting pairs; they are drawn as rings."),
        )
        if not state().revealed:
            return ()
        total = len(truth["pairs"])
        found = round(precision_at_k(frame, truth["pairs"]) * total)
        st.markdown(
            _("**{found} of {total}** planted pairs are among the {total} strongest.", found=found, total=total),
            width="content",
        )
    return truth["pairs"]


def _sentence(frame: pd.DataFrame) -> str:
    """The sentence that the map proves."""
    best = frame.iloc[0]
    if len(frame) > 1 and best["strength"] < 1.05 * frame["strength"].median():
        return _("No pair of fields stands out")
    return _("{a} and {b} interact most", a=shorten(best["field_a"], 28), b=shorten(best["field_b"], 28))


def _picked(event: Any) -> tuple[str, str] | None:
    points = event.selection.get(CELL) or []
    if points and points[0].get("field_a") != points[0].get("field_b"):
        return points[0]["field_a"], points[0]["field_b"]
    return None


def _drill_down(run: Run, frame: pd.DataFrame, picked: tuple[str, str] | None) -> None:
    """The value × value table of one pair: the one picked on the map, or any other."""
    st.subheader(_("Inside one pair"))
    options = list(zip(frame["field_a"], frame["field_b"], strict=True))
    index = next((i for i, pair in enumerate(options) if picked and set(pair) == set(picked)), 0)
    pair = (
        st.selectbox(
            _("Pair"),
            options,
            index=index,
            key=f"interactions-pair-{run.id}-{index}",
            format_func=lambda pair: f"{pair[0]} × {pair[1]}",
        )
        or options[0]
    )
    table = readouts.values(run.id, *pair)
    strongest = table.iloc[int(table["effect"].abs().argmax())]
    direction = _("raises") if strongest["effect"] > 0 else _("lowers")
    sentence = _(
        "{a} with {b} {direction} the logit by {effect:.2f}",
        a=shorten(f"{pair[0]} {strongest['value_a']}", 32),
        b=shorten(f"{pair[1]} {strongest['value_b']}", 32),
        direction=direction,
        effect=abs(strongest["effect"]),
    )
    title = charts.titled(
        sentence, _("effect of the two values together, main effects taken out; the most frequent values")
    )
    charts.value_heatmap(table, pair[0], pair[1], title).draw(alt=sentence, width="content")
    unseen = int((table["support"] == 0).sum())
    if unseen:
        st.caption(
            _(
                "{count} of these combinations (with a dot) never occurred in the training rows; the model still has "
                "an opinion on them, carried over from other combinations.",
                count=unseen,
            )
        )


def _cross_layers(run: Run) -> None:
    """W of each cross layer, or the matrix implied, and the norms of its blocks."""
    st.subheader(_("Cross layers"))
    cross = run.spec().model["cross"]
    words = {
        "matrix": _(
            "Row and column are the inputs of the cross network, field after field: a strong block says that "
            "the layer multiplies the field of its row with what it reads of the field of its column."
        ),
        "vector": _("DCN-V1 has one vector per layer, which every row reads: the matrix below is what it implies."),
        "mix": _("DCN-Mix has low-rank experts: the matrix below is what they amount to near zero, gates averaged."),
    }
    st.caption(words[cross])
    found = readouts.layers(run.id)
    numbers, kinds = st.columns(2)
    index = numbers.segmented_control(
        _("Layer"),
        list(range(len(found))),
        default=0,
        required=True,
        key=f"interactions-layer-{run.id}",
        format_func=lambda i: _("Layer {number}", number=i + 1),
    )
    kind = kinds.segmented_control(
        _("Show"),
        ["matrix", "norms"],
        default="matrix",
        required=True,
        key="interactions-layer-kind",
        format_func=lambda kind: _("Every weight") if kind == "matrix" else _("Block norms"),
    )
    layer, norms = found[index or 0]
    names = list(layer.slices)
    row, column = divmod(int(norms.argmax()), len(names))
    sentence = _("{a} is multiplied most with {b}", a=shorten(names[row], 28), b=shorten(names[column], 28))
    if kind == "norms":
        blocks = charts.block_frame(names, norms)
        shown = charts.strongest_names(names, blocks)
        title = charts.titled(
            sentence,
            _(
                "Frobenius norm of each block of W, layer {number}, {fields}",
                number=layer.index + 1,
                fields=_how_many(len(shown), len(names)),
            ),
        )
        charts.block_chart(shown, blocks, title).draw(alt=sentence, width="content")
    else:
        size = len(layer.matrix)
        title = charts.titled(
            sentence,
            _("W of layer {number}, {size} × {size}; orange below zero, blue above", number=layer.index + 1, size=size),
        )
        matrix.cross_matrix(layer, norms, title, charts.is_dark()).draw(alt=sentence, width="content")
