"""Writing files whole or not at all."""

from __future__ import annotations

import json
import os
import re
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np

# A system may give a write that is larger than this memory that it has to fetch and clear first.
PIECE_BYTES = 2**16
PROJECT = Path(__file__).resolve().parents[2]
TEMPORARY_NAME = re.compile(r"\..+\.[0-9a-f]{8}")
LEFTOVER_SECONDS = 3600.0


def default_data_root() -> Path:
    """Where data sets are kept: the folder named by CTR_LENS_DATA, or ``data/`` of the project."""
    return Path(os.environ.get("CTR_LENS_DATA") or PROJECT / "data")


def write_bytes(path: Path, content: bytes) -> None:
    """Write under a temporary name, then rename: a reader sees the old file or the new one, never a part."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_name(path)
    try:
        temporary.write_bytes(content)
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_pieces(file: FileIO, content: bytes | np.ndarray) -> None:
    """Write all of ``content``, an array as it lies in memory, in pieces for which a system has memory at hand."""
    flat = np.frombuffer(content, np.uint8) if isinstance(content, bytes) else np.ascontiguousarray(content).reshape(-1)
    start, view = 0, flat.view(np.uint8).data
    while start < len(view):
        start += file.write(view[start : start + PIECE_BYTES]) or 0


def write_json(path: Path, content: Any) -> None:
    """Write ``content`` as JSON, whole or not at all; numbers that are not finite become null."""
    write_bytes(path, json.dumps(_finite(content), ensure_ascii=False, indent=1, allow_nan=False).encode())


def read_json(path: Path) -> Any:
    """Read a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))


# A file's path, and what tells this writing of it from the next.
Version = tuple[str, int, int, int]


def version_of(path: Path) -> Version:
    """The key under which what a file says may be kept: another one once it is written anew; raises OSError."""
    found = path.stat()
    return str(path), found.st_mtime_ns, found.st_ino, found.st_size


@contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A folder that appears under its name once the block has filled it; if one is there by then, that one stays."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_name(path)
    temporary.mkdir()
    try:
        yield temporary
        try:
            os.replace(temporary, path)
        except OSError:
            if not path.is_dir():
                raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def bytes_in(folder: Path) -> int:
    """The size of all files in ``folder`` and below, in bytes; 0 if it is gone."""
    return sum(_size(path) for path in all_below(folder))


def all_below(folder: Path) -> Iterator[Path]:
    """All files and folders below ``folder``; one that goes meanwhile is passed over, where ``rglob`` would raise."""
    for place, folders, names in os.walk(folder):
        yield from (Path(place, name) for name in (*folders, *names))


def remove_leftovers(folder: Path, older_than: float = LEFTOVER_SECONDS) -> None:
    """Remove what a writer that was killed has left under a temporary name directly in ``folder``.

    What was changed in the last ``older_than`` seconds may still be written and stays.
    """
    for path in folder.glob(".*"):
        if TEMPORARY_NAME.fullmatch(path.name) and time.time() - _last_change(path) > older_than:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:
        return 0


def _last_change(path: Path) -> float:
    changes = []
    for inner in (path, *all_below(path)):
        with suppress(OSError):
            changes.append(inner.stat().st_mtime)
    return max(changes, default=0.0)


def temporary_name(path: Path) -> Path:
    """A hidden name beside ``path`` for a file that is being written; ``remove_leftovers`` knows it."""
    return path.with_name(f".{path.name}.{uuid.uuid4().hex[:8]}")


def _finite(content: Any) -> Any:
    if isinstance(content, float):
        return content if abs(content) < float("inf") else None
    if isinstance(content, dict):
        return {key: _finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    return content
