"""The most memory that was taken since a moment."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from ctr_app.training import peak_memory
from ctr_app.training.peak_memory import PeakMemory

LARGE = 200_000_000
needs_linux = pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux tells")


@needs_linux
def test_what_was_taken_and_given_back_is_counted_and_what_was_taken_before_is_not() -> None:
    held_before = np.ones(LARGE, dtype=np.uint8)
    peak = PeakMemory(torch.device("cpu"))
    assert np.ones(LARGE, dtype=np.uint8).sum() == held_before.sum()
    grown = peak.grown()
    assert grown is not None
    assert 0.9 * LARGE <= grown <= 1.2 * LARGE


@needs_linux
def test_each_counts_from_its_own_beginning() -> None:
    first = PeakMemory(torch.device("cpu"))
    assert np.ones(LARGE, dtype=np.uint8).all()
    assert (first.grown() or 0) >= 0.9 * LARGE
    assert (PeakMemory(torch.device("cpu")).grown() or 0) < 0.2 * LARGE


def test_a_system_that_does_not_tell_is_no_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(peak_memory, "PROCESS", tmp_path / "nowhere")
    assert PeakMemory(torch.device("cpu")).grown() is None


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_a_gpus_own_memory_is_counted() -> None:
    peak = PeakMemory(torch.device("cuda"))
    assert torch.ones(LARGE, dtype=torch.uint8, device="cuda").all()
    assert LARGE <= (peak.grown() or 0) <= 1.5 * LARGE
