"""Deep interest network (Zhou et al. 2018)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from ..data.batch import Batch, FieldLayout
from ..data.errors import InputError
from ..data.settings import Config, setting
from . import kernels
from .layers import MLP, Dice, FieldEmbedding, Hidden, Output, full_precision, uniform_dims
from .looped_attention import UnitLayer, real_items, unit_scores, weighted_sums


@dataclass(frozen=True)
class DINConfig(Config):
    """Settings of a deep interest network."""

    embedding_dim: int = setting(32, "Numbers in each value's vector, history items included.", minimum=1, maximum=256)
    attention_sizes: tuple[int, ...] = setting(
        (32, 16), "Hidden sizes of the local activation unit.", minimum=1, maximum=1024
    )
    attention_activation: str = setting(
        "dice", "Activation inside the local activation unit.", choices=("dice", "prelu", "relu")
    )
    attention_weights: str = setting(
        "sigmoid",
        "Sigmoid keeps the intensity of interest; softmax makes weights sum to 1.",
        choices=("sigmoid", "softmax"),
    )
    attention_groups: str = setting(
        "separate", "Each history has its own attention, or all share one.", choices=("separate", "joint")
    )
    mlp_sizes: tuple[int, ...] = setting((64, 32), "Hidden sizes of the MLP.", minimum=1, maximum=4096)
    mlp_activation: str = setting("dice", "Activation of the MLP.", choices=("dice", "prelu", "relu"))
    dropout: float = setting(
        0.1, "Share of the MLP's units left out at random in each step.", group="learning", minimum=0.0, maximum=0.9
    )


class LocalActivationUnit(nn.Module):
    """How much one history item matters for the candidate: an MLP on [q, k, q - k, q * k] (Zhou et al. 2018, figure 2).

    It is given real positions only, one row each, so that no padded position can touch a result or a statistic.
    NOTE[DIFF]: the figure has an outer product between q and k; difference, product and the scale 1 / sqrt(D) are
    those of the authors' code.
    """

    def __init__(self, dim: int, sizes: tuple[int, ...], activation_name: str) -> None:
        super().__init__()
        self.mlp = MLP(4 * dim, sizes, activation_name=activation_name, batch_norm=False)
        self.output = Output(self.mlp.out_dim)
        self.scale = dim**-0.5
        self.is_dice = activation_name == "dice"

    def forward(self, queries: Tensor, keys: Tensor, rows: Tensor) -> Tensor:
        """Candidates (B, D), items (P, D) and whose they are, ``rows`` (P,) -> scores (P,)."""
        with full_precision(keys):
            if self.is_dice and self.training and len(keys) > 1 and kernels.are_for(keys):
                layers = [_unit_layer(hidden) for hidden in self.mlp.hidden]
                scores = unit_scores(queries, keys, rows, layers, self.output.weight, self.output.bias)
            else:
                q = queries.index_select(0, rows)
                scores = self.output(self.mlp(torch.cat([q, keys, q - keys, q * keys], dim=1)))
            return scores * self.scale


def _unit_layer(hidden: Hidden) -> UnitLayer:
    dice = cast(Dice, hidden.activation)
    return UnitLayer(hidden.linear.weight, hidden.linear.bias, dice.alpha, dice.norm)


@dataclass(frozen=True)
class Attended:
    """One group after attention: pooled (B, G D), weights (P,), and the places (B, T) of those P in each history."""

    pooled: Tensor
    weights: Tensor
    places: list[Tensor]


class DIN(nn.Module):
    """Every field's vector, histories pooled by attention to their candidate, through an MLP.

    A history pools to sum_j a(e_j, v) e_j over its items e_j, for the candidate v (Zhou et al. 2018, equation 3).

    ``groups`` lists the attention groups; each is a list of histories that attend together, each with its candidate.

    NOTE[DIFF]: the paper leaves the weights as they come; here a sigmoid keeps them in [0, 1] without making them sum
    to 1, so that they still tell how intense an interest is, and none is negative.

    Raises:
        InputError: if the layout has no history joined to a candidate field.
    """

    def __init__(self, layout: FieldLayout, config: DINConfig) -> None:
        super().__init__()
        histories = [sequence for sequence in layout.sequences if sequence.candidate]
        if not histories:
            raise InputError(
                "DIN compares a history with the item on offer, and this data set has no history joined to a candidate "
                "field; choose FM or DCN, or mark a sequence column and its candidate on the Data page."
            )
        self.layout = layout
        self.groups = [histories] if config.attention_groups == "joint" else [[history] for history in histories]
        self.pooled_only = [sequence.name for sequence in layout.sequences if not sequence.candidate]
        self.is_softmax = config.attention_weights == "softmax"
        self.embedding = FieldEmbedding(layout, uniform_dims(layout, config.embedding_dim))
        self.attention = nn.ModuleList(
            LocalActivationUnit(len(group) * config.embedding_dim, config.attention_sizes, config.attention_activation)
            for group in self.groups
        )
        width = len(layout.numeric) + config.embedding_dim * (len(layout.categorical) + len(layout.sequences))
        self.mlp = MLP(width, config.mlp_sizes, activation_name=config.mlp_activation, dropout=config.dropout)
        self.output = Output(self.mlp.out_dim)

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B,)."""
        fields = self.embedding.categorical(batch)
        pooled = [self._attend(batch, fields, index).pooled for index in range(len(self.groups))]
        others = [self.embedding.pooled(batch, name) for name in self.pooled_only]
        return self.output(self.mlp(torch.cat([batch.numeric, *fields, *pooled, *others], dim=1)))

    def attention_weights(self, batch: Batch) -> list[Tensor]:
        """One (B, T) per history, group by group: the weight of each position, 0 where it is padded."""
        fields = self.embedding.categorical(batch)
        attended = [self._attend(batch, fields, index) for index in range(len(self.groups))]
        return [
            torch.zeros_like(places, dtype=group.weights.dtype).masked_scatter(places, group.weights)
            for group in attended
            for places in group.places
        ]

    def _attend(self, batch: Batch, fields: list[Tensor], index: int) -> Attended:
        """Attention of one group of G histories to their candidates."""
        group = self.groups[index]
        places = positions_together([batch.sequences[history.name] for history in group])
        queries = torch.cat([fields[self.layout.categorical.index(h.candidate or "")] for h in group], dim=1)
        found = [self._items(batch.sequences[h.name], at) for h, at in zip(group, places, strict=True)]
        rows = found[0][0]
        keys = torch.cat(
            [self.embedding.lookup(h.name, items) for h, (_, items) in zip(group, found, strict=True)], dim=1
        )
        scores = self.attention[index](queries, keys, rows)
        weights = segment_softmax(scores, rows, len(batch)) if self.is_softmax else torch.sigmoid(scores)
        if kernels.are_for(keys):
            pooled = weighted_sums(weights, keys, rows, len(batch))
        else:
            pooled = torch.zeros_like(queries).index_add(0, rows, weights[:, None] * keys)
        return Attended(pooled, weights, places)

    def _items(self, ids: Tensor, places: Tensor) -> tuple[Tensor, Tensor]:
        """Whose (P,) and which (P,) the ids (B, T) at ``places``, bool (B, T), are, row by row."""
        if kernels.are_for(self.output.weight):
            return real_items(torch.where(places, ids, 0))
        return places.nonzero()[:, 0], ids[places]


def positions_together(histories: list[Tensor]) -> list[Tensor]:
    """Which positions, bool (B, T) each, of histories of ids (B, T) attend together: their most recent real items.

    Of histories of different lengths the longer's oldest items find no partner and are left out.
    """
    real = [ids > 0 for ids in histories]
    if len(real) == 1:
        return real
    shortest = torch.stack([part.sum(dim=1) for part in real]).amin(dim=0)
    return [part & (part.flip(1).cumsum(1).flip(1) <= shortest[:, None]) for part in real]


def segment_softmax(scores: Tensor, rows: Tensor, num_rows: int) -> Tensor:
    """Softmax of (P,) scores among those of the same row; ``rows`` (P,) says whose each is."""
    highest = scores.new_full((num_rows,), -torch.inf).scatter_reduce(0, rows, scores.detach(), "amax")
    exponentials = torch.exp(scores - highest.index_select(0, rows))
    totals = scores.new_zeros(num_rows).index_add(0, rows, exponentials)
    return exponentials / totals.index_select(0, rows)
