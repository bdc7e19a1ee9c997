"""Factorization machine (Rendle 2010)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from ..data.batch import Batch, FieldLayout
from .layers import FieldEmbedding, uniform_dims
from .settings import Config, setting


@dataclass(frozen=True)
class FMConfig(Config):
    """Settings of a factorization machine."""

    embedding_dim: int = setting(
        16, "Numbers in each value's vector; more can tell more pairs apart.", minimum=1, maximum=512
    )


class FM(nn.Module):
    """w0 + sum_i w_i x_i + sum_{i<j} <v_i, v_j> x_i x_j  (Rendle 2010, equation 1).

    A categorical field is one x of 1; a numeric field is x_i v_i; a sequence of n items is n features of 1/n each,
    taken as one field, so that its items do not interact among themselves.
    """

    def __init__(self, layout: FieldLayout, config: FMConfig) -> None:
        super().__init__()
        self.layout = layout
        self.bias = nn.Parameter(torch.zeros(()))
        # w and v side by side, so that both are one gather: column 0 is w, the others are v.
        self.embedding = FieldEmbedding(layout, uniform_dims(layout, 1 + config.embedding_dim))
        self.numeric = nn.Parameter(0.01 * torch.randn(len(layout.numeric), 1 + config.embedding_dim))
        with torch.no_grad():
            for weights in (self.numeric, *self.embedding.matrices().values()):
                weights[:, 0] = 0.0

    def terms(self, batch: Batch) -> Tensor:
        """x_i w_i and x_i v_i of each field, (B, F, 1 + D), in the order of the layout."""
        parts = [batch.numeric[:, :, None] * self.numeric, *self.embedding.stacked(batch)]
        parts += [self.embedding.pooled(batch, s.name)[:, None] for s in self.layout.sequences]
        return torch.cat(parts, dim=1)

    def field_vectors(self, batch: Batch) -> Tensor:
        """x_i v_i of each field, (B, F, D), in the order of the layout."""
        return self.terms(batch)[:, :, 1:]

    def linear_terms(self, batch: Batch) -> Tensor:
        """w_i x_i of each field, (B, F), in the order of the layout."""
        return self.terms(batch)[:, :, 0]

    def linear_weights(self, field: str) -> Tensor:
        """w of every value of a categorical or sequence field, (V,)."""
        return self.embedding.weight(field)[:, 0]

    def factors(self, field: str) -> Tensor:
        """v of every value of a categorical or sequence field, (V, D)."""
        return self.embedding.weight(field)[:, 1:]

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B,)."""
        return self.bias + linear_and_pairwise(self.terms(batch))


def linear_and_pairwise(terms: Tensor) -> Tensor:
    """Sum of w_i x_i over fields and of <v_i x_i, v_j x_j> over pairs i < j: (B, F, 1 + D) -> (B,).

    In O(F D): half of the square of the sum less the sum of the squares (Rendle 2010, lemma 3.1).
    """
    total: Tensor = _LinearAndPairwise.apply(terms)
    return total


class _LinearAndPairwise(torch.autograd.Function):
    """With its gradient by hand, equation 4 of the paper: 1 for w_i x_i, and the sum of the others for v_i x_i."""

    @staticmethod
    def forward(ctx: Any, terms: Tensor) -> Tensor:
        sums = terms.sum(dim=1)  # (B, 1 + D)
        ctx.save_for_backward(terms, sums)
        squares = terms.square().sum(dim=1)
        return sums[:, 0] + 0.5 * (sums[:, 1:].square() - squares[:, 1:]).sum(dim=1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        terms, sums = ctx.saved_tensors
        slopes: Tensor = sums[:, None] - terms
        slopes[:, :, 0] = 1.0
        return slopes.mul_(gradients[0][:, None, None])
