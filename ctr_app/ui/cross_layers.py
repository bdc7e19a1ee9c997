"""What the cross layers of a DCN hold: W, or the matrix implied, and the norms of its blocks."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from ..data.errors import shorten
from ..training.run_store import Run
from . import charts, matrix, readouts
from .interaction_map import how_many
from .words import _


def draw(run: Run, frame: pd.DataFrame, picked: tuple[str, str] | None) -> None:  # noqa: ARG001
    """W of each cross layer, or the matrix implied, and the norms of its blocks."""
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
                fields=how_many(len(shown), len(names)),
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
