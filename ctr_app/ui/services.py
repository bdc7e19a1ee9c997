"""What all sessions of a server share: the stores, the job queue, and results that are worth keeping."""

from __future__ import annotations

import logging
import os
import re

import streamlit as st

from ..data.catalogue import SAMPLES
from ..data.errors import InputError, shorten
from ..data.store import DatasetStore
from ..training.jobs import JobQueue
from ..training.run_store import Run, RunStore

logger = logging.getLogger(__name__)


def datasets() -> DatasetStore:
    """The data sets on disk."""
    return DatasetStore()


def runs() -> RunStore:
    """The runs on disk."""
    return RunStore()


def run_called(run_id: str) -> Run:
    """The run that an address names; raises InputError if there is none or it is damaged. A path is no run's name."""
    run = Run(runs().root / run_id)
    if not re.fullmatch(r"\w[\w.-]{0,200}", run_id) or not (run.folder / "run.json").exists():
        raise InputError("There is no run {id} here.", id=shorten(run_id, 80))
    run.spec()
    return run


@st.cache_resource(show_spinner=False)
def jobs() -> JobQueue:
    """The one queue of this server."""
    from ..training.device import use_threads_sparingly

    use_threads_sparingly()
    runs().mark_interrupted()
    return JobQueue(runs(), datasets(), num_workers=max(1, int(os.environ.get("CTR_LENS_WORKERS", "1"))))


def start() -> None:
    """Called when the server starts: workers, planted samples, and whatever is slow the first time."""
    try:
        jobs()
        for name in SAMPLES:
            datasets().add_sample(name).encoded()
        _warm_up()
    except Exception:
        logger.exception("Warming up failed; pages will be slower at first")


def stop() -> None:
    """Called when the server ends."""
    jobs().close()


def _warm_up() -> None:
    """Import and run once what would hold up the first training or the first picture."""
    import altair  # noqa: F401
    import torch

    weight = torch.nn.Parameter(torch.zeros(2, 2))
    optimizer = torch.optim.Adam([weight], fused=True)
    weight.sum().backward()
    optimizer.step()
