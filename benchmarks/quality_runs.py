"""One training by the command line with every setting at its default, and the clock beside it."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acceptance import CommandLine


@dataclass(frozen=True)
class Plan:
    """What is run and where: seeds, real tables, the peers' environments, and a folder for everything in between."""

    seeds: Sequence[int]
    shared: Path
    cache: Path
    folder: Path
    is_quick: bool = False


@dataclass(frozen=True)
class Part:
    """One part of the section: its title, its Markdown, and in words what of it could not be measured."""

    title: str
    text: str
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class Trained:
    """One run: its metrics per split, epochs, seconds of the training, and those of the whole command."""

    run: str
    valid: dict[str, float]
    test: dict[str, float]
    epochs: int
    seconds: float
    wall: float


def train(run: CommandLine, model: str, seed: int, *flags: object) -> Trained:
    """``train`` with the given files and columns; the seed is all that is set."""
    started = time.perf_counter()
    result: dict[str, Any] = run.train(model, *flags, "--seed", seed)
    wall = time.perf_counter() - started
    say(f"{result['model']} seed {seed}: test AUC {result['test']['auc']:.4f}, {wall:.0f} s")
    return Trained(result["folder"], result["valid"], result["test"], result["epochs"], result["seconds"], wall)


def say(line: str) -> None:
    """One line on the error stream, to see that it goes on."""
    print(line, file=sys.stderr, flush=True)
