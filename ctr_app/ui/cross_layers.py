"""What the cross layers of a DCN hold: W or the matrix implied, its blocks, its experts and its singular values."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
import streamlit as st

from ..data.errors import shorten
from ..explain.cross_layers import CrossLayer, block_norms, rank_keeping
from ..explain.pairs import LEAST_STRENGTH
from ..training.run_store import Run
from . import charts, layer_charts, matrix, pair_charts, parts, readouts, vega_names
from .interaction_map import how_many
from .words import _

KINDS = {"matrix": "Every weight", "norms": "Block norms", "flows": "In logits", "spectrum": "Singular values"}
WORDS = {
    "matrix": "Row and column are the inputs of the cross network, field after field: a strong block says that the "
    "layer multiplies the field of its row with what it reads of the field of its column. It cannot tell how large "
    "these inputs are, nor how far the logit listens: that is shown in logits.",
    "vector": "DCN-V1 has one vector per layer, which every row reads: the matrix is what it implies. It cannot tell "
    "fields apart by row.",
    "mix": "DCN-Mix has low-rank experts: the matrix is what they amount to near zero. It cannot tell what the gates "
    "and the curved parts do for inputs that are far from zero.",
    "flows": "Each block weighted by the data: how far the product of both fields, as their inputs come to this "
    "layer, moves the logit. It cannot tell directions that cancel, nor what the MLP beside it adds.",
    "spectrum": "The larger the first singular values, the fewer experts or the lower a rank would do. It cannot tell "
    "whether what a low rank leaves out matters for the prediction.",
}
BLOCK = "picked_block"


@dataclass(frozen=True)
class _Shown:
    """What is looked at: a layer (of one expert, where chosen), and what of it."""

    layer: CrossLayer
    kind: str
    expert: int | None


def draw(run: Run, frame: pd.DataFrame, picked: tuple[str, str] | None) -> None:  # noqa: ARG001
    """One cross layer as weights, blocks, logits or singular values."""
    shown = _controls(run)
    if _is_nothing(run, shown):
        st.info(
            _(
                "This layer multiplies nothing: training has shrunk all that it holds to less than a millionth. What "
                "the model does, it does without it."
            ),
            icon=":material/info:",
        )
    elif shown.kind == "spectrum":
        _spectrum(run, shown)
    elif shown.kind == "matrix":
        _every_weight(run, shown)
    else:
        _blocks(run, shown)
    st.caption(_(WORDS[shown.kind if shown.kind in ("flows", "spectrum") else run.spec().model["cross"]]))


def _is_nothing(run: Run, shown: _Shown) -> bool:
    """Whether what is to be shown would be noise below everything that counts."""
    numbers = readouts.flows(run.id, shown.layer.index) if shown.kind == "flows" else np.abs(shown.layer.matrix)
    return bool(numbers.max() < LEAST_STRENGTH)


def _controls(run: Run) -> _Shown:
    found = readouts.layers(run.id)
    numbers, kinds, experts = st.columns([1, 2, 1], vertical_alignment="bottom")
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
        list(KINDS),
        default="matrix",
        required=True,
        key="interactions-layer-kind",
        format_func=lambda kind: _(KINDS[kind]),
    )
    layer = found[index or 0]
    with experts:
        expert = _expert(run, layer) if kind != "flows" else None
    if expert is not None:
        layer = replace(layer, matrix=readouts.experts_of(run.id, layer.index)[expert].matrix)
    return _Shown(layer, kind or "matrix", expert)


def _expert(run: Run, layer: CrossLayer) -> int | None:
    """Which expert of DCN-Mix to look at alone; None for all of them, and where there are none."""
    known = readouts.experts_of(run.id, layer.index)
    if not known:
        return None

    def named(number: int) -> str:
        if number < 0:
            return _("All experts, gates averaged")
        expert = known[number]
        return _(
            "Expert {number}: open {gate:.0%}, widest in {leads:.0%} of rows",
            number=number + 1,
            gate=expert.gate,
            leads=expert.leads,
        )

    key = f"interactions-expert-{run.id}-{layer.index}"
    chosen = st.selectbox(_("Expert"), range(-1, len(known)), format_func=named, key=key)
    return None if chosen is None or chosen < 0 else chosen


def _every_weight(run: Run, shown: _Shown) -> None:
    """The matrix as an image, and one of its blocks with its values."""
    layer, norms = shown.layer, block_norms(shown.layer)
    names, size = list(layer.slices), len(layer.matrix)
    sentence = _strongest(names, norms)
    title = charts.titled(
        sentence,
        _(
            "W of layer {number}, {size} × {size}; orange below zero, blue above; press a block to see its values",
            number=layer.index + 1,
            size=size,
        ),
    )
    left, right = st.columns([3, 2], gap="large")
    with left:
        picture = matrix.cross_matrix(layer, norms, title, charts.is_dark(), BLOCK)
        event = picture.draw(
            alt=sentence, on_select="rerun", key=f"interactions-w-{run.id}-{layer.index}", width="content"
        )
    with right:
        _block(run, layer, norms, _picked(event))


def _block(run: Run, layer: CrossLayer, norms: np.ndarray, picked: tuple[str, str] | None) -> None:
    """The values of one block: the one that was pressed, else the strongest, or any other."""
    names = list(layer.slices)
    row, column = divmod(int(norms.argmax()), len(names))
    row, column = (names.index(picked[0]), names.index(picked[1])) if picked else (row, column)
    key = f"{run.id}-{layer.index}-{row}-{column}"
    a = st.selectbox(_("Multiplies"), names, index=row, key=f"interactions-block-row-{key}") or names[row]
    b = st.selectbox(_("Reads"), names, index=column, key=f"interactions-block-column-{key}") or names[column]
    values = layer.matrix[layer.slices[a], layer.slices[b]]
    sentence = _("{a} × {b}: weights up to {most:.3g}", a=shorten(a, 20), b=shorten(b, 20), most=np.abs(values).max())
    norm = norms[names.index(a), names.index(b)]
    title = charts.titled(
        sentence,
        _("block of {rows} × {columns}, norm {norm:.3f}", rows=len(values), columns=values.shape[1], norm=norm),
    )
    layer_charts.block_values(values, title).draw(alt=sentence, width="content")
    parts.table_behind(layer_charts.block_table(values), f"{run.id}-block")


def _blocks(run: Run, shown: _Shown) -> None:
    """One number per block: its norm, or how far it moves the logit."""
    layer, in_logits = shown.layer, shown.kind == "flows"
    numbers = readouts.flows(run.id, layer.index) if in_logits else block_norms(layer)
    names = list(layer.slices)
    frame = pair_charts.block_frame(names, numbers)
    chosen = pair_charts.strongest_names(names, frame)
    sentence, fields = _strongest(names, numbers), how_many(len(chosen), len(names))
    measured = (
        _("how far each block moves the logit (RMS), layer {number}, {fields}", number=layer.index + 1, fields=fields)
        if in_logits
        else _("Frobenius norm of each block of W, layer {number}, {fields}", number=layer.index + 1, fields=fields)
    )
    unit = _("logits (RMS)") if in_logits else _("block norm")
    pair_charts.block_chart(chosen, frame, charts.titled(sentence, measured), unit).draw(alt=sentence, width="content")
    columns = {"field_a": _("multiplies"), "field_b": _("reads"), "norm": unit}
    parts.table_behind(frame, f"{run.id}-{shown.kind}-{layer.index + 1}", column_config=columns)


def _spectrum(run: Run, shown: _Shown) -> None:
    """Singular values, and the share of the squares that each rank keeps."""
    frame = readouts.spectrum(run.id, shown.layer.index, shown.expert)
    rank = rank_keeping(frame)
    sentence = _("Rank {rank} of {all} keeps 90 % of this matrix", rank=rank, all=len(frame))
    title = charts.titled(
        sentence,
        _("line: share of the squared weights that a rank keeps; bars: singular values, as a share of the largest"),
    )
    layer_charts.spectrum(frame, rank, title, run.spec().family).draw(alt=sentence, width="stretch")
    parts.table_behind(frame, f"{run.id}-singular-values-{shown.layer.index + 1}")


def _strongest(names: list[str], numbers: np.ndarray) -> str:
    row, column = divmod(int(numbers.argmax()), len(names))
    return _("{a} is multiplied most with {b}", a=shorten(names[row], 28), b=shorten(names[column], 28))


def _picked(event: Any) -> tuple[str, str] | None:
    points = vega_names.meant(event, BLOCK)
    return (points[0]["row"], points[0]["column"]) if points and "row" in points[0] else None
