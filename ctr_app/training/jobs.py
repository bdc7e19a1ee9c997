"""A queue of runs and the background threads that train them."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

from ..data.store import DatasetStore
from .driver import train_run
from .run_store import Run, RunStore
from .showing import AtEpoch

OWN, EXTRA, LAST = range(3)
Work = Callable[[Run, DatasetStore], None]

logger = logging.getLogger(__name__)


@dataclass(order=True, frozen=True)
class _Entry:
    """A run in the queue and what is done with it, or the end of a worker; the lowest rank is taken first."""

    rank: int
    number: int
    run: Run | None = field(compare=False)
    work: Work | None = field(compare=False, default=None)


class JobQueue:
    """Trains submitted runs one after the other (or ``num_workers`` at a time), extra trainings after all others.

    A run that waits can be taken back and one that trains can be stopped: both by ``run.ask_to_stop()``.
    ``at_epoch`` is what ``train_run`` shows the model to, unless it is an extra training.
    """

    def __init__(
        self, runs: RunStore, datasets: DatasetStore, num_workers: int = 1, at_epoch: AtEpoch | None = None
    ) -> None:
        self.runs, self.datasets, self.at_epoch = runs, datasets, at_epoch
        self._waiting: queue.PriorityQueue[_Entry] = queue.PriorityQueue()
        self._numbers = itertools.count()
        self._entries: list[_Entry] = []  # of the runs that wait
        self._training: list[Run] = []
        self._lock = threading.Lock()
        self._workers = [
            threading.Thread(target=self._work, name=f"ctr-lens-worker-{i}", daemon=True) for i in range(num_workers)
        ]
        for worker in self._workers:
            worker.start()

    def submit(self, run: Run, work: Work | None = None) -> None:
        """Put a run at the end of the queue, or before the extra trainings if it is none of them.

        ``work`` is done with it in the place of ``train_run``; it keeps the run's status and heeds its stop request.
        """
        entry = _Entry(EXTRA if run.is_extra else OWN, next(self._numbers), run, work)
        with self._lock:
            self._entries.append(entry)
        self._waiting.put(entry)

    def position(self, run_id: str) -> int:
        """How many runs are before this one, those taken back not counted; 0 if it is training or not in the queue."""
        pending = self._pending()
        ids = [run.id for run in pending]
        if run_id not in ids:
            return 0
        return sum(run.stop_request() is None for run in pending[: ids.index(run_id)])

    @property
    def is_busy(self) -> bool:
        """Whether a run is training, or waits to."""
        return bool(self._pending())

    def join(self) -> None:
        """Wait until every submitted run has ended; for tests and scripts."""
        self._waiting.join()

    def close(self) -> None:
        """Ask all runs to stop and end the workers; returns when they are gone or after five seconds each."""
        for run in reversed(self._pending()):  # none that waits may begin when the one before it stops
            if run.stop_request() is None:
                run.ask_to_stop("interrupted", "The server was shut down; what it had learned is kept.")
        for _ in self._workers:
            self._waiting.put(_Entry(LAST, next(self._numbers), None))
        for worker in self._workers:
            worker.join(timeout=5.0)

    def _work(self) -> None:
        _lower_priority()
        while (run := (entry := self._next()).run) is not None:
            try:
                if asked := run.stop_request():
                    run.set_status(*asked)
                elif entry.work:
                    entry.work(run, self.datasets)
                else:
                    train_run(run, self.datasets, at_epoch=None if run.is_extra else self.at_epoch)
            except Exception:
                logger.exception("Run %s failed", run.id)
            finally:
                with self._lock:
                    self._training.remove(run)
                self._waiting.task_done()
        self._waiting.task_done()

    def _next(self) -> _Entry:
        """The run to train now, once there is one; an entry without one when the queue is closed."""
        entry = self._waiting.get()
        if entry.run is not None:
            with self._lock:
                self._entries.remove(entry)
                self._training.append(entry.run)
        return entry

    def _pending(self) -> list[Run]:
        """The runs that train, and those that wait in their order."""
        with self._lock:
            return self._training + [entry.run for entry in sorted(self._entries) if entry.run is not None]


def _lower_priority() -> None:
    """Let pages go before training where the system has priorities per thread (Linux)."""
    with contextlib.suppress(AttributeError, OSError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 10)
