"""A virtual environment of its own for each peer, made once and kept."""

from __future__ import annotations

import shutil
import subprocess
import sys
import venv
from pathlib import Path

DEFAULT_CACHE = Path.home() / ".cache" / "ctr-lens-benchmarks"
TORCH = "torch==2.13.0"
# What each peer needs besides torch, which is installed first so that no peer chooses another.
REQUIREMENTS = {
    "tutorial": ("torchkeras", "accelerate", "ipython", "matplotlib", "requests", "pandas", "scikit-learn", "tqdm"),
    "deepctr": ("deepctr-torch==0.3.0", "requests"),
    "rechub": ("torch-rechub==0.9.0",),
    "fuxictr": ("fuxictr==2.3.10", "polars<2"),
}
DONE = "installed.txt"


class NotInstalled(RuntimeError):
    """A peer's environment cannot be made; the message says why."""


def python_of(peer: str, cache: Path) -> str:
    """The interpreter that runs ``peer``, its environment made if it is not there; ours runs in this one.

    Raises:
        NotInstalled: if a package cannot be installed.
    """
    if peer.startswith("ours"):
        return sys.executable
    folder = cache / peer
    python = folder / ("Scripts" if sys.platform == "win32" else "bin") / "python"
    wanted = "\n".join((TORCH, *REQUIREMENTS[peer]))
    if not (folder / DONE).exists() or (folder / DONE).read_text() != wanted:
        print(f"Making an environment for {peer} in {folder}", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        venv.create(folder, with_pip=True)
        _install(python, (TORCH,))
        _install(python, REQUIREMENTS[peer])
        (folder / DONE).write_text(wanted)
    return str(python)


def _install(python: Path, packages: tuple[str, ...]) -> None:
    done = subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], capture_output=True, text=True)
    if done.returncode:
        lines = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise NotInstalled(f"{', '.join(packages)} cannot be installed: {(lines or ['no reason given'])[-1]}")
