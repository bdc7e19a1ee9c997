"""Fetching a publisher's file: resumed where it broke off, checked against its checksum, stored whole or not at all."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import socket
import ssl
import threading
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit

from .. import __version__
from .errors import InputError

CHUNK_BYTES = 2**17
ATTEMPTS = 4
WAIT_SECONDS = 1.0  # before the second attempt, and twice as long before each one after it
TIMEOUT_SECONDS = 30.0
MOST_GROWTH = 4  # a file so many times as large as it was is not what it was
PARTIAL, NOT_SATISFIABLE = 206, 416
BY_HAND = " You can also fetch {url} yourself and put it at {path}."

# Called with the bytes that have come and the bytes that there will be.
Progress = Callable[[int, int], None]


class Stopped(Exception):
    """The download was asked to stop; what has come is kept."""


class _BrokenOff(Exception):
    """The server answered, but not to the end; another attempt may go on from there."""


@dataclass(frozen=True)
class Remote:
    """A file of a publisher: its address, its name here, its size in bytes and its SHA-256.

    A publisher who replaces the file now and then states the MD5 of the present one at ``md5_url``; without
    ``md5_url`` no other file than the one of that SHA-256 is accepted.
    """

    url: str
    file_name: str
    size: int
    sha256: str | None = None
    md5_url: str | None = None

    @property
    def host(self) -> str:
        """Whose server it is, for sentences."""
        return urlsplit(self.url).hostname or self.url

    def path(self, folder: Path) -> Path:
        """Where it lies once it is whole, or where it is put by hand."""
        return folder / self.file_name

    def part(self, folder: Path) -> Path:
        """Where a download of it grows."""
        return folder / f"{self.file_name}.part"


def fetch(remote: Remote, folder: Path, progress: Progress, stop: threading.Event) -> Path:
    """The file in ``folder``, checked; downloaded unless it is there, be it by hand.

    Args:
        stop: set it to end the download between two chunks.

    Raises:
        InputError: one sentence on what went wrong, then the address and where to put the file by hand.
        Stopped: what has come stays as ``.part``, and the next call goes on from there.
    """
    path, part = remote.path(folder), remote.part(folder)
    if path.exists():
        if not is_as_published(path, remote):
            raise failure(remote, folder, "{path} is not the file that {host} publishes: its checksum differs.")
        return path
    is_resumed = part_size(part) > 0
    transfer = _Transfer(remote, part, progress, stop)
    transfer.run()
    if is_resumed and not is_as_published(part, remote):
        part.unlink()  # what was there before was the beginning of another file
        transfer.run()
    if not is_as_published(part, remote):
        part.unlink()
        raise failure(remote, folder, "What {host} sends is not the file that is known: its checksum differs.")
    os.replace(part, path)
    return path


def is_as_published(path: Path, remote: Remote) -> bool:
    """Whether the file is the one that is known, or else the one whose MD5 its publisher states now.

    Raises:
        InputError: if it is not the known one, and the publisher's MD5 cannot be read nor lies beside it.
    """
    if checksum(path, "sha256") == remote.sha256:
        return True
    return remote.md5_url is not None and checksum(path, "md5") == _stated_md5(remote, remote.md5_url, path.parent)


def checksum(path: Path, algorithm: str) -> str:
    """The file's checksum in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.new(algorithm, usedforsecurity=False)).hexdigest()


def file_size(count: int) -> str:
    """A number of bytes in words.

    >>> file_size(52_518), file_size(978_202), file_size(4_924_029)
    ('53 kB', '978 kB', '4.9 MB')
    """
    return f"{count / 1e6:.1f} MB" if count >= 1e6 else f"{count / 1e3:.0f} kB"


def part_size(part: Path) -> int:
    """How many bytes of a download have come; 0 if it has not begun."""
    return part.stat().st_size if part.exists() else 0


def failure(remote: Remote, folder: Path, template: str, **values: object) -> InputError:
    """What went wrong, and how to do without the download."""
    known = {"host": remote.host, "url": remote.url, "path": remote.path(folder)}
    return InputError(template + BY_HAND, **known, **values)


def reason(error: Exception) -> str:
    """Why a connection failed, in a few words."""
    inner = error.reason if isinstance(error, URLError) else error
    if isinstance(inner, TimeoutError):
        return f"no answer within {TIMEOUT_SECONDS:g} s"
    if isinstance(inner, socket.gaierror):
        return "no network, or no such server"
    if isinstance(inner, ssl.SSLCertVerificationError):
        return f"its certificate is not valid, {inner.verify_message}"
    return (getattr(inner, "strerror", None) or str(inner) or type(inner).__name__).lower()


