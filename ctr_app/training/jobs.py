"""A queue of runs and the background threads that train them."""

from __future__ import annotations

import logging
import os
import queue
import threading

from ..data.store import DatasetStore
from .driver import train_run
from .run_store import Run, RunStore

logger = logging.getLogger(__name__)


class JobQueue:
    """Trains submitted runs one after the other (or ``num_workers`` at a time); a run in the queue can be taken back."""

    def __init__(self, runs: RunStore, datasets: DatasetStore, num_workers: int = 1) -> None:
        self.runs, self.datasets = runs, datasets
        self._waiting: queue.Queue[Run | None] = queue.Queue()
        self._pending: list[str] = []
        self._lock = threading.Lock()
        self._workers = [
            threading.Thread(target=self._work, name=f"ctr-lens-worker-{i}", daemon=True) for i in range(num_workers)
        ]
        for worker in self._workers:
            worker.start()

    def submit(self, run: Run) -> None:
        """Put a run at the end of the queue."""
        with self._lock:
            self._pending.append(run.id)
        self._waiting.put(run)

    def position(self, run_id: str) -> int:
        """How many runs are before this one; 0 if it is training or not in the queue."""
        with self._lock:
            return self._pending.index(run_id) if run_id in self._pending else 0

    def join(self) -> None:
        """Wait until every submitted run has ended; for tests and scripts."""
        self._waiting.join()

    def close(self) -> None:
        """Ask all runs to stop and end the workers; returns when they are gone or after five seconds each."""
        with self._lock:
            pending = list(self._pending)
        for run_id in pending:
            self.runs.get(run_id).ask_to_stop("interrupted", "The server was shut down; what it had learned is kept.")
        for _ in self._workers:
            self._waiting.put(None)
        for worker in self._workers:
            worker.join(timeout=5.0)

    def _work(self) -> None:
        _lower_priority()
        while (run := self._waiting.get()) is not None:
            try:
                if asked := run.stop_request():
                    run.set_status(*asked)
                else:
                    train_run(run, self.datasets)
            except Exception:
                logger.exception("Run %s failed", run.id)
            finally:
                with self._lock:
                    self._pending.remove(run.id)
                self._waiting.task_done()
        self._waiting.task_done()


def _lower_priority() -> None:
    """Let pages go before training where the system has priorities per thread (Linux)."""
    try:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
    except (AttributeError, OSError):
        pass
