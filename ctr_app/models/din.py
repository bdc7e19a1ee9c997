"""Deep interest network (Zhou et al. 2018)."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..data.batch import Batch, FieldLayout, SequenceField
from ..data.errors import InputError
from .layers import MLP, FieldEmbedding, uniform_dims
from .settings import Config, setting


@dataclass(frozen=True)
class DINConfig(Config):
    """Settings of a deep interest network."""

    embedding_dim: int = setting(16, "Numbers in each value's vector, history items included.", minimum=1, maximum=256)
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
    """

    def __init__(self, dim: int, sizes: tuple[int, ...], activation_name: str) -> None:
        super().__init__()
        self.mlp = MLP(4 * dim, sizes, activation_name=activation_name, batch_norm=False)
        self.output = nn.Linear(self.mlp.out_dim, 1)
        self.scale = dim**-0.5

    def forward(self, queries: Tensor, keys: Tensor) -> Tensor:
        """Candidates and items (P, D) -> scores (P,)."""
        features = torch.cat([queries, keys, queries - keys, queries * keys], dim=1)
        return self.output(self.mlp(features)).squeeze(1) * self.scale


class DIN(nn.Module):
    """Every field's vector, histories pooled by attention to their candidate, through an MLP.

    ``groups`` lists the attention groups; each is a list of histories that attend together, each with its candidate.
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
        self.embedding = FieldEmbedding(layout, uniform_dims(layout, config.embedding_dim), std=0.1)
        self.attention = nn.ModuleList(
            LocalActivationUnit(len(group) * config.embedding_dim, config.attention_sizes, config.attention_activation)
            for group in self.groups
        )
        width = len(layout.numeric) + config.embedding_dim * (len(layout.categorical) + len(layout.sequences))
        self.mlp = MLP(width, config.mlp_sizes, activation_name=config.mlp_activation, dropout=config.dropout)
        self.output = nn.Linear(self.mlp.out_dim, 1)

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B,)."""
        fields = self.embedding.categorical(batch)
        pooled = [self._attend(batch, fields, index)[0] for index in range(len(self.groups))]
        others = [self.embedding.pooled(batch, name) for name in self.pooled_only]
        return self.output(self.mlp(torch.cat([batch.numeric, *fields, *pooled, *others], dim=1))).squeeze(1)

    def attention_weights(self, batch: Batch) -> list[Tensor]:
        """One (B, T) per group: the weight of each history position, 0 where it is padded."""
        fields = self.embedding.categorical(batch)
        return [self._attend(batch, fields, index)[1] for index in range(len(self.groups))]

    def _attend(self, batch: Batch, fields: list[Tensor], index: int) -> tuple[Tensor, Tensor]:
        """Pooled histories (B, G D) of a group of G histories, and their weights (B, T)."""
        group = self.groups[index]
        queries, keys, rows, is_real = self._real_positions(batch, fields, group)
        scores = self.attention[index](queries[rows], keys)
        weights = segment_softmax(scores, rows, len(batch)) if self.is_softmax else torch.sigmoid(scores)
        pooled = queries.new_zeros(len(batch), keys.shape[1]).index_add(0, rows, weights[:, None] * keys)
        placed = queries.new_zeros(is_real.shape).masked_scatter(is_real, weights)
        return pooled, placed

    def _real_positions(
        self, batch: Batch, fields: list[Tensor], group: list[SequenceField]
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Candidates (B, G D), items (P, G D), the row (P,) of each item, and which positions are real, (B, T)."""
        width = min(history.max_length for history in group)
        ids = [batch.sequences[history.name][:, :width] for history in group]
        is_real = torch.stack([part > 0 for part in ids]).all(dim=0)
        rows = is_real.nonzero()[:, 0]
        keys = [self.embedding.lookup(h.name, part[is_real]) for h, part in zip(group, ids, strict=True)]
        queries = [fields[self.layout.categorical.index(history.candidate or "")] for history in group]
        return torch.cat(queries, dim=1), torch.cat(keys, dim=1), rows, is_real


def segment_softmax(scores: Tensor, rows: Tensor, num_rows: int) -> Tensor:
    """Softmax of (P,) scores among those of the same row; ``rows`` (P,) says whose each is."""
    highest = scores.new_full((num_rows,), -torch.inf).scatter_reduce(0, rows, scores.detach(), "amax")
    exponentials = torch.exp(scores - highest[rows])
    totals = scores.new_zeros(num_rows).index_add(0, rows, exponentials)
    return exponentials / totals[rows]
