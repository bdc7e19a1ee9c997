"""What obtaining any real data set needs: where files lie, whom to tell, when to stop, and how rows are kept."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ..catalogue import RealDataSet
from ..downloading import Progress, Stopped, fetch
from ..reading import Table
from ..schema import Column, Role
from ..store import DataSet, DatasetStore, Preparation, write_names

# Part of every hash: rows that are made of the same file in another way are another data set.
VERSION = 1


@dataclass(frozen=True)
class Job:
    """Obtaining one real data set. ``building`` is told the share of the rows that is made, where that takes long."""

    known: RealDataSet
    store: DatasetStore
    progress: Progress
    stop: threading.Event
    building: Callable[[float], None]

    @property
    def folder(self) -> Path:
        """Where the publisher's file lies, or is put by hand."""
        return downloads_folder(self.store)

    def fetch(self) -> Path:
        """The publisher's file, downloaded unless it is here; raises as ``downloading.fetch`` does."""
        return fetch(self.known.remote, self.folder, self.progress, self.stop)

    def table(self, frame: pl.DataFrame, source_hash: str) -> Table:
        """A table made of the publisher's file of that hash."""
        content_hash = hashlib.sha256(f"{self.known.name}/{source_hash}/{VERSION}".encode()).hexdigest()
        return Table(frame, self.known.title, content_hash, "known")

    def keep(
        self,
        tables: dict[str, Table],
        preparation: Preparation,
        names: dict[str, dict[str, str]] | None = None,
        description: str | None = None,
    ) -> DataSet:
        """Store the rows under the name that is known; raises Stopped if that was asked for."""
        if self.stop.is_set():
            raise Stopped
        dataset = self.store.add_table(tables, preparation, description=description or self.known.description)
        write_names(dataset, names or {})
        return dataset


def downloads_folder(store: DatasetStore) -> Path:
    """Where publishers' files lie beside the store's data sets."""
    return store.root.parent / "downloads"


def columns_of(names: list[str], roles: Mapping[str, Role]) -> tuple[Column, ...]:
    """One column for each name, in order, with its role; those that ``roles`` does not speak of are ignored."""
    return tuple(Column(name, roles.get(name, Role.IGNORED)) for name in names)
