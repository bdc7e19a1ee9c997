"""How much memory is free: on an accelerator, in the machine, and within the limits of a container."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch


def free_memory(device: torch.device, root: Path = Path("/")) -> int | None:
    """Bytes that this process may still take on ``device``; None where the system does not tell.

    Without an accelerator's own memory that is the least of what the machine and its containers have left; ``root``
    is where the system's files lie.
    """
    if device.type == "cuda":
        unused = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return torch.cuda.mem_get_info(device)[0] + unused
    return min((*_machine_free(root), *_groups_free(root)), default=None)


def _machine_free(root: Path) -> Iterator[int]:
    """What Linux says is available, or all the memory there is where the system tells no more."""
    available = _entry(root / "proc" / "meminfo", "MemAvailable:")
    if available is not None:
        yield 1024 * available
    elif "SC_PHYS_PAGES" in getattr(os, "sysconf_names", {}):
        yield os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class _Files:
    """Names of the files in which one version of Linux' control groups tells about memory."""

    folder: str
    limit: str
    used: str
    cached: tuple[str, ...]


VERSION_1 = _Files(
    "sys/fs/cgroup/memory",
    "memory.limit_in_bytes",
    "memory.usage_in_bytes",
    ("total_inactive_file", "total_active_file"),
)
VERSION_2 = _Files("sys/fs/cgroup", "memory.max", "memory.current", ("inactive_file", "active_file"))


def _groups_free(root: Path) -> Iterator[int]:
    """What is left within each of the control groups that this process is in; files in the cache can go."""
    for files, group in _groups(root):
        top = root / files.folder
        inner = top / group.strip("/")
        for folder in (inner, *inner.parents):
            limit, used = _number(folder / files.limit), _number(folder / files.used)
            if limit is not None and used is not None:
                cached = sum(_entry(folder / "memory.stat", name) or 0 for name in files.cached)
                yield max(0, limit - used + cached)
            if folder == top:
                break


def _groups(root: Path) -> Iterator[tuple[_Files, str]]:
    """The groups that limit this process's memory, from lines ``number:controllers:path``; version 2 names none."""
    for line in _text(root / "proc" / "self" / "cgroup").splitlines():
        _, controllers, group = line.split(":", 2)
        if not controllers:
            yield VERSION_2, group
        elif "memory" in controllers.split(","):
            yield VERSION_1, group


def _entry(path: Path, name: str) -> int | None:
    """The number beside ``name`` in a file of names and numbers."""
    for line in _text(path).splitlines():
        words = line.split()
        if len(words) > 1 and words[0] == name:
            return int(words[1])
    return None


def _number(path: Path) -> int | None:
    """The number that is all of a file; None where it is none, as ``max`` for no limit."""
    text = _text(path).strip()
    return int(text) if text.isdigit() else None


def _text(path: Path) -> str:
    try:
        return path.read_text()
    except OSError:
        return ""
