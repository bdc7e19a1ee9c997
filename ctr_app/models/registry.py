"""The families of models. To add one is to add its file and one line here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn

from ..data.batch import FieldLayout
from ..data.errors import InputError, join_names
from ..data.settings import Config
from .dcn import DCN, DCNConfig
from .din import DIN, DINConfig
from .fm import FM, FMConfig


@dataclass(frozen=True)
class Family:
    """One family: what it is called, its settings, and how it is built from a layout and its settings.

    ``training`` are the training settings that suit it, over the general defaults.
    """

    name: str
    title: str
    question: str
    config: type[Config]
    build: Callable[[FieldLayout, Any], nn.Module]
    training: Mapping[str, Any]


FAMILIES = {
    "fm": Family(
        "fm",
        "FM",
        "Which pairs of fields matter together?",
        FMConfig,
        FM,
        {"learning_rate": 7e-3, "weight_decay": 1e-5, "embedding_decay": 1e-5},
    ),
    "dcn": Family(
        "dcn",
        "DCN",
        "Which crosses does it learn?",
        DCNConfig,
        DCN,
        {"learning_rate": 6e-3, "weight_decay": 1e-4, "embedding_decay": 1e-3},
    ),
    "din": Family(
        "din",
        "DIN",
        "Which of your past clicks explains this one?",
        DINConfig,
        DIN,
        {"learning_rate": 4e-3, "weight_decay": 1e-5, "embedding_decay": 1e-2, "decay_rows": 16_000},
    ),
}
# Other names that people know: a family with some of its settings.
ALIASES: dict[str, tuple[str, dict[str, Any]]] = {
    "dcn-v1": ("dcn", {"cross": "vector"}),
    "dcn-v2": ("dcn", {"cross": "matrix"}),
    "dcn-mix": ("dcn", {"cross": "mix"}),
}
CROSS_TITLES = {"vector": "DCN-V1", "matrix": "DCN-V2", "mix": "DCN-Mix"}


def resolve(name: str) -> tuple[Family, dict[str, Any]]:
    """The family called ``name`` (any case, aliases too) and the settings that the name implies."""
    key = name.strip().lower().replace("_", "-").replace(" ", "-")
    key = {"dcnv1": "dcn-v1", "dcnv2": "dcn-v2", "dcnmix": "dcn-mix"}.get(key, key)
    family, implied = ALIASES.get(key, (key, {}))
    if family not in FAMILIES:
        raise InputError(
            "There is no model {name}; there are {known}.", name=name, known=join_names([*FAMILIES, *ALIASES])
        )
    return FAMILIES[family], dict(implied)


def sketch(family: str, layout: FieldLayout, config: Any) -> nn.Module:
    """The model without memory for its weights: to count them, or to hear in an InputError what the data lack."""
    with torch.device("meta"):
        return FAMILIES[family].build(layout, config)


def title_of(family: str, settings: Mapping[str, Any]) -> str:
    """The model's name as the field says it: FM, DCN-V1, DCN-V2, DCN-Mix or DIN."""
    return CROSS_TITLES.get(str(settings.get("cross")), FAMILIES[family].title)
