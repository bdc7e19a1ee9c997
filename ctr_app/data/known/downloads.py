"""Downloads in the background: one thread for each, watched and stopped by whoever asks."""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from typing import Literal

from ..catalogue import real_named
from ..downloading import Stopped
from ..errors import InputError
from ..store import DatasetStore
from . import bytes_here, obtain

logger = logging.getLogger(__name__)


@dataclass
class Download:
    """How far one is. ``done`` and ``total`` are bytes of the file; ``built`` is the share of its rows that is made."""

    name: str
    total: int
    done: int = 0
    built: float = 0.0
    state: Literal["running", "done", "stopped", "failed"] = "running"
    dataset_id: str | None = None
    error: InputError | None = None
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def is_running(self) -> bool:
        """Whether its thread is at work."""
        return self.state == "running"

    def show(self, done: int, total: int) -> None:
        """Note how much of the file has come."""
        self.done, self.total = done, total

    def show_built(self, share: float) -> None:
        """Note how many of the rows are made."""
        self.built = share


class Downloads:
    """The downloads of one server; at most one of a name at a time, whoever asks for it."""

    def __init__(self, store: DatasetStore) -> None:
        self.store = store
        self._lock = threading.Lock()
        self._latest: dict[str, tuple[Download, threading.Thread]] = {}

    def start(self, name: str) -> Download:
        """Begin or go on, unless it is under way; returns how far it is."""
        with self._lock:
            if (found := self.latest(name)) is not None and found.is_running:
                return found
            download = Download(name, real_named(name).remote.size, bytes_here(name, self.store))
            thread = threading.Thread(target=self._work, args=(download,), name=f"ctr-lens-{name}", daemon=True)
            self._latest[name] = download, thread
            thread.start()
            return download

    def latest(self, name: str) -> Download | None:
        """The last one of that name since the server started."""
        found = self._latest.get(name)
        return found and found[0]

    def stop(self, name: str) -> None:
        """Ask it to stop; what has come is kept."""
        if (download := self.latest(name)) is not None:
            download.stop.set()

    @property
    def is_busy(self) -> bool:
        """Whether any is under way."""
        return any(download.is_running for download, _ in list(self._latest.values()))

    def join(self, name: str) -> None:
        """Wait until it has ended; for tests and scripts."""
        self._latest[name][1].join()

    def close(self) -> None:
        """Stop all; returns when they have ended or after five seconds each."""
        for download, _ in list(self._latest.values()):
            download.stop.set()
        for _, thread in list(self._latest.values()):
            thread.join(timeout=5.0)

    def _work(self, download: Download) -> None:
        try:
            dataset = obtain(download.name, self.store, download.show, download.stop, download.show_built)
            download.built = 1.0
            dataset.encoded()  # here rather than on the page that opens it first
            download.dataset_id, download.state = dataset.id, "done"
        except Stopped:
            download.state = "stopped"
        except InputError as error:
            download.error, download.state = error, "failed"
        except OSError as error:
            why = (error.strerror or str(error)).lower()
            download.error = InputError("{name} cannot be stored: {why}.", name=download.name, why=why)
            download.state = "failed"
        except Exception as error:
            logger.exception("%s could not be prepared", download.name)
            download.error = InputError("{name} could not be prepared: {why}.", name=download.name, why=error)
            download.state = "failed"
