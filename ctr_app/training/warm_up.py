"""A table and a training of each family on a few made-up rows, so that the first real ones wait for nothing.

It compiles the loops of ``data.loops`` and ``models.kernels``, or loads what an earlier process compiled, and all that
torch's optimizer imports when it is first used.
"""

from __future__ import annotations

import torch
from torch import nn

from ..data.batch import Batch, FieldLayout, SequenceField
from ..data.warm_up import warm_up as warm_up_tables
from ..models.registry import sketch
from .launch import configs_for
from .trainer import Trainer

LAYOUT = FieldLayout(
    ("number",),
    ("item",),
    (SequenceField("history", "item", 2), SequenceField("tags", None, 2)),
    {"item": 4, "tags": 4},
)
SETTINGS: tuple[tuple[str, dict[str, str]], ...] = (
    ("fm", {}),
    ("dcn", {"cross": "vector"}),
    ("dcn", {"cross": "matrix"}),
    ("din", {}),
)


def warm_up() -> None:
    """Train every loop's model once on the CPU; draws no random number, of which a run may draw meanwhile."""
    warm_up_tables()
    for family, settings in SETTINGS:
        model, training = configs_for(family, {**settings, "epochs": 1})
        batch = _rows()
        for _ in Trainer(_zeros(sketch(family, LAYOUT, model)), batch, batch, training, torch.device("cpu")).run():
            pass


def _rows() -> Batch:
    ids = torch.tensor([[1, 2], [3, 0], [0, 0], [2, 2]], dtype=torch.int32)
    sequences = {"history": ids, "tags": ids}
    return Batch(torch.ones(4, 1), torch.ones(4, 1, dtype=torch.int32), sequences, torch.tensor([0.0, 1.0, 0.0, 1.0]))


def _zeros(model: nn.Module) -> nn.Module:
    """A sketched model, all of whose weights and statistics are zero."""
    model = model.to_empty(device="cpu")
    with torch.no_grad():
        for tensor in (*model.parameters(), *model.buffers()):
            tensor.zero_()
    return model
