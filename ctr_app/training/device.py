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
    if wanted.split(":")[0] not in devices:
        raise InputError(
            "There is no device {wanted} here; there are {devices}.",
            wanted=wanted,
            devices=join_names(["auto", *devices]),
        )
    try:
        return torch.device(wanted)
    except RuntimeError as error:
        raise InputError("{wanted} is no device's name.", wanted=wanted) from error


def use_threads_sparingly() -> None:
    """Leave one core to whoever is looking: torch computes with one thread fewer than there are cores."""
    torch.set_num_threads(max(1, (os.cpu_count() or 2) - 1))
