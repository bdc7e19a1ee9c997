"""interactions: which pairs of fields interact, by one readout."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from ..data.errors import InputError
from ..data.store import DataSet, DatasetStore
from ..training.run_store import Run, RunStore
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
    command.add_argument(
        "--agreement", action="store_true", help="how far the run's maps agree, and what may be the matter"
    )


def interactions(options: argparse.Namespace) -> None:
    """Field pairs, strongest first."""
    from ..explain.readouts import interactions as read  # pandas takes a while to import

    run = RunStore(options.runs).get(options.run)
    spec = run.spec()
    readout, dataset = _readout(options, spec.title), DatasetStore().get(spec.dataset_id)
    frame = read(run, dataset, readout, raw=options.raw, support=options.support)
    agreement = _agreement(run, dataset, readout, frame) if options.agreement else None
    if not options.errors:
        frame = frame.drop(columns="error", errors="ignore")
    result = {"run": run.id, "model": spec.title, "readout": readout, "pairs": frame.to_dict("records")}
    lines = _lines(frame) or ["The run has one field only, so there is no pair."]
    if agreement:
        lines = [agreement["verdict"], *agreement["reasons"], "", *lines]
    show(options, result | ({"agreement": agreement} if agreement else {}), lines)


def _agreement(run: Run, dataset: DataSet, readout: str, frame: pd.DataFrame) -> dict[str, Any]:
    """How far the map ``frame`` agrees with the run's others, and where that is little, what may be the matter."""
    from ..explain import agreement as explain
    from ..explain.doubts import doubts
    from ..explain.readouts import interactions as read
    from ..explain.readouts import readouts_for

    maps = {name: frame if name == readout else read(run, dataset, name) for name in readouts_for(run.spec().title)}
    found = explain.agreement(readout, maps)
    reasons = []
    if not found.is_trusted:
        encoded = dataset.encoded(run.spec().preparation)
        reasons = doubts(run, encoded.encoder.layout, encoded.rows("train")).sentences()
    return {
        "spearman": found.spearman,
        "verdict": str(explain.verdict(found)),
        "reasons": list(map(str, reasons)),
        "maps": _records(explain.correlations(maps)),
        "disagreements": _records(explain.disagreements(maps)),
    }


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """Lines of a frame, with None where there is no number."""
    known = frame.astype(object).where(frame.notna(), None)
    return [{str(name): value for name, value in line.items()} for line in known.to_dict("records")]


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
