"""film: what a run had learned of its pairs of fields by each epoch."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ..data.errors import InputError, join_names
from ..training.run_store import Run, RunStore
from .output import four, show

if TYPE_CHECKING:
    import pandas as pd


def add_options(command: argparse.ArgumentParser) -> None:
    """The flags of ``film`` beside those of every command on a run."""
    command.add_argument("--readout", choices=("weights", "behaviour"), help="by default the first that was kept")


def film(options: argparse.Namespace) -> None:
    """Field pairs of every epoch that was kept, with that epoch's validation metrics, and when each pair emerged."""
    from ..explain.emergence import emergence  # pandas takes a while to import

    run = RunStore(options.runs).get(options.run)
    readout, frame = _kept(run, options.readout)
    emerged = emergence(frame)
    epochs = _by_epoch(run, frame)
    document = {
        "run": run.id,
        "model": run.spec().title,
        "readout": readout,
        "emerged": emerged.to_dict("records"),
        "epochs": epochs,
    }
    lines = [f"epoch {e['epoch']:>3}  validation AUC {four(e.get('auc'))}  {_strongest(e['pairs'])}" for e in epochs]
    lines += [f"{p.field_a} × {p.field_b} stood out from epoch {p.epoch} on" for p in emerged.itertuples()]
    show(options, document, lines)


def _kept(run: Run, readout: str | None) -> tuple[str, pd.DataFrame]:
    """The readout that is asked for, or else the first, and its strengths by epoch."""
    from ..explain.snapshots import snapshots

    found = snapshots(run)
    known = list(dict.fromkeys(found["readout"]))
    if not known:
        raise InputError("No maps were kept while run {id} trained; train it again, and they will be.", id=run.id)
    if readout is not None and readout not in known:
        raise InputError(
            "No maps by {readout} were kept while run {id} trained, but by {known}.",
            readout=readout,
            id=run.id,
            known=join_names(known),
        )
    return readout or known[0], found[found["readout"] == (readout or known[0])]


def _by_epoch(run: Run, frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Epoch, AUC and logloss (none before training) and the pairs, strongest first."""
    evals = {event["epoch"]: event for event in run.history() if event["kind"] == "eval"}
    return [
        {
            "epoch": int(part["epoch"].iloc[0]),
            **{name: evals.get(part["epoch"].iloc[0], {}).get(name) for name in ("auc", "logloss")},
            "pairs": part[["field_a", "field_b", "strength"]].to_dict("records"),
        }
        for _, part in frame.groupby("epoch")
    ]


def _strongest(pairs: list[dict[str, Any]]) -> str:
    return f"{pairs[0]['field_a']} × {pairs[0]['field_b']} {pairs[0]['strength']:.4f}"
