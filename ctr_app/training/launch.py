"""From a family's name and named settings to the two checked settings objects of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..data.errors import InputError, join_names
from ..models.registry import FAMILIES
from ..models.settings import Config
from .config import TrainingConfig


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
