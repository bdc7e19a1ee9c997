"""How much memory has been taken at most, where the system tells."""

from __future__ import annotations

import ctypes
import gc
from contextlib import suppress
from pathlib import Path

import torch

PROCESS = Path("/proc/self")


class PeakMemory:
    """Bytes taken at most since it was made: on a CUDA device, or for any other by this process.

    What the process had freed before is given back to the system first, as far as that can be done.
    """

    def __init__(self, device: torch.device) -> None:
        self.device = device
        self._before: int | None
        if device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(device)
            self._before = torch.cuda.memory_allocated(device)
            return
        gc.collect()
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).malloc_trim(0)
            (PROCESS / "clear_refs").write_text("5")
        self._before = _resident("VmRSS:")

    def grown(self) -> int | None:
        """The bytes; None where the system does not tell."""
        if self.device.type == "cuda":
            peak: int | None = torch.cuda.max_memory_allocated(self.device)
        else:
            peak = _resident("VmHWM:")
        return None if peak is None or self._before is None else max(0, peak - self._before)


def _resident(name: str) -> int | None:
    """An entry of Linux' status of this process, in bytes."""
    with suppress(OSError):
        for line in (PROCESS / "status").read_text().splitlines():
            if line.startswith(name):
                return 1024 * int(line.split()[1])
    return None
