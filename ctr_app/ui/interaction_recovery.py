"""Recovery: how well each readout finds what interacts, in planted data by epoch, and by the standard test."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from ..explain.readouts import readouts_for
from ..explain.recovery import recovery
from ..training.run_store import Run
from . import beginnings, interaction_suite, parts, readouts
from .recovery_chart import READOUT_NAMES, by_epoch, recovery_chart
from .state import state
from .watch import dataset_truth
from .words import _


def draw(run: Run, frame: pd.DataFrame, picked: tuple[str, str] | None) -> None:  # noqa: ARG001
    """How well readouts find what interacts: on this run's data where that is known, and on the standard test."""
    truth = dataset_truth(run)
    if truth is None or not truth["pairs"]:
        st.info(
            _(
                "What interacts in these data is not known, so nothing can be scored on them. The standard test below "
                "scores readouts where it is known."
            ),
            icon=":material/info:",
        )
    elif not state().revealed:
        st.info(
            _("What was planted is hidden. Reveal the planted pairs above, and every readout is scored against them."),
            icon=":material/visibility_off:",
        )
    else:
        _of_run(run, truth["pairs"])
    st.divider()
    interaction_suite.draw()


def _of_run(run: Run, true_pairs: Sequence[Sequence[str]]) -> None:
    """A score of every readout against the truth, and pairs found by epoch."""
    with st.spinner(_("Measuring every pair of fields by every readout")):
        table = scores(run, true_pairs)
    k, family = int(table["pairs"].iloc[0]), run.spec().family
    left, right = st.columns([3, 2], gap="large")
    found = by_epoch(run, true_pairs)
    with left:
        if found["epoch"].nunique() > 1 if len(found) else False:
            sentence = _sentence(found, k)
            recovery_chart(found, k, float(found["epoch"].max()), family, sentence).draw(alt=sentence)
            st.caption(_("Before training, {what}.", what=beginnings.before_training(run)))
        else:
            st.caption(_("No maps were kept while this run trained, so there is no curve by epoch."))
    with right:
        _as_table(run, table)
    st.caption(
        _(
            "AUC is the chance that a planted pair is measured stronger than any other pair: 0.5 is guessing, 1 is "
            "perfect; found are planted pairs among the strongest, as many as were planted. This tells how far to "
            "believe a readout on data like these, not on yours."
        )
    )
    if len(found):
        parts.table_behind(found, f"{run.id}-recovery", _("All epochs as a table"))


def scores(run: Run, true_pairs: Sequence[Sequence[str]]) -> pd.DataFrame:
    """Columns readout, auc, precision, found, pairs: one line for each readout that the run has."""
    lines = []
    for readout in readouts_for(run.spec().title):
        scored = recovery(readouts.pairs(run.id, readout), true_pairs)
        lines.append((readout, scored.auc, scored.precision, scored.found, scored.k))
    return pd.DataFrame(lines, columns=["readout", "auc", "precision", "found", "pairs"])


def _sentence(found: pd.DataFrame, k: int) -> str:
    """From which epoch on the readout that was first had all, or else how many the best has at the end."""
    last = found[found["epoch"] == found["epoch"].max()]
    best = last.loc[last["auc"].idxmax()] if last["auc"].notna().any() else last.iloc[0]
    of_best = found[found["readout"] == best["readout"]].sort_values("epoch")
    name = _(READOUT_NAMES[str(best["readout"])])
    if best["found"] < k:
        return _("{readout}, {found} of {total} planted pairs are found", readout=name, found=best["found"], total=k)
    missing = of_best[of_best["found"] < k]
    if missing.empty:
        return _("{readout}, all {total} planted pairs are found from the start", readout=name, total=k)
    since = of_best[of_best["epoch"] > missing["epoch"].max()]["epoch"].min()
    return _("{readout}, all {total} planted pairs are found from epoch {epoch} on", readout=name, total=k, epoch=since)


def _as_table(run: Run, table: pd.DataFrame) -> None:
    shown = pd.DataFrame(
        {
            "readout": [_(READOUT_NAMES[readout]) for readout in table["readout"]],
            "auc": table["auc"],
            "precision": table["precision"],
            "found": [
                _("{found} of {total}", found=f, total=k) for f, k in zip(table["found"], table["pairs"], strict=True)
            ],
        }
    )
    st.dataframe(
        shown,
        hide_index=True,
        key=f"interactions-recovery-{run.id}",
        column_config={
            "readout": st.column_config.TextColumn(_("measured")),
            "auc": st.column_config.NumberColumn(_("pair AUC"), format="%.3f"),
            "precision": st.column_config.NumberColumn(_("precision@k"), format="%.2f"),
            "found": st.column_config.TextColumn(_("found")),
        },
    )
