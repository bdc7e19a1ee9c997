"""Layouts, batches and models that the tests here share."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn

from ctr_app.data.batch import Batch, FieldLayout, SequenceField
from ctr_app.models.registry import resolve

MIXED = FieldLayout(
    ("price", "age"),
    ("film", "device", "city"),
    (SequenceField("history", "film", 5), SequenceField("tags", None, 4)),
    {"film": 12, "device": 4, "city": 40, "tags": 6},
)
TWO_HISTORIES = FieldLayout(
    (),
    ("film", "genre"),
    (SequenceField("films", "film", 5), SequenceField("genres", "genre", 5)),
    {"film": 12, "genre": 7},
)
ONLY_NUMERIC = FieldLayout(("price", "age", "visits"), (), (), {})
ONLY_CATEGORICAL = FieldLayout((), ("film", "device", "city"), (), {"film": 12, "device": 4, "city": 40})

ACTIVATIONS = ("dice", "prelu", "relu")
VARIANTS: list[tuple[str, dict[str, Any]]] = [
    ("fm", {}),
    ("fm", {"numeric_embedding": "vector"}),
    ("dcn-v1", {"structure": "parallel"}),
    ("dcn-v2", {"structure": "parallel"}),
    ("dcn-v2", {"structure": "stacked", "embedding_sizes": "sqrt"}),
    ("dcn-v2", {"numeric_embedding": "vector", "mlp_sizes": ()}),
    ("dcn-mix", {"rank": 3, "num_experts": 2}),
    ("din", {}),
    ("din", {"attention_weights": "softmax", "attention_groups": "joint"}),
    *[("din", {"attention_activation": name, "mlp_activation": name}) for name in ("prelu", "relu")],
]


def variant_id(value: object) -> str:
    """A short name of one part of a variant for pytest."""
    return "-".join(str(v) for v in value.values()) or "default" if isinstance(value, dict) else str(value)


def build(name: str, layout: FieldLayout, *, seed: int = 0, **settings: Any) -> nn.Module:
    """A small model without dropout, with every parameter and running statistic away from its initial value."""
    family, implied = resolve(name)
    known = {described.name for described in family.config.settings()}
    small = {"embedding_dim": 4, "mlp_sizes": (6, 5), "attention_sizes": (5, 3), "dropout": 0.0}
    config = family.config.from_mapping({k: v for k, v in small.items() if k in known} | implied | settings)
    torch.manual_seed(seed)
    model = family.build(layout, config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.3 * torch.randn_like(parameter))
        for buffer_name, buffer in model.named_buffers():
            if buffer_name.endswith("running_mean"):
                buffer.normal_()
            if buffer_name.endswith("running_var"):
                buffer.uniform_(0.5, 2.0)
    return model


def random_batch(layout: FieldLayout, rows: int, seed: int = 0) -> Batch:
    """Random rows; histories of every length from none to full, and labels of both kinds where there are two rows."""
    generator = torch.Generator().manual_seed(seed)
    sizes = layout.vocabulary_sizes
    categorical = [torch.randint(1, sizes[name], (rows,), generator=generator) for name in layout.categorical]
    sequences = {}
    for sequence in layout.sequences:
        ids = torch.randint(1, sizes[layout.table_of(sequence.name)], (rows, sequence.max_length), generator=generator)
        lengths = torch.arange(rows).flip(0) % (sequence.max_length + 1)
        sequences[sequence.name] = (ids * (torch.arange(sequence.max_length) < lengths[:, None])).int()
    return Batch(
        torch.randn(rows, len(layout.numeric), generator=generator),
        torch.stack(categorical, dim=1).int() if categorical else torch.zeros(rows, 0, dtype=torch.int32),
        sequences,
        (torch.arange(rows) % 2).float(),
    )


def widened(batch: Batch, extra: int) -> Batch:
    """The same rows, each history with ``extra`` more padded positions."""
    return replace(batch, sequences={name: nn.functional.pad(ids, (0, extra)) for name, ids in batch.sequences.items()})


def loss_of(model: nn.Module, batch: Batch) -> Tensor:
    """The training loss, with its gradients in the parameters."""
    model.zero_grad(set_to_none=True)
    loss = nn.functional.binary_cross_entropy_with_logits(model(batch), batch.labels)
    loss.backward()
    return loss.detach()


def dot(a: Tensor, b: Tensor) -> Tensor:
    """Sum of products, one by one."""
    total = a.new_zeros(())
    for x, y in zip(a, b, strict=True):
        total = total + x * y
    return total


def slow_linear(layer: nn.Linear, x: Tensor) -> Tensor:
    """W x + b of one row, one output at a time."""
    outputs = [dot(weights, x) for weights in layer.weight]
    if layer.bias is not None:
        outputs = [output + bias for output, bias in zip(outputs, layer.bias, strict=True)]
    return torch.stack(outputs)
