"""A queue of runs and the background threads that train them."""

from __future__ import annotations

import contextlib
import logging
import os
import queue
import threading

from ..data.store import DatasetStore
from .driver import AtEpoch, train_run
from .run_store import Run, RunStore

logger = logging.getLogger(__name__)


class JobQueue:
    """Trains submitted runs one after the other (or ``num_workers`` at a time).

    A run that waits can be taken back and one that trains can be stopped: both by ``run.ask_to_stop()``.
    ``at_epoch`` is what ``train_run`` shows the model to.
    """

    def __init__(
        self, runs: RunStore, datasets: DatasetStore, num_workers: int = 1, at_epoch: AtEpoch | None = None
    ) -> None:
        self.runs, self.datasets, self.at_epoch = runs, datasets, at_epoch
        self._waiting: queue.Queue[Run | None] = queue.Queue()
        self._pending: list[Run] = []
        self._lock = threading.Lock()
        self._workers = [
            threading.Thread(target=self._work, name=f"ctr-lens-worker-{i}", daemon=True) for i in range(num_workers)
        ]
        for worker in self._workers:
            worker.start()

    def submit(self, run: Run) -> None:
        """Put a run at the end of the queue."""
        with self._lock:
            self._pending.append(run)
        self._waiting.put(run)

    def position(self, run_id: str) -> int:
        """How many runs are before this one, those taken back not counted; 0 if it is training or not in the queue."""
        with self._lock:
            pending = list(self._pending)
        ids = [run.id for run in pending]
        if run_id not in ids:
            return 0
        return sum(run.stop_request() is None for run in pending[: ids.index(run_id)])

    @property
    def is_busy(self) -> bool:
        """Whether a run is training, or waits to."""
        with self._lock:
            return bool(self._pending)

    def join(self) -> None:
        """Wait until every submitted run has ended; for tests and scripts."""
        self._waiting.join()

    def close(self) -> None:
        """Ask all runs to stop and end the workers; returns when they are gone or after five seconds each."""
        with self._lock:
            pending = list(self._pending)
        for run in reversed(pending):  # none that waits may begin when the one before it stops
            if run.stop_request() is None:
                run.ask_to_stop("interrupted", "The server was shut down; what it had learned is kept.")
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
                    train_run(run, self.datasets, at_epoch=self.at_epoch)
            except Exception:
                logger.exception("Run %s failed", run.id)
            finally:
                with self._lock:
                    self._pending.remove(run)
                self._waiting.task_done()
        self._waiting.task_done()


def _lower_priority() -> None:
    """Let pages go before training where the system has priorities per thread (Linux)."""
    with contextlib.suppress(AttributeError, OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
