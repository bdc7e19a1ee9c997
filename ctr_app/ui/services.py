"""What all sessions of a server share: the stores, the job queue, and results that are worth keeping."""

from __future__ import annotations

import logging
import os
import re
from pathlib import Path

import streamlit as st
import torch

from ..data.catalogue import READY_MADE
from ..data.errors import InputError, shorten
from ..data.known.downloads import Downloads
from ..data.settings import Config
from ..data.store import DataSet, DatasetStore
from ..explain.snapshots import keep_snapshot
from ..models.registry import FAMILIES
from ..training.config import TrainingConfig
from ..training.forecast import Forecaster
from ..training.jobs import JobQueue
from ..training.launch import configs_for
from ..training.memory import DataShape, Memory, memory_of, shape_of
from ..training.run_store import Run, RunStore
from ..training.warm_up import warm_up

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
    num_workers = max(1, int(os.environ.get("CTR_LENS_WORKERS", "1")))
    return JobQueue(runs(), datasets(), num_workers, at_epoch=keep_snapshot)


@st.cache_resource(show_spinner=False)
def downloads() -> Downloads:
    """The downloads of this server."""
    return Downloads(datasets())


@st.cache_resource(show_spinner=False)
def forecaster() -> Forecaster:
    """The one forecaster of this server."""
    return Forecaster()


@st.cache_resource(show_spinner=False, max_entries=100)
def encoded_shape(dataset: DataSet) -> tuple[Path, DataShape]:
    """The folder of a data set's arrays, made on first use, and their shape."""
    encoded = dataset.encoded()
    return encoded.folder, shape_of(encoded)


@st.cache_resource(show_spinner=False, max_entries=500)
def memory_for(dataset: DataSet, family: str, model: Config, training: TrainingConfig, device: str) -> Memory:
    """What a training needs; raises InputError if the model does not suit the data."""
    _, shape = encoded_shape(dataset)
    return memory_of(family, shape, model, training, torch.device(device))


def delete_dataset(dataset_id: str) -> None:
    """Take a data set away; raises InputError if a run that waits or trains uses it."""
    busy = [run for run in runs().list_with_extra() if run.status().is_live]
    datasets().delete(dataset_id, {run.spec().dataset_id for run in busy})
    encoded_shape.clear()
    memory_for.clear()


def start() -> None:
    """Called when the server starts: workers, planted samples, and whatever is slow the first time."""
    try:
        datasets().sweep()
        jobs()
        for name in READY_MADE:
            datasets().add_sample(name).encoded()
        _warm_up()
    except Exception:
        logger.exception("Warming up failed; pages will be slower at first")


def stop() -> None:
    """Called when the server ends."""
    downloads().close()
    forecaster().close()
    jobs().close()


def _warm_up() -> None:
    """Import and run once what would hold up the first training or the first picture."""
    import altair  # noqa: F401

    warm_up()
    sample = datasets().add_sample("planted-histories")
    for family in FAMILIES:
        memory_for(sample, family, *configs_for(family, {}), "cpu")
