"""From a family's name and named settings to checked settings, and to a new run: one way for the page and the CLI."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..data.dataset import EncodedDataset
from ..data.errors import InputError, join_names
from ..data.settings import Config
from ..data.store import DataSet
from ..models.registry import FAMILIES, sketch
from .config import TrainingConfig
from .device import choose_device
from .memory import memory_of, shape_of
from .run_store import Run, RunStore


def configs_for(family: str, settings: Mapping[str, Any]) -> tuple[Config, TrainingConfig]:
    """The model's and the training's settings, the family's defaults under ``settings``.

    Raises:
        InputError: for a name that is a setting of neither, or a value outside its range.
    """
    config = FAMILIES[family].config
    of_model = {described.name for described in config.settings()}
    of_training = {described.name for described in TrainingConfig.settings()}
    for name in settings:
        if name not in of_model | of_training:
            raise InputError(
                "{title} has no setting {name}; it has {known}.",
                title=FAMILIES[family].title,
                name=name,
                known=join_names(sorted(of_model | of_training), 40),
            )
    training = dict(FAMILIES[family].training) | {k: v for k, v in settings.items() if k in of_training}
    return config.from_mapping({k: v for k, v in settings.items() if k in of_model}), TrainingConfig.from_mapping(
        training
    )


def new_run(runs: RunStore, dataset: DataSet, family: str, settings: Mapping[str, Any], device: str = "auto") -> Run:
    """A stored, queued run of ``family`` on ``dataset``.

    Raises:
        InputError: for settings or data that cannot be used, or that need more memory than is free; nothing is
            stored then.
    """
    if dataset.preparation is None:
        raise InputError("Say first which column of {name} is the label.", name=dataset.name)
    model, training = configs_for(family, settings)
    _check(dataset.encoded(), family, model, training, device)
    return runs.create(
        family,
        model,
        training,
        device=device,
        dataset_id=dataset.id,
        dataset_name=dataset.name,
        content_hash=dataset.content_hash,
        preparation=dataset.preparation,
    )


def _check(dataset: EncodedDataset, family: str, model: Config, training: TrainingConfig, device: str) -> None:
    """Raise InputError if the model does not suit the data, or needs more memory than is free."""
    sketch(family, dataset.encoder.layout, model)
    try:
        where = choose_device(device)
    except InputError:
        return  # of another machine, which will see for itself
    memory_of(family, shape_of(dataset), model, training, where).check(where)
