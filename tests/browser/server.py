"""The real server, started as a person starts it, on folders of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from ctr_app.data.catalogue import READY_MADE
from tests.paths import REPOSITORY

START_SECONDS = 120
TROUBLE_IN_LOG = ("Traceback", "Warning", "Error")


class Server:
    """``streamlit run app.py`` with its data and runs under ``folder``; it can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.data, self.runs, self.log_file = folder / "data", folder / "runs", folder / "server.log"
        self._process: subprocess.Popen[bytes] | None = None
        self._port = free_port()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def is_started(self) -> bool:
        """Whether it has been started, and not ended since."""
        return self._process is not None

    def start(self) -> None:
        """Start it and wait until it says that it is well."""
        folders = {"CTR_LENS_DATA": str(self.data), "CTR_LENS_RUNS": str(self.runs)}
        with self.log_file.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(self._port)],
                cwd=REPOSITORY,
                env=os.environ | folders,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        give_up = time.monotonic() + START_SECONDS
        while not self._is_well():
            assert self._process.poll() is None, f"the server ended by itself:\n{self.log()}"
            assert time.monotonic() < give_up, f"the server did not start:\n{self.log()}"
            time.sleep(0.1)

    def kill(self) -> None:
        """End it and all that it started as a power cut would."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """End it as Ctrl-C does."""
        self._end(signal.SIGINT)

    def _end(self, how: int) -> None:
        process, self._process = self._process, None
        if process is None or process.poll() is not None:
            return
        os.killpg(process.pid, how)
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def log(self) -> str:
        """All that it has written so far, of every start."""
        return self.log_file.read_text(encoding="utf-8", errors="replace")

    def trouble(self) -> list[str]:
        """Lines of the log that speak of a fault."""
        return [line for line in self.log().splitlines() if any(word in line for word in TROUBLE_IN_LOG)]

    def stored_sets(self) -> set[str]:
        """The data sets in the data folder but for the samples, which the server makes when it starts."""
        names = {path.name for path in (self.data / "sets").glob("*")} | {path.name for path in self.data.glob("*")}
        return {name for name in names - {"sets", "incoming"} if not name.lstrip(".").startswith(READY_MADE)}

    def _is_well(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/_stcore/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port
