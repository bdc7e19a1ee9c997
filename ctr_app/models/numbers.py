"""Numbers as vectors."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..data.batch import FieldLayout
from ..data.settings import setting

HIDDEN = 16


def reading_setting() -> Any:
    """The setting of how a model reads numbers: see ``reading``."""
    return setting(
        "auto",
        "A number is read as it is, or through a small net of its own as a vector, so that crosses of it can bend; "
        "auto, as suits the fields: as a vector where most are numbers.",
        choices=("auto", "number", "vector"),
    )


def reading(choice: str, layout: FieldLayout) -> str:
    """How numbers are read, "number" or "vector": as the ``choice`` says, or by "auto" as suits the fields."""
    if choice == "auto":
        return "vector" if 2 * len(layout.numeric) > len(layout.field_names) else "number"
    return choice


class NumericEmbedding(nn.Module):
    """Each number through a small net of its own: W_i silu(u_i x_i + b_i) + c_i  (after Gorishniy et al. 2022, 3.4).

    What is a product of two such vectors can bend with both numbers; a product of two numbers is a plane, twisted.
    NOTE[DIFF]: SiLU for their ReLU, so that it bends smoothly.

    Args:
        num_fields: N, how many numbers there are.
        dim: D of each vector.
    """

    def __init__(self, num_fields: int, dim: int) -> None:
        super().__init__()
        self.slopes = nn.Parameter(torch.randn(num_fields, HIDDEN))  # u
        self.shifts = nn.Parameter(torch.randn(num_fields, HIDDEN))  # b
        self.weights = nn.Parameter(torch.randn(num_fields, HIDDEN, dim) / HIDDEN**0.5)  # W transposed
        self.biases = nn.Parameter(torch.zeros(num_fields, dim))  # c

    def forward(self, numbers: Tensor) -> Tensor:
        """(B, N) -> (B, N D), field by field."""
        hidden = functional.silu(torch.addcmul(self.shifts, numbers[:, :, None], self.slopes))  # (B, N, H)
        vectors = torch.baddbmm(self.biases[:, None, :], hidden.transpose(0, 1), self.weights)  # (N, B, D)
        return vectors.transpose(0, 1).reshape(len(numbers), self.biases.numel())