@dataclass(frozen=True)
class _Transfer:
    """From the server into the part file."""

    remote: Remote
    part: Path
    progress: Progress
    stop: threading.Event

    def run(self) -> None:
        """Fill the part file, in several attempts if the connection breaks."""
        self._make_room()
        for attempt in range(ATTEMPTS):
            try:
                self._attempt()
                return
            except _BrokenOff as error:
                why = error
            if attempt < ATTEMPTS - 1 and self.stop.wait(WAIT_SECONDS * 2**attempt):
                raise Stopped
        raise self._failure("The connection to {host} broke off ({why}); the next try goes on from there.", why=why)

    def _make_room(self) -> None:
        try:
            self.part.parent.mkdir(parents=True, exist_ok=True)
            free = shutil.disk_usage(self.part.parent).free
        except OSError as error:
            raise self._unwritable(error) from error
        if free < self.remote.size - part_size(self.part):
            raise InputError(
                "The disk has no room for {name} in {folder}.", name=self.remote.file_name, folder=self.part.parent
            )

    def _attempt(self) -> None:
        """Ask for what is missing and append it."""
        start = part_size(self.part)
        answer = self._ask(start)
        if answer is None:
            return
        with answer:
            if answer.status != PARTIAL or not answer.headers.get("Content-Range", "").startswith(f"bytes {start}-"):
                start = 0  # the server sends all of it whatever it is asked for
            length = answer.headers.get("Content-Length") or ""
            total = start + int(length) if length.isdigit() else None
            try:
                with self.part.open("ab") as file:
                    self._lock(file)
                    if file.seek(0, os.SEEK_END) != start:
                        file.truncate(start)
                    self._copy(answer, file, start, total)
            except OSError as error:
                raise self._unwritable(error) from error

    def _ask(self, start: int) -> Any:
        """The open answer of the server, or None if nothing is missing."""
        try:
            return _open(self.remote.url, {"Range": f"bytes={start}-"} if start else {})
        except HTTPError as error:
            error.close()
            if error.code == NOT_SATISFIABLE and start:
                return None
            if error.code >= 500:
                raise _BrokenOff(f"answer {error.code}") from error
            raise self._failure("{host} does not give the file out (answer {code}).", code=error.code) from error
        except (OSError, HTTPException) as error:
            raise self._failure("{host} cannot be reached: {why}.", why=reason(error)) from error

    def _copy(self, answer: Any, file: IO[bytes], done: int, total: int | None) -> None:
        """Append chunk by chunk; an OSError that leaves this function is the disk's."""
        self.progress(done, total or self.remote.size)
        while chunk := _read(answer):
            file.write(chunk)
            done += len(chunk)
            self.progress(done, total or self.remote.size)
            if done > MOST_GROWTH * self.remote.size:
                self.part.unlink()
                raise self._failure("{host} sends far more than the file has.")
            if self.stop.is_set():
                raise Stopped
        if total is not None and done < total:
            raise _BrokenOff(f"{done} of {total} bytes have come")

    def _lock(self, file: IO[bytes]) -> None:
        """Let no other process append to the same part, where the system has such locks."""
        with suppress(ImportError):
            import fcntl

            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise InputError(
                    "{name} is being downloaded by another process already.", name=self.remote.file_name
                ) from error

    def _failure(self, template: str, **values: object) -> InputError:
        return failure(self.remote, self.part.parent, template, **values)

    def _unwritable(self, error: OSError) -> InputError:
        return InputError(
            "{name} cannot be stored in {folder}: {why}.",
            name=self.remote.file_name,
            folder=self.part.parent,
            why=reason(error),
        )


def _open(url: str, headers: dict[str, str]) -> Any:
    request = urllib.request.Request(url, headers={"User-Agent": f"CTR-Lens/{__version__}", **headers})
    return urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS)


def _read(answer: Any) -> bytes:
    try:
        return bytes(answer.read1(CHUNK_BYTES))
    except (OSError, HTTPException) as error:
        raise _BrokenOff(reason(error)) from error


def _stated_md5(remote: Remote, md5_url: str, folder: Path) -> str:
    """The MD5 that the publisher states now; without a network, the one in a file beside the archive."""
    beside = folder / f"{remote.file_name}.md5"
    try:
        with _open(md5_url, {}) as answer:
            stated = answer.read(2**12)
    except (OSError, HTTPException):
        stated = beside.read_bytes() if beside.exists() else b""
    found = re.search(rb"\b[0-9a-f]{32}\b", stated.lower())
    if found is None:
        raise InputError(
            "This {name} is another one than is known here, and whether it is whole cannot be checked: "
            "{md5_url} cannot be read. Put that file at {beside}.",
            name=remote.file_name,
            md5_url=md5_url,
            beside=beside,
        )
    return found.group().decode()
