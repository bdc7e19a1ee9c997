"""samples and download: the data sets that are known by name."""

from __future__ import annotations

import argparse
import threading
from typing import Any

from ..data.catalogue import REAL_DATA_SETS, SAMPLES, KnownDataSet, RealDataSet, real_named
from ..data.downloading import file_size
from ..data.errors import spaced
from ..data.known import obtain, ready
from ..data.store import DatasetStore
from .output import show, tell

TENTHS = 10


def samples(options: argparse.Namespace) -> None:
    """List the known data sets: planted ones, then real ones with their size and licence."""
    store = DatasetStore()
    planted = [_described(sample, None, is_here=True) for sample in SAMPLES.values()]
    real = [_described(known, known, is_here=bool(ready(known.name, store))) for known in REAL_DATA_SETS.values()]
    show(options, {"samples": planted + real}, [_line(listed) for listed in planted + real])


def download(options: argparse.Namespace) -> None:
    """Fetch a real data set and store it, after saying what it is and what its publisher allows."""
    known, store = real_named(options.name), DatasetStore()
    tell(f"{known.title}: {spaced(known.rows)} rows, {file_size(known.remote.size)} from {known.remote.host}.")
    tell(f"Licence: {known.licence} {known.licence_url}")
    tell(f"Please cite: {known.citation}")
    try:
        dataset = obtain(known.name, store, _Tenths(), threading.Event())
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"Interrupted; what has come of {known.title} is kept, and the same command goes on from there."
        ) from None
    document = {
        "name": known.name,
        "dataset": dataset.id,
        "folder": str(dataset.folder),
        "rows": dataset.rows,
        "licence": known.licence,
        "citation": known.citation,
    }
    show(options, document, [f"{spaced(dataset.rows)} rows, ready: --data {known.name}"])


class _Tenths:
    """Tells of each tenth of a download once."""

    def __init__(self) -> None:
        self.told = 0

    def __call__(self, done: int, total: int) -> None:
        tenths = TENTHS * done // max(1, total)
        if self.told < tenths <= TENTHS:
            self.told = tenths
            tell(f"{file_size(done)} of {file_size(total)}")


def _described(known: KnownDataSet | RealDataSet, real: RealDataSet | None, *, is_here: bool) -> dict[str, Any]:
    return {
        "name": known.name,
        "title": known.title,
        "description": known.description,
        "rows": known.rows,
        "truth": isinstance(known, KnownDataSet) and known.has_truth,
        "kind": "real" if real else "planted",
        "here": is_here,
        "bytes": real.remote.size if real else None,
        "url": real.remote.url if real else None,
        "licence": real.licence if real else None,
        "licence_url": real.licence_url if real else None,
        "citation": real.citation if real else None,
    }


def _line(listed: dict[str, Any]) -> str:
    start = f"{listed['name']:<24}{spaced(listed['rows']):>10} rows  "
    if listed["kind"] == "planted":
        return start + ("truth planted" if listed["truth"] else "")
    where = "is here" if listed["here"] else f"{file_size(listed['bytes'])} to download"
    return f"{start}{where:<20} {listed['licence']}"
