"""Real data sets that are known by name: from their publisher's file to a stored data set, with nothing guessed."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from ..catalogue import SAMPLES, real_named
from ..downloading import Progress, file_size, part_size
from ..errors import InputError
from ..files import read_json, write_json
from ..store import DataSet, DatasetStore
from . import adult, criteo, movielens
from .job import VERSION, Job, downloads_folder

OBTAIN: dict[str, Callable[[Job], DataSet]] = {
    "movielens-100k": movielens.obtain_100k,
    "movielens-1m": movielens.obtain_1m,
    "movielens-latest-small": movielens.obtain_latest,
    "criteo-sample": criteo.obtain,
    "adult": adult.obtain,
}


def obtain(
    name: str,
    store: DatasetStore,
    progress: Progress,
    stop: threading.Event,
    building: Callable[[float], None] = lambda _share: None,
) -> DataSet:
    """The real data set called ``name``, downloaded and stored unless it is here.

    Args:
        progress: told the bytes that have come and the bytes that there will be.
        stop: set it to end the download; rows that are being built are built to their end, and not stored.
        building: told the share of the rows that is made of the file; maybe from another thread.

    Raises:
        InputError: one sentence on what went wrong; nothing but whole files and a ``.part`` to resume are left.
        Stopped: it was asked to stop.
    """
    job = Job(real_named(name), store, progress, stop, building)
    if (dataset := ready(name, store)) is not None:
        return dataset
    dataset = OBTAIN[name](job)
    write_json(_note(name, store), {"dataset": dataset.id, "version": VERSION})
    return dataset


def dataset_named(name: str, store: DatasetStore) -> DataSet:
    """The known data set called ``name``: a planted one, made unless it is here, or a real one that was downloaded.

    Raises:
        InputError: if there is none of that name, or if it has to be downloaded first.
    """
    if name in SAMPLES:
        return store.add_sample(name)
    known = real_named(name)
    if (dataset := ready(name, store)) is not None:
        return dataset
    raise InputError(
        "{title} is not here yet; fetch it with python -m ctr_app download {name} ({size}) or on the Data page.",
        title=known.title,
        name=name,
        size=file_size(known.remote.size),
    )


def ready(name: str, store: DatasetStore) -> DataSet | None:
    """The stored data set that was made of a download, if it is still here."""
    try:
        noted = read_json(_note(name, store))
        return store.get(noted["dataset"]) if noted["version"] == VERSION else None
    except (OSError, ValueError, KeyError, TypeError, InputError):
        return None


def bytes_here(name: str, store: DatasetStore) -> int:
    """How many bytes of the file have come already: all of it, a part to go on from, or none."""
    remote, folder = real_named(name).remote, downloads_folder(store)
    return remote.path(folder).stat().st_size if remote.path(folder).exists() else part_size(remote.part(folder))


def is_file_here(name: str, store: DatasetStore) -> bool:
    """Whether the publisher's file lies here whole, downloaded or put there by hand."""
    return real_named(name).remote.path(downloads_folder(store)).exists()


def _note(name: str, store: DatasetStore) -> Path:
    return downloads_folder(store) / f"{name}.json"
