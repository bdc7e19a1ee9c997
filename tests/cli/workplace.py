"""A folder of data and runs, and the command line as a user meets it there."""

from __future__ import annotations

import contextlib
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ctr_app.cli import main
from tests.paths import REPOSITORY


@dataclass(frozen=True)
class Answer:
    """What one command said: its exit code, standard output and standard error."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """The one JSON document that standard output is."""
        assert self.code == 0, self.err
        return json.loads(self.out)

    def refusal(self) -> str:
        """The one sentence on standard error of a command that was wrong."""
        assert (self.code, self.out) == (2, ""), self
        assert self.err.endswith((".\n", "?\n")), self.err
        assert self.err.count("\n") == 1, self.err
        assert "Traceback" not in self.err
        return self.err.strip()


@dataclass(frozen=True)
class Workplace:
    """Runs commands whose data sets and runs lie under ``folder``."""

    folder: Path

    @property
    def environment(self) -> dict[str, str]:
        """What tells the program where to keep things."""
        return {"CTR_LENS_DATA": str(self.folder / "data"), "CTR_LENS_RUNS": str(self.folder / "runs")}

    def __call__(self, *arguments: object) -> Answer:
        """The command in this process."""
        out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8", newline="") for _ in range(2))
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            for name, value in self.environment.items():
                patch.setenv(name, value)
            code = main([str(argument) for argument in arguments])
        return Answer(code, _written(out), _written(err))

    def start(self, *arguments: object, **environment: str) -> subprocess.Popen[str]:
        """The command as a process of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "ctr_app", *map(str, arguments)],
            cwd=REPOSITORY,
            env=os.environ | self.environment | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def process(self, *arguments: object, **environment: str) -> Answer:
        """The command as a process of its own, to its end."""
        process = self.start(*arguments, **environment)
        out, err = process.communicate()
        return Answer(process.returncode, out, err)

    def stored(self) -> list[str]:
        """Every file under data/ and runs/."""
        files = (path for name in ("data", "runs") for path in (self.folder / name).rglob("*") if path.is_file())
        return sorted(str(path.relative_to(self.folder)) for path in files)

    def write(self, name: str, content: str | bytes) -> Path:
        """A file beside data/ and runs/."""
        path = self.folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    buffer = stream.buffer
    assert isinstance(buffer, io.BytesIO)
    return buffer.getvalue().decode()
