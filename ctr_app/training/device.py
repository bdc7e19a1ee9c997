"""Choosing where to compute."""

from __future__ import annotations

import os

import torch

from ..data.errors import InputError, join_names


def available_devices() -> tuple[str, ...]:
    """The devices there are, best first: CUDA, then MPS, then CPU."""
    found = ["cuda"] if torch.cuda.is_available() else []
    found += ["mps"] if torch.backends.mps.is_available() else []
    return (*found, "cpu")


def choose_device(wanted: str = "auto") -> torch.device:
    """The best device, or the one asked for; raises InputError if it is not there."""
    devices = available_devices()
    if wanted == "auto":
        return torch.device(devices[0])
    try:
        device = torch.device(wanted)
    except RuntimeError as error:
        raise InputError(
            "“{wanted}” is no device's name; there are {devices}.",
            wanted=wanted,
            devices=join_names(["auto", *devices]),
        ) from error
    if device.type not in devices or (device.index or 0) >= _count(device.type):
        raise InputError(
            "There is no device {wanted} here; there are {devices}.",
            wanted=wanted,
            devices=join_names(["auto", *devices]),
        )
    return device


def num_cores() -> int:
    """Cores that this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def use_threads_sparingly() -> None:
    """Leave one core to whoever is looking: torch computes with one thread fewer than there are cores."""
    torch.set_num_threads(max(1, num_cores() - 1))


def out_of_memory(error: BaseException) -> bool:
    """Whether ``error`` says that memory ran out; torch's own allocator says so in words only."""
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and "allocate memory" in str(error)
    )


def _count(kind: str) -> int:
    return torch.cuda.device_count() if kind == "cuda" else 1
