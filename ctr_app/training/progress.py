"""A run's history as curves and as a line on how far it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

SMOOTHING_SPAN = 8


@dataclass(frozen=True)
class Curves:
    """Tidy frames: ``loss`` (epoch, loss, smoothed) per written step, ``evals`` (epoch, auc, logloss, is_best)."""

    loss: pd.DataFrame
    evals: pd.DataFrame


@dataclass(frozen=True)
class HowFar:
    """How far a run is: epochs done of at most ``epochs``, share of all steps, rows per second, most seconds left."""

    epoch: float
    epochs: int
    share: float
    rows_per_second: float
    seconds_left: float | None
    parameters: int
    device: str


def curves(history: Sequence[Mapping[str, Any]]) -> Curves:
    """What to draw of a history; frames without rows while nothing has happened."""
    steps = [(e["epoch"], e["loss"]) for e in history if e["kind"] == "steps"]
    loss = pd.DataFrame(steps, columns=["epoch", "loss"], dtype=float)
    loss["smoothed"] = loss["loss"].ewm(span=SMOOTHING_SPAN).mean()
    evals = [(e["epoch"], e["auc"], e["logloss"], e["is_best"]) for e in history if e["kind"] == "eval"]
    return Curves(loss, pd.DataFrame(evals, columns=["epoch", "auc", "logloss", "is_best"]))


def how_far(history: Sequence[Mapping[str, Any]]) -> HowFar | None:
    """How far the run is, or None before its first line."""
    start = next((e for e in history if e["kind"] == "start"), None)
    if start is None:
        return None
    last = next((e for e in reversed(history) if e["kind"] == "steps"), None)
    total = start["steps_per_epoch"] * start["epochs"]
    step, seconds, rows = (last["step"], last["seconds"], last["rows"]) if last else (0, 0.0, 0)
    return HowFar(
        epoch=step / start["steps_per_epoch"],
        epochs=start["epochs"],
        share=step / total,
        rows_per_second=rows / seconds if seconds else 0.0,
        seconds_left=seconds / step * (total - step) if step else None,
        parameters=start["parameters"],
        device=start["device"],
    )
