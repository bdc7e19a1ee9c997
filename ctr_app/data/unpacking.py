"""From the bytes of a file to the bytes or the text of the one table in it; refuses in words what is no table."""

from __future__ import annotations

import gzip
import io
import zipfile
import zlib
from pathlib import Path
from typing import IO

from .errors import InputError

MAX_UNPACKED_BYTES = 4 * 2**30
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
    b"SQLite format 3": "a database",
    b"BZh": "packed with bzip2",
    b"\xfd7zXZ": "packed with xz",
    b"7z\xbc\xaf": "packed with 7-Zip",
    b"\x28\xb5\x2f\xfd": "packed with zstd",
    b"Rar!": "packed with RAR",
}
NOT_TABLE_TEXTS = {b"<!doctype html": "a web page", b"<html": "a web page", b"<?xml": "an XML file"}
JSON_STARTS = (b'{"', b"[{", b"[[")


def read_bytes(source: Path) -> bytes:
    """The whole file; raises InputError if it cannot be read."""
    try:
        return source.read_bytes()
    except FileNotFoundError:
        raise InputError("There is no file {path}.", path=source) from None
    except IsADirectoryError:
        raise InputError("{path} is a folder; name the file in it.", path=source) from None
    except OSError as error:
        raise InputError("{path} cannot be read: {why}.", path=source, why=error.strerror or error) from error


def unpack(content: bytes, name: str) -> bytes:
    """The file inside a gzip or zip, or the content itself; bounded by MAX_UNPACKED_BYTES."""
    if content[:2] == b"\x1f\x8b":
        return _bounded_read(gzip.GzipFile(fileobj=io.BytesIO(content)), name)
    if content[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        try:
            return _unzip(zipfile.ZipFile(io.BytesIO(content)), name)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError, ValueError, OSError) as error:
            if isinstance(error, InputError):
                raise
            raise InputError("{name} is a damaged or locked zip file ({why}).", name=name, why=error) from error
    return content


def too_large(name: str) -> InputError:
    """What to say of a file that would fill the memory."""
    return InputError(
        "{name} unpacks to more than {size}; split it first.", name=name, size=f"{MAX_UNPACKED_BYTES / 2**30:.3g} GiB"
    )


def decode(payload: bytes, name: str) -> str:
    """The text of a table in UTF-8, UTF-16 or a Western European encoding, with line ends as ``\\n``.

    Raises:
        InputError: if the bytes are empty or of something else than a text table.
    """
    for magic, kind in NOT_TABLES.items():
        if payload.startswith(magic):
            raise _not_a_table(name, kind)
    if payload[:2] in (b"\xff\xfe", b"\xfe\xff"):
        text = payload.decode("utf-16", errors="replace")
    elif b"\x00" in payload[:65536]:
        raise InputError("{name} is not a text table: it holds zero bytes.", name=name)
    else:
        text = _decode_bytes(payload)
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    start = text[:4096].lstrip().lower().encode()
    for opening, kind in NOT_TABLE_TEXTS.items():
        if start.startswith(opening):
            raise _not_a_table(name, kind)
    if start.startswith(JSON_STARTS):
        raise _not_a_table(name, "a JSON file")
    if not text or text.isspace():
        raise InputError("{name} is empty.", name=name)
    return text


def _unzip(archive: zipfile.ZipFile, name: str) -> bytes:
    members = [m for m in archive.infolist() if not m.is_dir() and "__MACOSX" not in m.filename]
    if any(m.filename.endswith("[Content_Types].xml") for m in members):
        raise InputError("{name} is an Office file; save the sheet as CSV and try again.", name=name)
    if len(members) != 1:
        raise InputError("{name} holds {count} files; put one table in the zip.", name=name, count=len(members))
    return _bounded_read(archive.open(members[0]), name)


def _bounded_read(stream: IO[bytes] | gzip.GzipFile, name: str) -> bytes:
    chunks, total = [], 0
    try:
        while chunk := stream.read(2**24):
            total += len(chunk)
            if total > MAX_UNPACKED_BYTES:
                raise too_large(name)
            chunks.append(chunk)
    except (EOFError, OSError, zlib.error, zipfile.BadZipFile) as error:
        raise InputError("{name} is damaged: it ends or breaks off in the middle.", name=name) from error
    return b"".join(chunks)


def _decode_bytes(payload: bytes) -> str:
    """UTF-8, or else what Windows writes in Western Europe, of which Latin-1 is nearly a part."""
    for encoding in ("utf-8-sig", "cp1252"):
        try:
            return payload.decode(encoding)
        except UnicodeDecodeError:
            continue
    return payload.decode("latin-1")


def _not_a_table(name: str, kind: str) -> InputError:
    return InputError("{name} is {kind}, not a table; a CSV, TSV or Parquet file is needed.", name=name, kind=kind)
