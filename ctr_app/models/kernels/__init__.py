"""Loops over a batch, compiled by numba for the CPU: one pass where torch would make several, and no Python per row.

Each has a slow and obvious counterpart in torch, which other devices use and tests compare with. All run on one
thread, in a fixed order, without the interpreter's lock, so that the same numbers come out each time and pages stay
quick. Names: B rows of a batch, C fields, D numbers in a vector, V rows of a matrix, H units of a layer, P positions.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from numba import config, njit
from torch import Tensor

# What the compiler may reorder. Not-a-number stays what it is, so that a diverged loss is still seen.
LIBERTIES = {"reassoc", "contract", "nsz", "arcp", "afn"}
HOW: dict[str, Any] = {"nogil": True, "error_model": "numpy", "fastmath": LIBERTIES}

_in_use = True


def _own_folder() -> str:
    """Where machine code of these very sources is kept: numba alone sees changes in a loop's own file only."""
    here = Path(__file__).parent
    sources = hashlib.sha256(b"".join(path.read_bytes() for path in sorted(here.glob("*.py"))))
    return str(here / "__pycache__" / f"loops-{sources.hexdigest()[:12]}")


if not getattr(config, "CACHE_DIR", ""):
    setattr(config, "CACHE_DIR", _own_folder())  # noqa: B010  (numba makes its settings when it is imported)


def compiled(loop: Callable[..., Any]) -> Callable[..., Any]:
    """Compile ``loop`` when it is first called, and keep the machine code for the next process.

    It is kept beside the source, else in the user's cache folder; where neither can be written it is not kept.
    """
    made: Callable[..., Any]
    try:
        made = njit(cache=True, **HOW)(loop)
    except RuntimeError:
        made = njit(**HOW)(loop)
    return made


def are_for(tensor: Tensor) -> bool:
    """Whether the loops can work on ``tensor``: float32 on the CPU, and not switched off."""
    return _in_use and tensor.device.type == "cpu" and tensor.dtype == torch.float32


@contextmanager
def switched_off() -> Iterator[None]:
    """Only torch's own operators while the block lasts, in every thread: to compare with."""
    global _in_use
    _in_use = False
    try:
        yield
    finally:
        _in_use = True
