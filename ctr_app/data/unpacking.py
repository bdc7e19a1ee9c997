"""From a file to the bytes of the one table in it, block by block; refuses in words what is no table."""

from __future__ import annotations

import gzip
import sys
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from .errors import InputError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

# What a packed file may unpack to: this, or MAX_RATIO times its own size if that is more.
MAX_UNPACKED_BYTES = 4 * 2**30
MAX_RATIO = 50
NOT_TABLES = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"%PDF": "a PDF document",
    b"\x7fELF": "a program",
    b"\x80\x02": "a pickle",
    b"\x80\x03": "a pickle",
    b"\x80\x04": "a pickle",
    b"\x80\x05": "a pickle",
    b"\xd0\xcf\x11\xe0": "an Office file",
    b"{\\rtf": "a text document",
    b"\x89HDF": "an HDF5 file",
    b"\x93NUMPY": "a NumPy array",
    b"ARROW1": "an Arrow file",
    b"ORC": "an ORC file",
    b"Obj\x01": "an Avro file",
    b"SQLite format 3": "a database",
    b"BZh": "packed with bzip2",
    b"\xfd7zXZ": "packed with xz",
    b"7z\xbc\xaf": "packed with 7-Zip",
    b"Rar!": "packed with RAR",
    b"\x1f\x8b": "packed twice",
    b"PK\x03\x04": "packed twice",
    b"\x28\xb5\x2f\xfd": "packed twice",
}
TAR_MARK, TAR_MARK_POSITION = b"ustar", 257
NOT_TABLE_TEXTS = {b"<!doctype html": "a web page", b"<html": "a web page", b"<?xml": "an XML file"}
JSON_STARTS = (b'{"', b"[{", b"[[")
DAMAGES = (EOFError, OSError, zlib.error, zipfile.BadZipFile, zstd.ZstdError, NotImplementedError, RuntimeError)


class ByteStream:
    """The bytes in a packed file or a plain one, read once from its beginning to its end.

    Raises:
        InputError: from ``read``, where the file is damaged or unpacks to more than it may.
    """

    def __init__(self, stream: IO[bytes] | Any, name: str, limit: float = float("inf")) -> None:
        self._stream, self._name, self._limit = stream, name, limit
        self._total = 0

    def read(self, size: int) -> bytes:
        """The next ``size`` bytes; fewer only at the end."""
        chunks: list[bytes] = []
        missing = size
        try:
            while missing and (chunk := self._stream.read(missing)):
                chunks.append(chunk)
                missing -= len(chunk)
        except DAMAGES as error:
            raise InputError("{name} is damaged: it ends or breaks off in the middle.", name=self._name) from error
        self._total += size - missing
        if self._total > self._limit:
            raise too_large(self._name)
        return chunks[0] if len(chunks) == 1 else b"".join(chunks)


@contextmanager
def unpacked(path: Path, name: str) -> Iterator[tuple[ByteStream, str | None]]:
    """The bytes inside a gzip, zip or zstd file, or of a plain file; and by which of these it is packed.

    Raises:
        InputError: if the file cannot be read or is a zip of anything but one file.
    """
    limit = largest_unpacked(path)
    with _opened(path) as file:
        magic = file.read(4)
        file.seek(0)
        if magic[:2] == b"\x1f\x8b":
            yield ByteStream(gzip.GzipFile(fileobj=file), name, limit), "gzip"
        elif magic == b"\x28\xb5\x2f\xfd":
            yield ByteStream(zstd.ZstdFile(file), name, limit), "zstd"
        elif magic in (b"PK\x03\x04", b"PK\x05\x06"):
            yield ByteStream(_only_member(file, name), name, limit), "zip"
        else:
            yield ByteStream(file, name), None


def largest_unpacked(path: Path) -> int:
    """The most bytes that this file may unpack to."""
    try:
        return max(MAX_UNPACKED_BYTES, MAX_RATIO * path.stat().st_size)
    except OSError:
        return MAX_UNPACKED_BYTES


def too_large(name: str) -> InputError:
    """What to say of a file that would fill the disk."""
    return InputError(
        "{name} unpacks to more than {size}; split it first.", name=name, size=f"{MAX_UNPACKED_BYTES / 2**30:.3g} GiB"
    )


def refuse_other_kinds(head: bytes, name: str) -> None:
    """Raise InputError if a file that begins with ``head`` is something else than a text table."""
    for magic, kind in NOT_TABLES.items():
        if head.startswith(magic):
            raise _not_a_table(name, kind)
    if head[TAR_MARK_POSITION:].startswith(TAR_MARK):
        raise _not_a_table(name, "a tar archive")


def refuse_other_texts(text: str, name: str) -> None:
    """Raise InputError if a text is empty, a web page, XML or JSON."""
    start = text[:4096].lstrip().lower().encode()
    for opening, kind in NOT_TABLE_TEXTS.items():
        if start.startswith(opening):
            raise _not_a_table(name, kind)
    if start.startswith(JSON_STARTS):
        raise _not_a_table(name, "a JSON file")
    if not text or text.isspace():
        raise InputError("{name} is empty.", name=name)


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        file = path.open("rb")
    except FileNotFoundError:
        raise InputError("There is no file {path}.", path=path) from None
    except IsADirectoryError:
        raise InputError("{path} is a folder; name the file in it.", path=path) from None
    except OSError as error:
        raise InputError("{path} cannot be read: {why}.", path=path, why=error.strerror or error) from error
    with file:
        yield file


def _only_member(file: IO[bytes], name: str) -> IO[bytes]:
    """The one file in a zip. Nothing is unpacked to a path, so its own name does not matter."""
    try:
        archive = zipfile.ZipFile(file)
        members = [m for m in archive.infolist() if not m.is_dir() and "__MACOSX" not in m.filename]
        if any(m.filename.endswith("[Content_Types].xml") for m in members):
            raise InputError("{name} is an Office file; save the sheet as CSV and try again.", name=name)
        if len(members) != 1:
            raise InputError("{name} holds {count} files; put one table in the zip.", name=name, count=len(members))
        return archive.open(members[0])
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, OSError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError("{name} is a damaged or locked zip file ({why}).", name=name, why=error) from error


def _not_a_table(name: str, kind: str) -> InputError:
    return InputError("{name} is {kind}, not a table; a CSV, TSV or Parquet file is needed.", name=name, kind=kind)
