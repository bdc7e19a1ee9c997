"""What a run's folder says of it: what it was asked to do, and where it stands."""

from __future__ import annotations

import os
import platform
import secrets
import socket
import time
from dataclasses import dataclass, field
from typing import Any

import torch

from .. import __version__
from ..data.settings import Config
from ..data.store import Preparation
from ..models.registry import FAMILIES, title_of
from .config import TrainingConfig

ENDED = ("done", "stopped", "failed", "interrupted")
# A run without a sign of life for this many seconds counts as interrupted.
SILENCE_SECONDS = 90.0
# Tells this process from an earlier one that had the same number.
PROCESS_TOKEN = secrets.token_hex(8)

# Settings that younger runs have, as they were for runs that were stored without them.
BEFORE = {family: {"numeric_embedding": "number", "first_vectors": "random"} for family in ("fm", "dcn")}


@dataclass(frozen=True)
class RunSpec:
    """Everything needed to repeat a run: settings, schema and split, and the data set's id and hash.

    ``purpose`` says what an extra training of another run is for, and is empty for a run of its own. With ``null_seed``
    it is trained on labels that hold main effects and no interaction, drawn with that seed (see null_labels.py).
    """

    id: str
    family: str
    model: dict[str, Any]
    training: dict[str, Any]
    device: str
    dataset_id: str
    dataset_name: str
    content_hash: str
    preparation: Preparation
    owner: str = "local"
    created: float = field(default_factory=time.time)
    versions: dict[str, str] = field(
        default_factory=lambda: {
            "ctr_lens": __version__,
            "torch": torch.__version__,
            "python": platform.python_version(),
        }
    )
    purpose: str = ""
    null_seed: int | None = None

    @property
    def title(self) -> str:
        """The model's name: FM, DCN-V1, DCN-V2, DCN-Mix or DIN."""
        return title_of(self.family, self.model)

    @property
    def model_config(self) -> Config:
        """The model's settings, checked again."""
        return FAMILIES[self.family].config.from_mapping(BEFORE.get(self.family, {}) | self.model)

    @property
    def training_config(self) -> TrainingConfig:
        """The training's settings, checked again."""
        return TrainingConfig.from_mapping(self.training)


@dataclass(frozen=True)
class RunStatus:
    """Where a run stands: queued, running, done, stopped, failed or interrupted, with the reason in words."""

    state: str
    reason: str = ""
    updated: float = field(default_factory=time.time)
    host: str = field(default_factory=socket.gethostname)
    pid: int = field(default_factory=os.getpid)
    process: str = PROCESS_TOKEN

    @property
    def is_live(self) -> bool:
        """Whether it waits or trains."""
        return self.state not in ENDED

    def is_abandoned(self) -> bool:
        """Whether the process that should be training is gone."""
        if not self.is_live:
            return False
        is_silent = time.time() - self.updated > SILENCE_SECONDS
        if self.host != socket.gethostname():
            return is_silent
        is_gone = self.process != PROCESS_TOKEN if self.pid == os.getpid() else not _is_alive(self.pid)
        return is_gone or (self.state == "running" and is_silent)


def _is_alive(pid: int) -> bool:
    if os.name == "nt":
        return True  # signal 0 would end the process there; silence tells instead
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
