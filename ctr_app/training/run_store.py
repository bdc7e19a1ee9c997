"""Runs on disk: the one thing that the trainer and the screen share.

Each run is a folder ``checkpoints/<run id>/``; files in it are written whole or not at all, and its history is
appended to line by line, so that a thread, another process or another machine can do the training.
"""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

from polars.exceptions import PolarsError
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from ..data.encoding import Encoder
from ..data.errors import InputError, shorten
from ..data.files import PROJECT, Version, read_json, version_of, write_json
from ..data.settings import Config
from ..data.store import Preparation
from ..models.registry import FAMILIES, title_of
from .config import TrainingConfig
from .run_record import RunSpec, RunStatus

# The folder in a run's own where its extra trainings lie.
EXTRA = "extra"
# What reading a stored file can raise when it is damaged, gone, or of another version.
UNREADABLE = (OSError, ValueError, KeyError, TypeError)


def default_runs_root() -> Path:
    """Where runs are kept: the folder named by CTR_LENS_RUNS, or ``checkpoints/`` of the project."""
    return Path(os.environ.get("CTR_LENS_RUNS") or PROJECT / "checkpoints")


class Run:
    """One run's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @property
    def id(self) -> str:
        """The run's id, which is its folder's name."""
        return self.folder.name

    @property
    def is_extra(self) -> bool:
        """Whether it is an extra training in the folder of another run."""
        return self.folder.parent.name == EXTRA

    def spec(self) -> RunSpec:
        """What the run was asked to do; raises InputError if its file is damaged or gone. Shared, so never changed."""
        try:
            return _spec(version_of(self.folder / "run.json"))
        except UNREADABLE as error:
            raise InputError("The file run.json of run {id} cannot be read ({why}).", id=self.id, why=error) from error

    def status(self) -> RunStatus:
        """Where it stands; a run whose process is gone is interrupted, whatever its file still says."""
        status = self._written_status()
        if status.is_abandoned():
            what = "before it began" if status.state == "queued" else "in the middle"
            return RunStatus(
                "interrupted",
                f"The program that trained it ended {what}; what it had learned is kept.",
                status.updated,
                status.host,
                status.pid,
                status.process,
            )
        return status

    def _written_status(self) -> RunStatus:
        try:
            return RunStatus(**read_json(self.folder / "status.json"))
        except UNREADABLE:
            return RunStatus("interrupted", "Its status cannot be read; what it had learned is kept.", updated=0.0)

    def set_status(self, state: str, reason: str = "") -> None:
        """Write where it stands; nothing, if the run's folder was deleted."""
        if self.folder.is_dir():
            write_json(self.folder / "status.json", asdict(RunStatus(state, reason)))

    def append(self, kind: str, **values: Any) -> None:
        """Append one event to the history."""
        with (self.folder / "history.jsonl").open("a", encoding="utf-8") as file:
            file.write(json.dumps({"kind": kind, **values}) + "\n")

    def history(self) -> list[dict[str, Any]]:
        """Every event so far; a line that is only half written is left out."""
        path = self.folder / "history.jsonl"
        lines = path.read_bytes().split(b"\n") if path.exists() else []
        return [event for event in map(_event, lines) if event is not None]

    def ask_to_stop(self, state: str = "stopped", reason: str = "Stopped by hand.") -> None:
        """Ask whoever trains it to stop after the current step, and say in which state and why.

        A run that still waits is in that state at once, and whoever comes to it passes it over.
        """
        if self.folder.is_dir():
            write_json(self.folder / "stop.json", {"state": state, "reason": reason})
            if self.status().state == "queued":
                self.set_status(state, reason)

    def stop_request(self) -> tuple[str, str] | None:
        """State and reason of a stop that was asked for, or None."""
        path = self.folder / "stop.json"
        if not path.exists():
            return None
        asked = read_json(path)
        return asked["state"], asked["reason"]

    def save_best(self, state: Mapping[str, Tensor]) -> None:
        """Keep the weights of the best epoch so far."""
        _save_tensors(state, self.folder / "best.safetensors")

    def save_last(self, model: nn.Module, moments: Mapping[str, Tensor]) -> None:
        """Keep the latest weights and the optimizer's state."""
        _save_tensors(model.state_dict(), self.folder / "last.safetensors")
        _save_tensors(moments, self.folder / "optimizer.safetensors")

    @property
    def has_model(self) -> bool:
        """Whether there are weights to look into."""
        return (self.folder / "best.safetensors").exists()

    def encoder(self) -> Encoder:
        """The encoder that the run was trained with."""
        return Encoder.load(self.folder / "encoder")

    def load_model(self) -> tuple[nn.Module, Encoder]:
        """The model of the best epoch, in evaluation mode on the CPU, and its encoder.

        Raises:
            InputError: if no epoch has ended yet, or if a file is damaged or from another version.
        """
        if not self.has_model:
            raise InputError("Run {id} has no finished epoch yet, so there is nothing to look into.", id=self.id)
        spec = self.spec()
        try:
            encoder = self.encoder()
            model = FAMILIES[spec.family].build(encoder.layout, spec.model_config)
            model.load_state_dict(load_file(self.folder / "best.safetensors"))
        except (*UNREADABLE, RuntimeError, SafetensorError, PolarsError) as error:
            raise InputError(
                "The model of run {id} cannot be read ({why}).", id=self.id, why=shorten(str(error), 200)
            ) from error
        return model.eval().requires_grad_(False), encoder

    def metrics(self) -> dict[str, Any] | None:
        """Final metrics per split, once the run has ended; None before, or if the file is damaged."""
        try:
            return read_json(self.folder / "metrics.json")
        except UNREADABLE:
            return None


