"""All data sets on disk, each in a folder of its own under ``data/sets/``."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import time
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import polars as pl

from .catalogue import generator_named, sample_named
from .columns import as_text
from .dataset import DataSet, Preparation, write_names
from .errors import InputError, join_names
from .files import Version, default_data_root, new_folder, read_json, remove_leftovers, version_of, write_json
from .reading import Table
from .schema import Schema
from .settings import Config
from .splitting import SPLITS
from .synthetic import Planted, settings_key
from .tables import Frame, JoinedTable, write_table

# Part of every sample's id, so that a change of a generator makes a new data set.
SAMPLE_VERSION = 1
MAX_NAME_LENGTH = 80


class DatasetStore:
    """All data sets under one root."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = (root or default_data_root()) / "sets"
        self._trash = self.root / ".trash"

    def list(self) -> list[DataSet]:
        """Every data set that can be read, newest first."""
        found = []
        for path in self.root.glob("[!.]*/dataset.json"):
            with suppress(InputError):
                found.append(self._load(path.parent))
        return sorted(found, key=lambda dataset: -dataset.created)

    def get(self, dataset_id: str) -> DataSet:
        """The data set with that id; raises InputError if it is not there."""
        folder = self.root / dataset_id
        if not re.fullmatch(r"[\w-]+", dataset_id) or not (folder / "dataset.json").exists():
            raise InputError("The data set {id} is not here any more.", id=dataset_id)
        return self._load(folder)

    def add_table(
        self,
        tables: dict[str, Table],
        preparation: Preparation | None,
        *,
        description: str | None = None,
        truth: dict[str, Any] | None = None,
    ) -> DataSet:
        """Store a table (``{"train": table}``), or train, valid and test tables with the same columns."""
        first = tables["train"]
        frame, file_rows = joined(tables)
        hashes = [t.content_hash if s == "train" else f"{s}{t.content_hash}" for s, t in tables.items()]
        content_hash = hashlib.sha256("".join(hashes).encode()).hexdigest()
        dataset = DataSet(
            self.root,
            f"{_slug(first.name)}-{content_hash[:8]}",
            first.name,
            description or first.describe(),
            content_hash,
            frame.height,
            time.time(),
            preparation,
            truth,
            file_rows,
        )
        return self._store(dataset, frame)

    def add_sample(self, name: str, rows: int | None = None, seed: int = 0) -> DataSet:
        """Make the planted sample ``name`` unless it is here, and return it."""
        sample = sample_named(name)
        rows = sample.rows if rows is None else rows
        described = (sample.title, sample.description)
        return self._add_made(name, f"{rows}/{seed}", described, partial(sample.make, rows, seed))

    def add_planted(self, name: str, settings: Config) -> DataSet:
        """Make a table by the generator ``name`` with ``settings`` unless it is here, and return it."""
        generator = generator_named(name)
        described = (generator.titled(settings), generator.describe(settings))
        return self._add_made(name, settings_key(settings), described, partial(generator.make, settings))

    def _add_made(self, name: str, key: str, described: tuple[str, str], make: Callable[[], Planted]) -> DataSet:
        """The table that ``make`` makes, which ``name`` and ``key`` tell from all others; a title and a description."""
        content_hash = hashlib.sha256(f"{name}/{key}/{SAMPLE_VERSION}".encode()).hexdigest()
        dataset_id = f"{name}-{content_hash[:8]}"
        if (self.root / dataset_id / "dataset.json").exists():
            return self.get(dataset_id)
        planted = make()
        dataset = DataSet(
            self.root,
            dataset_id,
            *described,
            content_hash,
            planted.frame.height,
            time.time(),
            Preparation(planted.schema),
            planted.truth.to_json(),
        )
        return self._store(dataset, planted.frame)

    def rename(self, dataset_id: str, name: str) -> DataSet:
        """Call a data set ``name``; runs remember what it was called when they began.

        Raises:
            InputError: if nothing that can be seen is left of the name, or the data set is not there.
        """
        clean = " ".join("".join(c if c.isprintable() else " " for c in name).split())
        if not clean or len(clean) > MAX_NAME_LENGTH:
            raise InputError("The name of a data set has 1 to {most} characters.", most=MAX_NAME_LENGTH)
        renamed = replace(self.get(dataset_id), name=clean)
        self._write_description(renamed)
        return renamed

    def delete(self, dataset_id: str, in_use: Collection[str] = ()) -> None:
        """Take a data set away; ``restore`` brings it back until the next one is deleted or the server starts anew.

        Args:
            in_use: ids of the data sets that runs in the queue or in training read.

        Raises:
            InputError: if it is in use, or not there.
        """
        dataset = self.get(dataset_id)
        if dataset_id in in_use:
            raise InputError(
                "{name} cannot be deleted now: a run that trains or waits in the queue uses it.", name=dataset.name
            )
        self.empty_trash()
        self._trash.mkdir(exist_ok=True)
        os.replace(dataset.folder, self._trash / dataset_id)

    def restore(self, dataset_id: str) -> DataSet:
        """Undo ``delete``; raises InputError if it cannot be undone any more."""
        kept = self._trash / dataset_id
        if dataset_id not in self.deleted():
            raise InputError("The data set {id} is gone and cannot be brought back.", id=dataset_id)
        again = self._with_content(self._load(kept).content_hash)
        if again is None:
            os.replace(kept, self.root / dataset_id)
        else:  # the same table was stored again in the meantime
            shutil.rmtree(kept, ignore_errors=True)
        return again or self.get(dataset_id)

    def deleted(self) -> tuple[str, ...]:
        """Ids of the data sets that ``restore`` can bring back."""
        return tuple(path.parent.name for path in self._trash.glob("*/dataset.json"))

    def empty_trash(self) -> None:
        """Let go of what was deleted."""
        shutil.rmtree(self._trash, ignore_errors=True)

    def sweep(self) -> None:
        """Let go of what was deleted and of what was stored or encoded by half when its writer was killed."""
        self.empty_trash()
        for folder in (self.root, *self.root.glob("[!.]*"), *self.root.glob("[!.]*/encoded")):
            remove_leftovers(folder)

    def update(self, dataset: DataSet, preparation: Preparation) -> DataSet:
        """The data set with another schema or split as its own; runs keep theirs."""
        changed = replace(dataset, preparation=preparation)
        self._write_description(changed)
        write_names(changed, _names_from_columns(changed.frame, preparation.schema))
        return changed

    def _store(self, dataset: DataSet, frame: Frame) -> DataSet:
        same = self._with_content(dataset.content_hash)
        stored = same or replace(dataset, folder=self.root / dataset.id)
        if same is None:
            with new_folder(stored.folder) as temporary:
                write_table(frame, temporary)
                self._write_description(replace(stored, folder=temporary))
        return stored if dataset.preparation is None else self.update(stored, dataset.preparation)

    def _with_content(self, content_hash: str) -> DataSet | None:
        return next((known for known in self.list() if known.content_hash == content_hash), None)

    def _write_description(self, dataset: DataSet) -> None:
        described = {
            key: getattr(dataset, key)
            for key in ("id", "name", "description", "content_hash", "rows", "created", "truth", "file_rows")
        }
        described["preparation"] = dataset.preparation.to_json() if dataset.preparation else None
        write_json(dataset.folder / "dataset.json", described)

    def _load(self, folder: Path) -> DataSet:
        try:
            return _described(version_of(folder / "dataset.json"))
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError("The data set {id} is damaged and cannot be opened.", id=folder.name) from error


