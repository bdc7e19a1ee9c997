"""The command line: the same jobs as in the browser, with the same code."""

from __future__ import annotations

import os
import sys

from .output import sentence
from .parser import parser

USER_ERROR = 2
INTERRUPTED = 130


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code: 0, or 2 after one plain sentence on standard error."""
    try:
        options = parser().parse_args(arguments)
        options.command(options)
        sys.stdout.flush()
    except BrokenPipeError:
        _leave_the_pipe()
    except KeyboardInterrupt as interrupt:
        return _fail(str(interrupt) or "Interrupted.", INTERRUPTED)
    except Exception as error:
        if (what := sentence(error)) is None:
            raise
        return _fail(what, USER_ERROR)
    return 0


def _fail(what: str, code: int) -> int:
    print(what, file=sys.stderr)
    return code


def _leave_the_pipe() -> None:
    """Whoever read the output has gone (``... | head``); let Python's last flush go nowhere."""
    with open(os.devnull, "w") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
