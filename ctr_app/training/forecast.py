"""What an epoch will cost: measured in a process of its own, one request after the other, and remembered."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import threading
import time
from collections import OrderedDict
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol

import torch

from ..data.files import PROJECT
from ..data.settings import Config
from .config import TrainingConfig
from .probe import EpochCost, Request

logger = logging.getLogger(__name__)

# Settings that decide when training ends and what it comes to, but not how long an epoch takes.
WITHOUT_COST = ("learning_rate", "epochs", "monitor", "patience", "seed")
REMEMBERED = 500
FORGOTTEN_SECONDS = 5.0  # whoever still wants to know asks again before
IDLE_SECONDS = 60.0
LIMIT_SECONDS = 120.0


class ProbeFailed(RuntimeError):
    """Nothing could be measured; the message says why."""


class Measures(Protocol):
    """What a ``Forecaster`` measures with."""

    def __call__(self, request: Request) -> EpochCost:
        """Measure; raises ProbeFailed if that cannot be done."""

    def close(self) -> None:
        """Let go of what it holds, and give up what it is doing; it may be called again."""


class Probe:
    """``probe.main`` in a process of its own, which begins with the first request."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def __call__(self, request: Request) -> EpochCost:
        """What the process answers."""
        try:
            process = self._process = self._process or _probe_process()
            answer = _ask(process, json.dumps(asdict(request)))
        except (OSError, ValueError) as error:
            self.close()
            raise ProbeFailed("The measuring process ended without an answer.") from error
        if "error" in answer:
            raise ProbeFailed(answer["error"])
        return EpochCost(**answer)

    def close(self) -> None:
        """End the process."""
        process, self._process = self._process, None
        if process is not None:
            with suppress(OSError), process:  # what was written to a process that is gone
                process.kill()


@dataclass(frozen=True)
class Forecast:
    """What is known of a request: still nothing, its cost, or that it cannot be measured."""

    is_over: bool
    epoch: EpochCost | None = None


class Forecaster:
    """Answers at once with what is known, and measures in the background what is not; the latest request first."""

    def __init__(self, measure: Measures | None = None) -> None:
        self._measure = measure or Probe()
        self._known: OrderedDict[Request, Forecast] = OrderedDict()
        self._wanted: OrderedDict[Request, float] = OrderedDict()  # when it was last asked for, the latest at the end
        self._condition = threading.Condition()
        self._is_closed = False
        self._thread: threading.Thread | None = None

    def ask(self, request: Request) -> Forecast:
        """What is known; whoever wants to know more asks again in a moment, or the request is forgotten."""
        with self._condition:
            if request in self._known:
                self._known.move_to_end(request)
                return self._known[request]
            self._wanted[request] = time.monotonic()
            self._wanted.move_to_end(request)
            if self._thread is None and not self._is_closed:
                self._thread = threading.Thread(target=self._work, name="ctr-lens-forecast", daemon=True)
                self._thread.start()
            self._condition.notify()
            return Forecast(False)

    def close(self) -> None:
        """Measure nothing any more."""
        with self._condition:
            self._is_closed = True
            self._condition.notify()
        self._measure.close()
        if self._thread is not None:
            self._thread.join(timeout=5.0)

    def _work(self) -> None:
        while (request := self._next()) is not None:
            try:
                found = Forecast(True, self._measure(request))
            except ProbeFailed as error:
                found = Forecast(True)
                if not self._is_closed:
                    logger.warning("No forecast for %s: %s", request, error)
            with self._condition:
                self._wanted.pop(request, None)
                self._known[request] = found
                while len(self._known) > REMEMBERED:
                    self._known.popitem(last=False)
        self._measure.close()

    def _next(self) -> Request | None:
        """The latest request that is not forgotten, waiting for one; None in the end."""
        with self._condition:
            while not self._is_closed:
                oldest = time.monotonic() - FORGOTTEN_SECONDS
                for request in [request for request, asked in self._wanted.items() if asked < oldest]:
                    del self._wanted[request]
                if self._wanted:
                    return next(reversed(self._wanted))
                if not self._condition.wait(IDLE_SECONDS):
                    self._measure.close()
        return None


def request_for(
    folder: Path,
    family: str,
    model: Config,
    training: TrainingConfig,
    device: torch.device,
    runs: Path,
    is_busy: bool = False,
) -> Request:
    """What is to be measured for these settings on the encoded data set in ``folder``; arguments as for ``Request``."""
    counts = {name: value for name, value in training.to_json().items() if name not in WITHOUT_COST}
    model_text, training_text = (json.dumps(values, sort_keys=True) for values in (model.to_json(), counts))
    threads = torch.get_num_threads()
    return Request(str(folder), family, model_text, training_text, str(device), threads, str(runs), is_busy)


def _probe_process() -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "ctr_app.training.probe"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        cwd=PROJECT,
        text=True,
    )


def _ask(process: subprocess.Popen[str], question: str) -> dict[str, Any]:
    """The answer to one line; raises OSError or ValueError if the process is gone or takes too long."""
    assert process.stdin is not None
    assert process.stdout is not None
    timer = threading.Timer(LIMIT_SECONDS, process.kill)
    timer.start()
    try:
        process.stdin.write(question + "\n")
        process.stdin.flush()
        return dict(json.loads(process.stdout.readline()))
    finally:
        timer.cancel()