@lru_cache(maxsize=256)
def _described(version: Version) -> DataSet:
    """The data set that a ``dataset.json`` describes."""
    path = Path(version[0])
    stored = read_json(path)
    preparation = stored.pop("preparation")
    file_rows = stored.pop("file_rows")
    return DataSet(
        path.parent,
        preparation=Preparation.from_json(preparation) if preparation else None,
        file_rows=tuple(file_rows) if file_rows else None,
        **stored,
    )


def joined(tables: dict[str, Table]) -> tuple[Frame, tuple[int, int, int] | None]:
    """The rows of all tables with the columns of the first, and how many are whose if there is more than one.

    Raises:
        InputError: if a table lacks a column that the training table has.
    """
    columns = tables["train"].frame.columns
    for split, table in tables.items():
        if lacking := [name for name in columns if name not in table.frame.columns]:
            raise InputError(
                "The {split} file lacks {names}, which the training file has.", split=split, names=join_names(lacking)
            )
    frames = [tables[split].frame for split in SPLITS if split in tables]
    if len(frames) == 1:
        return frames[0], None
    train, valid, test = (tables[split].frame.height if split in tables else 0 for split in SPLITS)
    return JoinedTable(frames), (train, valid, test)


def _names_from_columns(frame: Frame, schema: Schema) -> dict[str, dict[str, str]]:
    """Field -> value -> name, from the columns that the schema says hold names."""
    names = {}
    for column in schema.columns:
        if column.names_from:
            pairs = pl.DataFrame({"value": as_text(frame[column.name]), "name": as_text(frame[column.names_from])})
            pairs = pairs.drop_nulls().unique(subset="value", keep="first")
            names[column.name] = dict(zip(pairs["value"], pairs["name"], strict=True))
    return names


def _slug(name: str) -> str:
    stem = name.split(".")[0].lower()
    return re.sub(r"[^a-z0-9]+", "-", stem).strip("-")[:40] or "table"
