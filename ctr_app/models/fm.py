"""Factorization machine (Rendle 2010)."""

from __future__ import annotations

from dataclasses import dataclass

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
        self.linear = FieldEmbedding(layout, uniform_dims(layout, 1), std=0.0)
        self.factors = FieldEmbedding(layout, uniform_dims(layout, config.embedding_dim))
        self.numeric_linear = nn.Parameter(torch.zeros(len(layout.numeric)))
        self.numeric_factors = nn.Parameter(0.01 * torch.randn(len(layout.numeric), config.embedding_dim))

    def field_vectors(self, batch: Batch) -> Tensor:
        """x_i v_i of each field, (B, F, D), in the order of the layout."""
        parts = [batch.numeric[:, :, None] * self.numeric_factors]
        parts += [vectors[:, None] for vectors in self.factors.categorical(batch)]
        parts += [self.factors.pooled(batch, s.name)[:, None] for s in self.layout.sequences]
        return torch.cat(parts, dim=1)

    def linear_terms(self, batch: Batch) -> Tensor:
        """w_i x_i of each field, (B, F), in the order of the layout."""
        parts = [batch.numeric * self.numeric_linear, *self.linear.categorical(batch)]
        return torch.cat(parts + [self.linear.pooled(batch, s.name) for s in self.layout.sequences], dim=1)

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B,)."""
        return self.bias + self.linear_terms(batch).sum(dim=1) + pairwise_sum(self.field_vectors(batch))


def pairwise_sum(vectors: Tensor) -> Tensor:
    """Sum over pairs i < j of <v_i, v_j>, (B, F, D) -> (B,), in O(F D) (Rendle 2010, lemma 3.1)."""
    return 0.5 * (vectors.sum(dim=1).square() - vectors.square().sum(dim=1)).sum(dim=1)
