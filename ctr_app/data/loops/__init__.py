"""Loops over the bytes of a text and over the codes of its cells, compiled by numba.

They run without the interpreter's lock, so that columns are worked on side by side and pages stay quick. No file here
calls a loop of another one: numba sees a change in a loop's own file only.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit


def compiled(loop: Callable[..., Any]) -> Callable[..., Any]:
    """Compile ``loop`` when it is first called, and keep the machine code for the next process where that works."""
    made: Callable[..., Any]
    try:
        made = njit(cache=True, nogil=True)(loop)
    except RuntimeError:
        made = njit(nogil=True)(loop)
    return made
