"""The files of a publisher's zip archive, read by name and never unpacked to disk."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path, PurePosixPath

from ..errors import InputError

MAX_MEMBER_BYTES = 2**30


def read_members(archive: Path, names: list[str]) -> list[bytes]:
    """The contents of the files called ``names``.

    Raises:
        InputError: if the archive is damaged, lacks one of them, or holds a file that lies outside it or is too large.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            _check(opened, archive.name, names)
            return [opened.read(name) for name in names]
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise InputError("{path} is a damaged zip file ({why}).", path=archive, why=error) from error


def _check(opened: zipfile.ZipFile, archive: str, names: list[str]) -> None:
    for member in opened.infolist():
        path = PurePosixPath(member.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts:
            raise InputError(
                "{archive} holds {member}, which lies outside the archive's own folder; it is not opened.",
                archive=archive,
                member=member.filename,
            )
    sizes = {member.filename: member.file_size for member in opened.infolist()}
    for name in names:
        if name not in sizes:
            raise InputError("{archive} lacks the file {name}.", archive=archive, name=name)
        if sizes[name] > MAX_MEMBER_BYTES:
            raise InputError("{name} in {archive} is larger than 1 GiB; it is not read.", archive=archive, name=name)
