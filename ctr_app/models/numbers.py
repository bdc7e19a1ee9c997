"""Numbers as vectors."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

HIDDEN = 16


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
