"""Runs inside a peer's environment: reads jobs as lines of JSON, trains, and answers each with one line.

python -m peers.worker ours|tutorial|deepctr|rechub|fuxictr
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import importlib
import json
import os
import re
import sys
import time
import traceback
from dataclasses import asdict
from pathlib import Path
from types import ModuleType
from typing import Protocol

import numpy as np
import torch

from .recipes import RECIPES, Job, Measurement
from .rows import auc, read_table

STATUS = Path("/proc/self/status")


class Stopwatch:
    """CPU seconds of all threads of this process, and wall seconds, between ``start`` and ``stop``."""

    def __init__(self) -> None:
        self.cpu = self.wall = 0.0
        self._started = (0.0, 0.0)

    def start(self) -> None:
        """Begin, or go on."""
        self._started = (time.process_time(), time.perf_counter())

    def stop(self) -> None:
        """Add what has passed since ``start``."""
        self.cpu += time.process_time() - self._started[0]
        self.wall += time.perf_counter() - self._started[1]


class Learner(Protocol):
    """A model with its training loop, as every adapter's ``build(recipe, table, seed)`` gives it."""

    model: torch.nn.Module

    def train_epoch(self, watch: Stopwatch) -> None:
        """Train on all rows once, the watch running while batches are made and steps are done."""

    def scores(self) -> np.ndarray:
        """Predictions of the validation rows, (n,), in order."""


def measure(adapter: ModuleType, job: Job) -> Measurement:
    """Do one job."""
    start_memory = reset_peak()
    np.random.seed(job.seed)
    torch.manual_seed(job.seed)
    table = read_table(Path(job.table))
    learner: Learner = adapter.build(RECIPES[job.recipe], table, job.seed)
    learner.train_epoch(Stopwatch())
    watch, epochs = Stopwatch(), 0
    for _ in range(job.epochs - 1):
        learner.train_epoch(watch)
        epochs += 1
    peak = memory_in_mb("VmHWM")
    reached = auc(table.valid.labels, np.asarray(learner.scores(), dtype=np.float64).reshape(-1))
    while watch.cpu < job.seconds:
        learner.train_epoch(watch)
        epochs += 1
    parameters = sum(parameter.numel() for parameter in learner.model.parameters() if parameter.requires_grad)
    megabytes = peak - start_memory if peak and start_memory else None
    return Measurement(epochs * len(table.train), watch.cpu, watch.wall, reached, parameters, megabytes)


def reset_peak() -> float | None:
    """Give memory back to the system and forget the peak; returns the megabytes in use, where Linux tells."""
    gc.collect()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)
        Path("/proc/self/clear_refs").write_text("5")
    return memory_in_mb("VmRSS")


def memory_in_mb(name: str) -> float | None:
    """An entry of Linux' status of this process: ``VmRSS``, or its peak ``VmHWM``; None elsewhere."""
    if not STATUS.exists():
        return None
    found = re.search(rf"{name}:\s*(\d+) kB", STATUS.read_text())
    return int(found[1]) / 1024 if found else None


def main() -> None:
    """Answer jobs until the input ends; what libraries print goes to the error stream."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    torch.set_num_threads(1)
    adapter = importlib.import_module(f"peers.{sys.argv[1]}")
    answers.write(json.dumps({"versions": {**adapter.versions(), "torch": torch.__version__}}) + "\n")
    for line in sys.stdin:
        try:
            answer = asdict(measure(adapter, Job(**json.loads(line))))
        except Exception as error:
            traceback.print_exc()
            answer = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
