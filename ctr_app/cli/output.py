"""What the commands print: one JSON document, or lines for a person."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from ..data.errors import InputError, spaced
from ..training.device import out_of_memory

THIN_SPACE = "\u2009"


def show(options: argparse.Namespace, document: Mapping[str, Any], lines: Sequence[str]) -> None:
    """Print ``document`` as JSON if that is asked for, otherwise ``lines``, in what the terminal can show."""
    encoding = sys.stdout.encoding or "ascii"
    if options.json:
        is_unicode = encoding.lower().startswith("utf")
        print(_encodable(json.dumps(document, ensure_ascii=not is_unicode, indent=1), encoding))
    else:
        print(_encodable("\n".join(map(printable, lines)), encoding))


def tell(line: str) -> None:
    """Print one line of progress, or a warning, to standard error."""
    print(printable(line), file=sys.stderr)


def sentence(error: Exception) -> str | None:
    """One line on what went wrong, or None if the error is not the user's or the machine's but ours."""
    if isinstance(error, InputError):
        return printable(str(error))
    if isinstance(error, OSError):
        return printable(f"{error.filename or 'A file'} cannot be read or written: {error.strerror or error}.")
    return "There is not enough memory for this." if out_of_memory(error) else None


def metrics_line(name: str, metrics: Mapping[str, Any]) -> str:
    """Name, AUC, logloss, GAUC where there is one, and the number of rows."""
    gauc = f"  GAUC {four(metrics['gauc'])}" if metrics.get("gauc") is not None else ""
    rows = f"{spaced(metrics['rows'])} rows"
    return f"{name:<9} AUC {four(metrics['auc'])}  logloss {four(metrics['logloss'])}{gauc}  {rows}"


def four(number: float | None) -> str:
    """A number with four decimals, or a dash if there is none."""
    return "-" if number is None else f"{number:.4f}"


def printable(text: str) -> str:
    """``text`` on one line, without the control characters that a name from a table may hold."""
    return "".join(c if c.isprintable() or c == THIN_SPACE else " " for c in text)


def _encodable(text: str, encoding: str) -> str:
    """``text`` with what ``encoding`` lacks written as escapes (thin spaces as spaces)."""
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.replace(THIN_SPACE, " ").encode(encoding, "backslashreplace").decode(encoding)
    return text
