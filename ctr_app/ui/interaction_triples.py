"""Three at once: what three fields do together beyond what any two of them do."""

from __future__ import annotations

from itertools import combinations

import pandas as pd
import streamlit as st

from ..data.errors import shorten
from ..data.intervals import Z_95
from ..training.run_store import Run
from . import charts, parts, readouts
from .interval_bars import interval_bars
from .state import state
from .watch import dataset_truth
from .words import _

SHOWN = 12
# Less than this share of the strongest pair is no finding.
LITTLE = 0.1


def draw(run: Run, frame: pd.DataFrame, picked: tuple[str, str] | None) -> None:  # noqa: ARG001
    """The strongest triples with their intervals, or why there is none."""
    with st.spinner(_("Measuring triples of fields")):
        found = readouts.triples(run.id)
    if found is None:
        st.info(
            _(
                "{model} adds up terms of one field and of two, so that every three-way term is exactly zero. A DCN "
                "with two or more cross layers, or with an MLP, can have some.",
                model=run.spec().title,
            ),
            icon=":material/info:",
        )
        return
    if found.empty:
        st.info(_("The model reads two fields only, so there are no three to look at."), icon=":material/info:")
        return
    _picture(run, found)
    st.caption(
        _(
            "Each bar is how far three fields together move the logit beyond what they do alone and in pairs, by what "
            "the model does when values are swapped between real rows. Swaps make combinations that may never have "
            "been seen, and the interval is of these rows, not of another training. Models learn triples unevenly: of "
            "those in test functions they found all in some and a fifth in others, so believe one that another seed "
            "shows too."
        )
    )
    parts.table_behind(found, f"{run.id}-triples")


def sentence(found: pd.DataFrame, strongest_pair: float) -> str:
    """What the bars say, beside the strength of the strongest pair by the same measure."""
    best = found.iloc[0]
    if best["strength"] < LITTLE * strongest_pair:
        return _(
            "No three fields do much together: at most {strength:.3f} logits, where the strongest pair has {pair:.3f}",
            strength=best["strength"],
            pair=strongest_pair,
        )
    return _(
        "{triple} add {strength:.3f} ± {margin:.3f} logits to what their pairs do; the strongest pair has {pair:.3f}",
        triple=_name(best["field_a"], best["field_b"], best["field_c"]),
        strength=best["strength"],
        margin=Z_95 * best["error"],
        pair=strongest_pair,
    )


def _picture(run: Run, found: pd.DataFrame) -> None:
    truth = dataset_truth(run) if state().revealed else None
    planted = {frozenset(t) for names in (truth or {}).get("sets") or () for t in combinations(names, 3)}
    shown = found.head(SHOWN)
    names = list(zip(shown["field_a"], shown["field_b"], shown["field_c"], strict=True))
    bars = pd.DataFrame(
        {
            "label": [_name(*triple) for triple in names],
            "value": shown["strength"],
            "margin": Z_95 * shown["error"],
            "is_marked": [frozenset(triple) in planted for triple in names],
        }
    )
    words = sentence(found, float(readouts.pairs(run.id, "behaviour")["strength"].max()))
    measured = _("third-order mixed difference with its 95 % interval; {count} triples measured", count=len(found))
    title = charts.titled(words, measured)
    chart = interval_bars(bars, title, _("logits (RMS)"), run.spec().family, _("triple"))
    chart.draw(alt=words, key=f"interactions-triples-chart-{run.id}")


def _name(*names: str) -> str:
    return " × ".join(shorten(name, 20) for name in names)