class RunStore:
    """All runs under one root."""

    def __init__(self, root: Path | None = None) -> None:
        self.root = root or default_runs_root()

    def create(
        self,
        family: str,
        model: Config,
        training: TrainingConfig,
        *,
        device: str,
        dataset_id: str,
        dataset_name: str,
        content_hash: str,
        preparation: Preparation,
        purpose: str = "",
        null_seed: int | None = None,
    ) -> Run:
        """A new run's folder, queued."""
        spec = RunSpec(
            self._free_id(title_of(family, model.to_json()).lower()),
            family,
            model.to_json(),
            training.to_json(),
            device,
            dataset_id,
            dataset_name,
            content_hash,
            preparation,
            purpose=purpose,
            null_seed=null_seed,
        )
        run = Run(self.root / spec.id)
        write_json(run.folder / "run.json", {**vars(spec), "preparation": preparation.to_json()})
        run.set_status("queued")
        return run

    def _free_id(self, title: str) -> str:
        """An id that begins with the time and is no run's yet."""
        moment = time.strftime("%Y%m%d-%H%M%S")
        while (self.root / (run_id := f"{moment}-{title}-{secrets.token_hex(2)}")).exists():
            pass
        return run_id

    def list(self) -> list[Run]:
        """Every run, newest first; a folder that is damaged is passed over."""
        return [*self._found("*/run.json")]

    def list_with_extra(self) -> Sequence[Run]:
        """Every run, and the extra trainings that lie in their folders."""
        return [*self._found("*/run.json"), *self._found(f"*/{EXTRA}/*/run.json")]

    def _found(self, pattern: str) -> Sequence[Run]:
        found = [Run(path.parent) for path in self.root.glob(pattern) if (path.parent / "status.json").exists()]
        return sorted(filter(_has_spec, found), key=lambda run: run.id, reverse=True)

    def get(self, run_id: str) -> Run:
        """The run with that id, or in that folder; raises InputError if there is none."""
        for folder in (self.root / run_id if re.fullmatch(r"[\w.-]+", run_id) else None, Path(run_id)):
            with suppress(OSError):  # a name longer than the system takes
                if folder is not None and (folder / "run.json").exists():
                    return Run(folder.resolve())
        raise InputError("There is no run {id} in {root}.", id=run_id, root=self.root)

    def mark_interrupted(self) -> None:
        """Write down which runs their process has abandoned; called when a server starts."""
        for run in self.list_with_extra():
            if run._written_status().is_abandoned():
                status = run.status()
                run.set_status(status.state, status.reason)


def _save_tensors(tensors: Mapping[str, Tensor], path: Path) -> None:
    """Write safetensors whole or not at all."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        save_file({name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}, temporary)
        os.replace(temporary, path)
    except SafetensorError as error:
        raise OSError(errno.EIO, str(error), str(path)) from error
    finally:
        temporary.unlink(missing_ok=True)


@lru_cache(maxsize=512)
def _spec(version: Version) -> RunSpec:
    stored = read_json(Path(version[0]))
    return RunSpec(**{**stored, "preparation": Preparation.from_json(stored["preparation"])})


def _has_spec(run: Run) -> bool:
    try:
        run.spec()
    except InputError:
        return False
    return True


def _event(line: bytes) -> dict[str, Any] | None:
    try:
        return json.loads(line)
    except ValueError:
        return None
