"""Factorization machine (Rendle 2010)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from ..data.batch import Batch, FieldLayout
from ..data.settings import Config, setting
from . import kernels
from .first_vectors import RANDOM, FirstVectors, first_vectors_setting
from .kernels import fm as loops
from .layers import EMBEDDING_STD, FieldEmbedding, uniform_dims
from .numbers import NumericEmbedding, reading, reading_setting
from .rows import TouchedRows, add_touched, gather_rows

# Vectors of numbers begin smaller than their nets would have them: FM multiplies each with all others.
NUMBER_SCALE = 0.1


@dataclass(frozen=True)
class FMConfig(Config):
    """Settings of a factorization machine."""

    embedding_dim: int = setting(
        16, "Numbers in each value's vector; more can tell more pairs apart.", minimum=1, maximum=512
    )
    numeric_embedding: str = reading_setting()
    first_vectors: str = first_vectors_setting()


class FM(nn.Module):
    """w0 + sum_i w_i x_i + sum_{i<j} <v_i, v_j> x_i x_j  (Rendle 2010, equation 1).

    A categorical field is one x of 1; a numeric field is x_i v_i; a sequence of n items is n features of 1/n each,
    taken as one field, so that its items do not interact among themselves.
    NOTE[DIFF]: with ``numeric_embedding`` "vector" small nets give w_i x_i and v_i x_i, so that pairs of numbers bend.
    """

    def __init__(self, layout: FieldLayout, config: FMConfig) -> None:
        super().__init__()
        self.layout = layout
        self.bias = nn.Parameter(torch.zeros(()))
        # w and v side by side, so that both are one gather: column 0 is w, the others are v.
        self.embedding = FieldEmbedding(layout, uniform_dims(layout, 1 + config.embedding_dim))
        self.numbers = _numbers(layout, config)
        is_random = config.first_vectors == RANDOM or self.numbers is not None
        self.first_dim = 0 if is_random else config.embedding_dim
        num_linear = len(layout.numeric) if self.numbers is None else 0
        self.numeric = nn.Parameter(EMBEDDING_STD * torch.randn(num_linear, 1 + config.embedding_dim))
        with torch.no_grad():
            for weights in (self.numeric, *self.embedding.matrices().values()):
                weights[:, 0] = 0.0

    @torch.no_grad()
    def begin(self, first: Mapping[str, FirstVectors]) -> None:
        """Add first vectors of ``first_dim`` numbers to the small random ones of v."""
        for name, known in first.items():
            vectors = torch.from_numpy(known.vectors).to(self.bias)
            if name in self.layout.numeric:
                self.numeric[self.layout.numeric.index(name), 1:] += vectors[0]
            else:
                self.factors(name).index_add_(0, torch.from_numpy(known.ids).to(self.bias.device).long(), vectors)

    def terms(self, batch: Batch) -> Tensor:
        """x_i w_i and x_i v_i of each field, (B, F, 1 + D), in the order of the layout."""
        numeric = self._numeric(batch.numeric)
        if self.layout.categorical:
            matrix, offsets = self.embedding.the_matrix()
            categorical = [gather_rows(matrix, batch.categorical + offsets)]
        else:
            categorical = []
        return torch.cat([numeric, *categorical, self._pooled(batch)], dim=1)

    def number_vectors(self, field: str, numbers: Tensor) -> Tensor:
        """x_i v_i of each of the ``numbers`` (K,) of a numeric field, (K, D)."""
        place = self.layout.numeric.index(field)
        every = numbers.new_zeros(len(numbers), len(self.layout.numeric))
        every[:, place] = numbers
        return self._numeric(every)[:, place, 1:]

    def _numeric(self, numbers: Tensor) -> Tensor:
        """The terms of the numeric fields (B, N), (B, N, 1 + D)."""
        if self.numbers is None:
            return numbers[:, :, None] * self.numeric
        return self.numbers(numbers).view(*numbers.shape, self.numeric.shape[1])

    def _pooled(self, batch: Batch) -> Tensor:
        """The terms of the sequence fields, (B, S, 1 + D)."""
        pooled = [self.embedding.pooled(batch, sequence.name) for sequence in self.layout.sequences]
        return torch.stack(pooled, dim=1) if pooled else batch.numeric.new_zeros(len(batch), 0, self.numeric.shape[1])

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
        if self.layout.categorical and kernels.are_for(self.numeric):
            matrix, offsets = self.embedding.the_matrix()
            numbers, others = batch.numeric, self._pooled(batch)
            if self.numbers is not None:
                numbers, others = numbers[:, :0], torch.cat([self._numeric(numbers), others], dim=1)
            looped: Tensor = _LoopedLogits.apply(matrix, batch.categorical, offsets, numbers, self.numeric, others)
            return self.bias + looped
        return self.bias + linear_and_pairwise(self.terms(batch))


def _numbers(layout: FieldLayout, config: FMConfig) -> NumericEmbedding | None:
    """What makes w and v of numbers, where they are read as vectors; small and without w at first, as all others."""
    if not layout.numeric or reading(config.numeric_embedding, layout) == "number":
        return None
    numbers = NumericEmbedding(len(layout.numeric), 1 + config.embedding_dim)
    with torch.no_grad():
        numbers.weights.mul_(NUMBER_SCALE)
        numbers.weights[:, :, 0] = 0.0
    return numbers


def linear_and_pairwise(terms: Tensor) -> Tensor:
    """Sum of w_i x_i over fields and of <v_i x_i, v_j x_j> over pairs i < j: (B, F, 1 + D) -> (B,).

    In O(F D): half of the square of the sum less the sum of the squares (Rendle 2010, lemma 3.1).
    """
    sums = terms.sum(dim=1)  # (B, 1 + D)
    squares = terms.square().sum(dim=1)
    return sums[:, 0] + 0.5 * (sums[:, 1:].square() - squares[:, 1:]).sum(dim=1)


class _LoopedLogits(torch.autograd.Function):
    """``linear_and_pairwise`` of all terms by ``kernels.fm``, with its gradient by hand."""

    @staticmethod
    def forward(
        ctx: Any, matrix: Tensor, ids: Tensor, offsets: Tensor, numbers: Tensor, numeric: Tensor, pooled: Tensor
    ) -> Tensor:
        sums, logits = torch.empty(len(ids), matrix.shape[1]), torch.empty(len(ids))
        read = (matrix.detach(), ids, offsets, numbers, numeric.detach(), pooled.detach(), sums)
        ctx.matrix = matrix
        ctx.read = [tensor.contiguous().numpy() for tensor in read]
        loops.forward(*ctx.read, logits.numpy())
        return logits

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        slopes = gradients[0].contiguous().numpy()
        _, ids, _, _, numeric, pooled, _ = ctx.read
        of_numeric, of_pooled = np.zeros_like(numeric), np.empty_like(pooled)

        def add(t: TouchedRows) -> int:
            return loops.backward(*ctx.read, slopes, of_numeric, of_pooled, t.slots, t.rows, t.sums, t.count)

        of_matrix = add_touched(ctx.matrix, ids.size, add)
        return of_matrix, None, None, None, torch.from_numpy(of_numeric), torch.from_numpy(of_pooled)
