"""interactions: which pairs of fields interact, by one readout."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..data.errors import InputError
from ..data.store import DatasetStore
from ..training.run_store import RunStore
from .output import show

if TYPE_CHECKING:
    import pandas as pd

SHOWN_PAIRS = 20


def add_options(command: argparse.ArgumentParser) -> None:
    """The flags of ``interactions``."""
    command.add_argument("--readout", choices=("weights", "behaviour", "counts"))
    command.add_argument(
        "--raw", action="store_true", help="weights with main effects left in, as most tools show them"
    )
    command.add_argument(
        "--support", type=int, default=0, metavar="N", help="count only swaps to pairs of values with N training rows"
    )
    command.add_argument("--errors", action="store_true", help="the standard error of each strength by behaviour")


def interactions(options: argparse.Namespace) -> None:
    """Field pairs, strongest first."""
    from ..explain.readouts import interactions as read  # pandas takes a while to import

    run = RunStore(options.runs).get(options.run)
    spec = run.spec()
    readout = _readout(options, spec.title)
    frame = read(run, DatasetStore().get(spec.dataset_id), readout, raw=options.raw, support=options.support)
    if not options.errors:
        frame = frame.drop(columns="error", errors="ignore")
    result = {"run": run.id, "model": spec.title, "readout": readout, "pairs": frame.to_dict("records")}
    show(options, result, _lines(frame) or ["The run has one field only, so there is no pair."])


def _readout(options: argparse.Namespace, title: str) -> str:
    """The readout that was asked for; without a name the one that the other flags are about, or the model's first."""
    from ..explain.readouts import readouts_for

    of_swaps = options.errors or options.support
    readout: str = options.readout or (
        "behaviour" if of_swaps else "weights" if options.raw else readouts_for(title)[0]
    )
    if options.errors and readout != "behaviour":
        raise InputError("Errors are those of behaviour; there are none by {readout}.", readout=readout)
    return readout


def _lines(frame: pd.DataFrame) -> list[str]:
    errors = frame["error"] if "error" in frame else [None] * len(frame)
    shown = list(zip(frame["field_a"], frame["field_b"], frame["strength"], errors, strict=True))[:SHOWN_PAIRS]
    lines = [
        f"{a} × {b}  {strength:.4f}" + (f" ± {error:.4f}" if error is not None else "")
        for a, b, strength, error in shown
    ]
    if len(frame) > SHOWN_PAIRS:
        lines.append(f"and {len(frame) - SHOWN_PAIRS} more; --json lists them all")
    return lines
