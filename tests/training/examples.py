"""Small batches and models for the tests of training."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from ctr_app.data.batch import Batch, FieldLayout, SequenceField
from ctr_app.models.registry import FAMILIES
from ctr_app.training.launch import configs_for
from ctr_app.training.trainer import Trainer

LAYOUT = FieldLayout(("price",), ("item", "device"), (SequenceField("history", "item", 4),), {"item": 13, "device": 8})
# Values 3 to 11 of the item and 3 to 6 of the device occur in random_batch; 12 and 7 never do.
UNSEEN_ITEM = 12


def random_batch(rows: int, seed: int = 0) -> Batch:
    """Rows whose label leans on the item and on the device."""
    generator = torch.Generator().manual_seed(seed)
    categorical = torch.stack(
        [torch.randint(3, 12, (rows,), generator=generator), torch.randint(3, 7, (rows,), generator=generator)], dim=1
    )
    history = torch.randint(0, 12, (rows, 4), generator=generator)
    leaning = (categorical[:, 0] + categorical[:, 1]) % 2 + torch.randn(rows, generator=generator)
    labels = (leaning > 0.5).float()
    labels[:2] = torch.tensor([0.0, 1.0])[: len(labels[:2])]
    return Batch(torch.randn(rows, 1, generator=generator), categorical.int(), {"history": history.int()}, labels)


def build(family: str = "fm", seed: int = 0, **settings: Any) -> nn.Module:
    """A model of the family over LAYOUT."""
    torch.manual_seed(seed)
    return FAMILIES[family].build(LAYOUT, configs_for(family, settings)[0])


def trainer(family: str = "fm", rows: int = 64, valid_rows: int = 32, **settings: Any) -> Trainer:
    """A trainer of a new model on random rows, seeded throughout."""
    config = configs_for(family, settings)[1]
    model = build(family, **{**settings, "seed": config.seed})
    return Trainer(model, random_batch(rows), random_batch(valid_rows, seed=1), config, torch.device("cpu"))
