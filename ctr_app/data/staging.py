"""Files on their way in: each table that is read has a folder of its own, which goes when the table goes."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from .errors import InputError
from .files import all_below, default_data_root

BLOCK_BYTES = 2**22
# What a server that was killed has left behind goes after a day; what is in use here stays however long.
LEFTOVER_SECONDS = 24 * 3600.0
_in_use: set[Path] = set()
TABLE_ENDINGS = (
    *(".csv", ".tsv", ".tab", ".txt", ".dat", ".data", ".psv", ".parquet", ".pq"),
    *(".inter", ".item", ".user", ".libsvm", ".svm", ".svmlight", ".libfm"),
    *(".gz", ".zip", ".zst", ".zstd"),
)
OWN_FOLDERS = ("sets", "incoming", "downloads")
MAX_FILES = 1000


class StagedFile:
    """The bytes of an upload, on disk as long as this object lives. ``content_hash`` is their SHA-256."""

    def __init__(self, source: bytes | BinaryIO) -> None:
        folder = staging_folder()
        goes_with(self, folder)
        self.path = folder / "upload"
        digest = hashlib.sha256()
        with writing("The upload"), self.path.open("wb") as file:
            for block in _blocks(source):
                digest.update(block)
                file.write(block)
        self.content_hash = digest.hexdigest()


@contextmanager
def writing(name: str) -> Iterator[None]:
    """Say in a sentence that the disk is full or may not be written to."""
    try:
        yield
    except OSError as error:
        why = error.strerror or error
        raise InputError("{name} cannot be copied to the data folder: {why}.", name=name, why=why) from error


def staging_folder() -> Path:
    """A new empty folder under ``incoming/`` of the data folder; leftovers of earlier days go first."""
    root = default_data_root() / "incoming"
    with writing("The table"):
        root.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(root)
        folder = Path(tempfile.mkdtemp(dir=root))
    _in_use.add(folder)
    return folder


def remove(folder: Path) -> None:
    """Remove a staging folder and all that is in it."""
    shutil.rmtree(folder, ignore_errors=True)
    _in_use.discard(folder)


def goes_with(owner: object, folder: Path) -> None:
    """Remove ``folder`` when nothing refers to ``owner`` any more, or when the program ends."""
    weakref.finalize(owner, remove, folder)


@dataclass(frozen=True)
class FoundFile:
    """A file in the data folder that may be a table: where it lies, its bytes, and when it was last changed."""

    path: Path
    name: str
    size: int
    modified: float


def files_in(folder: Path) -> list[FoundFile]:
    """Files with the ending of a table in ``folder`` and below, newest first; not what the app itself keeps there.

    At most MAX_FILES; ``name`` is the path from ``folder`` on. A folder that is not there has none.
    """
    found = []
    for path in all_below(folder):
        inner = path.relative_to(folder).parts
        if inner[0] in OWN_FOLDERS or any(part.startswith(".") for part in inner):
            continue
        if path.suffix.lower() in TABLE_ENDINGS:
            with suppress(OSError):
                if path.is_file():
                    status = path.stat()
                    found.append(FoundFile(path, "/".join(inner), status.st_size, status.st_mtime))
    return sorted(found, key=lambda file: -file.modified)[:MAX_FILES]


def _blocks(source: bytes | BinaryIO) -> Iterator[bytes]:
    if isinstance(source, bytes):
        yield source
        return
    source.seek(0)
    while block := source.read(BLOCK_BYTES):
        yield block


def _remove_leftovers(root: Path) -> None:
    for folder in root.iterdir():
        with suppress(OSError):
            if folder not in _in_use and time.time() - folder.stat().st_mtime > LEFTOVER_SECONDS:
                shutil.rmtree(folder, ignore_errors=True)
