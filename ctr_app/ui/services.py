"""What all sessions of a server share: the stores, the job queue, and results that are worth keeping."""

from __future__ import annotations

import logging
import os

import streamlit as st

from ..data.catalogue import SAMPLES
from ..data.store import DatasetStore
from ..training.jobs import JobQueue
from ..training.run_store import RunStore

logger = logging.getLogger(__name__)


def datasets() -> DatasetStore:
    """The data sets on disk."""
    return DatasetStore()


def runs() -> RunStore:
    """The runs on disk."""
    return RunStore()


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
