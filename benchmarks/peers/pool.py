"""One long-lived process per peer, so that runs can be interleaved without importing torch for each."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

from .recipes import Job, Measurement

BENCHMARKS = Path(__file__).resolve().parents[1]
ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
ON_THE_CPU = {"CUDA_VISIBLE_DEVICES": "", "ACCELERATE_USE_CPU": "true"}


class PeerFailed(RuntimeError):
    """A peer could not do a job; the message is its last words."""


class Worker:
    """A peer at work in its own interpreter; ``versions`` are those of its libraries.

    Args:
        peer: the adapter's name.
        python: the interpreter.
        log: where what it prints goes.
        environment: further environment variables.
        limit: seconds after which a job is given up and the process ended.
    """

    def __init__(
        self, peer: str, python: str, log: Path, environment: dict[str, str] | None = None, limit: float = 1800.0
    ) -> None:
        self.peer, self.log, self.limit = peer, log, limit
        paths = [str(BENCHMARKS)] + ([str(BENCHMARKS.parent)] if peer.startswith("ours") else [])
        own = {"PYTHONPATH": os.pathsep.join(paths), **ONE_THREAD, **ON_THE_CPU, **(environment or {})}
        with log.open("w") as words:
            self.process = subprocess.Popen(
                [python, "-m", "peers.worker", peer],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=words,
                cwd=log.parent,
                env=os.environ | own,
                text=True,
            )
        self.versions: dict[str, str] = self._answer()["versions"]

    def measure(self, job: Job) -> Measurement:
        """Do one job.

        Raises:
            PeerFailed: with the reason.
        """
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(asdict(job)) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            raise PeerFailed(self._last_words()) from None
        answer = self._answer()
        if "error" in answer:
            raise PeerFailed(answer["error"])
        return Measurement(**answer)

    def close(self) -> None:
        """End the process."""
        self.process.kill()
        self.process.communicate()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        timer = threading.Timer(self.limit, self.process.kill)
        timer.start()
        try:
            line = self.process.stdout.readline()
        finally:
            timer.cancel()
        if not line:
            raise PeerFailed(self._last_words())
        return json.loads(line)

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").strip().splitlines()
        return lines[-1] if lines else "ended without a word"
