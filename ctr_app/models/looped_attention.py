"""DIN's attention as torch differentiates it, worked out by the loops of ``kernels``, with its gradient.

Only for training on the CPU in float32 (``kernels.are_for``); ``din`` says the same in torch's own operators.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from .kernels import attention as loops
from .looped import BatchDice, array


class UnitLayer(NamedTuple):
    """A hidden layer of the local activation unit: weight (H, in), bias (H,), Dice's alpha (H,) and its norm."""

    weight: Tensor
    bias: Tensor
    alpha: Tensor
    norm: nn.BatchNorm1d


def real_items(ids: Tensor) -> tuple[Tensor, Tensor]:
    """Whose (P,) and which (P,) the ids (B, T) above 0 are, row by row."""
    rows, items = torch.empty(ids.numel(), dtype=torch.long), torch.empty(ids.numel(), dtype=torch.long)
    count = loops.real_items(ids.contiguous().numpy(), rows.numpy(), items.numpy())
    return rows[:count], items[:count]


def unit_scores(
    queries: Tensor, keys: Tensor, rows: Tensor, layers: Sequence[UnitLayer], weight: Tensor, bias: Tensor
) -> Tensor:
    """An MLP with Dice on [q, k, q - k, q * k], for keys k (P, D) and queries q (B, D) of their rows (P,): (P,).

    Its last part is ``weight`` (1, H) and ``bias`` (1,). The first layer's parts of q and q - k are worked out once
    for a row, and none of the four is written down. Running statistics of the norms take part of the batch's.
    """
    tensors = [tensor for layer in layers for tensor in layer[:3]]
    norms = [layer.norm for layer in layers]
    scores: Tensor = _UnitScores.apply(queries, keys, rows, norms, *tensors, weight, bias)
    return scores


def weighted_sums(weights: Tensor, keys: Tensor, rows: Tensor, num_rows: int) -> Tensor:
    """The sum of the keys (P, D) of each row times their weights (P,): (num_rows, D)."""
    sums: Tensor = _WeightedSums.apply(weights, keys, rows, num_rows)
    return sums


class _UnitScores(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, queries: Tensor, keys: Tensor, rows: Tensor, norms: list[nn.BatchNorm1d], *parameters: Tensor
    ) -> Tensor:
        *tensors, weight, bias = parameters
        ctx.first = _PairedLinear(array(queries), array(keys), rows.numpy(), tensors[0].detach())
        ctx.weight, ctx.layers = weight.detach(), []
        z, x = ctx.first.forward(tensors[1].detach()), torch.empty(0)
        for place, norm in enumerate(norms):
            if place:
                z = torch.addmm(tensors[3 * place + 1].detach(), x, tensors[3 * place].detach().t())
            dice = BatchDice(z, tensors[3 * place + 2])
            x = dice.forward(norm)
            ctx.layers.append((tensors[3 * place].detach(), dice, x))
        return torch.addmv(bias.detach(), x, ctx.weight[0])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        given, found = gradients[0], []
        found += [given.sum().view(1), torch.mv(ctx.layers[-1][2].t(), given).view(1, -1)]
        slopes = torch.outer(given, ctx.weight[0])
        for place in reversed(range(len(ctx.layers))):
            weight, dice, _ = ctx.layers[place]
            of_z, of_alpha = dice.backward(slopes)
            found.append(of_alpha)
            if place:
                found += [of_z.sum(dim=0), of_z.t() @ ctx.layers[place - 1][2]]
                slopes = of_z @ weight
        of_queries, of_keys, of_weight, of_bias = ctx.first.backward(of_z)
        return of_queries, of_keys, None, None, of_weight, of_bias, *reversed(found)


class _PairedLinear:
    """The first layer; of its weight's four parts A, B, C, D: (A + C) q + (B - C) k + D (q * k)."""

    def __init__(self, queries: np.ndarray, keys: np.ndarray, rows: np.ndarray, weight: Tensor) -> None:
        of_query, of_key, of_difference, of_product = weight.chunk(4, dim=1)
        self.by_row, self.by_item = of_query + of_difference, torch.cat([of_key - of_difference, of_product], dim=1)
        self.queries, self.rows = queries, rows
        self.pairs = torch.empty(len(keys), 2 * keys.shape[1])
        loops.pairs(queries, keys, rows, self.pairs.numpy())

    def forward(self, bias: Tensor) -> Tensor:
        """(P, H)."""
        out = self.pairs @ self.by_item.t()
        by_row = torch.addmm(bias, torch.from_numpy(self.queries), self.by_row.t())
        loops.add_rows(by_row.numpy(), self.rows, out.numpy())
        return out

    def backward(self, slopes: Tensor) -> tuple[Tensor, ...]:
        """Gradients of queries (B, D), keys (P, D), weight and bias from those of ``out`` (P, H)."""
        queries, width = torch.from_numpy(self.queries), self.queries.shape[1]
        by_rows = torch.zeros(len(queries), slopes.shape[1])
        loops.sum_rows(slopes.numpy(), self.rows, by_rows.numpy())
        of_queries, of_keys = by_rows @ self.by_row, torch.empty(len(slopes), width)
        of_pairs = slopes @ self.by_item
        read = of_pairs.numpy(), self.queries, self.pairs.numpy(), self.rows
        loops.pairs_backward(*read, of_queries.numpy(), of_keys.numpy())
        of_row, of_item = by_rows.t() @ queries, slopes.t() @ self.pairs
        of_key, of_product = of_item.chunk(2, dim=1)
        of_weight = torch.cat([of_row, of_key, of_row - of_key, of_product], dim=1)
        return of_queries, of_keys, of_weight, by_rows.sum(dim=0)


class _WeightedSums(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, weights: Tensor, keys: Tensor, rows: Tensor, num_rows: int) -> Tensor:
        ctx.read = array(weights), array(keys), rows.numpy()
        out = torch.zeros(num_rows, keys.shape[1])
        loops.pool(*ctx.read, out.numpy())
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        of_weights, of_keys = (np.empty_like(read) for read in ctx.read[:2])
        loops.pool_backward(array(gradients[0]), *ctx.read, of_weights, of_keys)
        return torch.from_numpy(of_weights), torch.from_numpy(of_keys), None, None
