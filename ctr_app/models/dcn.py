"""Deep & cross networks: DCN-V1 (vector), DCN-V2 (matrix) and DCN-Mix (low-rank experts)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from ..data.batch import Batch, FieldLayout
from ..data.settings import Config, setting
from . import kernels, looped
from .first_vectors import RANDOM, FirstVectors, first_vectors_setting
from .layers import MLP, FieldEmbedding, FieldInputs, Output, square_root_dims, uniform_dims
from .numbers import reading, reading_setting

# Crosses multiply vectors with vectors: from much smaller ones they begin on a plateau and miss pairs.
CROSS_EMBEDDING_STD = 0.2
# So many directions of all pairs together, of which each field takes its own, and how long they are there.
FIRST_DIM, FIRST_LENGTH = 16, 1.0


@dataclass(frozen=True)
class DCNConfig(Config):
    """Settings of a deep & cross network."""

    cross: str = setting(
        "matrix",
        "DCN-V1 crosses with a vector, DCN-V2 with a matrix, DCN-Mix with low-rank experts.",
        choices=("vector", "matrix", "mix"),
    )
    num_cross_layers: int = setting(2, "Each layer raises the order of the crosses by one.", minimum=1, maximum=8)
    structure: str = setting(
        "parallel", "The MLP beside the cross network, or stacked on top of it.", choices=("stacked", "parallel")
    )
    embedding_sizes: str = setting(
        "uniform",
        "One size for all fields, or growing as the square root of the vocabulary.",
        choices=("uniform", "sqrt"),
    )
    embedding_dim: int = setting(
        8, "Numbers in each value's vector; the largest size, where sizes grow.", minimum=2, maximum=256
    )
    numeric_embedding: str = reading_setting()
    mlp_sizes: tuple[int, ...] = setting(
        (128, 64), "Hidden sizes of the MLP; none for a cross network alone.", minimum=1, maximum=4096
    )
    dropout: float = setting(
        0.2, "Share of the MLP's units left out at random in each step.", group="learning", minimum=0.0, maximum=0.9
    )
    rank: int = setting(32, "DCN-Mix: rank of each expert.", minimum=1, maximum=512)
    num_experts: int = setting(4, "DCN-Mix: experts in each layer.", minimum=1, maximum=16)
    first_vectors: str = first_vectors_setting()


class CrossNetwork(Protocol):
    """What the three kinds of cross network share."""

    @property
    def num_layers(self) -> int:
        """Number of cross layers."""

    def layer(self, index: int, x0: Tensor, x: Tensor) -> Tensor:
        """One layer: x_0 and x_l (B, width) -> x_{l+1} (B, width)."""

    def all_layers(self, x0: Tensor) -> Tensor:
        """All layers after each other: x_0 (B, width) -> x_L (B, width)."""

    def implied_matrix(self, index: int, x: Tensor, /) -> Tensor:
        """W of the layer, or the matrix that stands for it at x_l (B, width); row = output, column = input."""


class CrossVector(nn.Module):
    """x_{l+1} = x_0 (x_l . w_l) + b_l + x_l  (Wang et al. 2017, equation 3)."""

    def __init__(self, width: int, num_layers: int) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.randn(num_layers, width) / width**0.5)
        self.biases = nn.Parameter(torch.zeros(num_layers, width))

    def layer(self, index: int, x0: Tensor, x: Tensor) -> Tensor:
        """One layer: x_0 and x_l (B, width) -> x_{l+1} (B, width)."""
        return x0 * (x @ self.weights[index])[:, None] + self.biases[index] + x

    def all_layers(self, x0: Tensor) -> Tensor:
        """All layers after each other: x_0 (B, width) -> x_L (B, width)."""
        if self.training and kernels.are_for(self.weights):
            return looped.cross_vectors(x0, self.weights, self.biases)
        return after_each_other(self, x0)

    @property
    def num_layers(self) -> int:
        """Number of cross layers."""
        return len(self.weights)

    def implied_matrix(self, index: int, _x: Tensor) -> Tensor:
        """The matrix that the layer's vector implies, (width, width): each output reads the same w."""
        return self.weights[index].expand(len(self.weights[index]), -1)


class CrossMatrix(nn.Module):
    """x_{l+1} = x_0 * (W_l x_l + b_l) + x_l  (Wang et al. 2021, equation 1)."""

    def __init__(self, width: int, num_layers: int) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.empty(num_layers, width, width))
        for weight in self.weights.data:
            nn.init.xavier_normal_(weight, gain=0.5)
        self.biases = nn.Parameter(torch.zeros(num_layers, width))

    def layer(self, index: int, x0: Tensor, x: Tensor) -> Tensor:
        """One layer: x_0 and x_l (B, width) -> x_{l+1} (B, width)."""
        return x0 * torch.addmm(self.biases[index], x, self.weights[index].T) + x

    def all_layers(self, x0: Tensor) -> Tensor:
        """All layers after each other: x_0 (B, width) -> x_L (B, width)."""
        if self.training and kernels.are_for(self.weights):
            return looped.cross_matrices(x0, self.weights, self.biases)
        return after_each_other(self, x0)

    @property
    def num_layers(self) -> int:
        """Number of cross layers."""
        return len(self.weights)

    def implied_matrix(self, index: int, _x: Tensor) -> Tensor:
        """W of the layer, (width, width): row = output, column = input."""
        return self.weights[index]


class CrossMix(nn.Module):
    """x_{l+1} = sum_k G_k(x_l) x_0 * (U_k tanh(C_k tanh(V_k^T x_l)) + b) + x_l  (Wang et al. 2021, equations 3, 4).

    G is a softmax over the experts of a linear gate, shared by the layers.
    """

    def __init__(self, width: int, num_layers: int, rank: int, num_experts: int) -> None:
        super().__init__()
        self.into = nn.Parameter(_xavier(num_layers, num_experts, width, rank))  # V
        self.within = nn.Parameter(_xavier(num_layers, num_experts, rank, rank))  # C transposed
        self.out = nn.Parameter(_xavier(num_layers, num_experts, rank, width))  # U transposed
        self.biases = nn.Parameter(torch.zeros(num_layers, width))
        self.gate = nn.Linear(width, num_experts, bias=False)

    def gates(self, x: Tensor) -> Tensor:
        """How far each expert's gate opens, (B, K), summing to 1 over the K experts."""
        return torch.softmax(self.gate(x), dim=1)

    def layer(self, index: int, x0: Tensor, x: Tensor) -> Tensor:
        """One layer: x_0 and x_l (B, width) -> x_{l+1} (B, width)."""
        num_experts, width, rank = self.into[index].shape
        into = self.into[index].transpose(0, 1).reshape(width, num_experts * rank)
        low = torch.tanh(x @ into).view(-1, num_experts, rank).transpose(0, 1)  # (K, B, r)
        low = torch.tanh(torch.bmm(low, self.within[index])).transpose(0, 1)  # (B, K, r)
        # The gate may as well scale what goes into U_k: the sum over experts is then one matrix product.
        gated = (low * self.gates(x)[:, :, None]).reshape(-1, num_experts * rank)
        mixed = torch.addmm(self.biases[index], gated, self.out[index].reshape(num_experts * rank, width))
        return torch.addcmul(x, x0, mixed)

    def all_layers(self, x0: Tensor) -> Tensor:
        """All layers after each other: x_0 (B, width) -> x_L (B, width)."""
        return after_each_other(self, x0)

    @property
    def num_layers(self) -> int:
        """Number of cross layers."""
        return len(self.into)

    def implied_matrix(self, index: int, x: Tensor) -> Tensor:
        """The matrix (width, width) that the layer is near zero: tanh as the identity, and the mean gates over x."""
        gates = self.gates(x).mean(dim=0)
        return torch.einsum("k,kdr,krs,kse->ed", gates, self.into[index], self.within[index], self.out[index])


class DCN(nn.Module):
    """Cross network and MLP over all fields side by side, stacked or parallel."""

    def __init__(self, layout: FieldLayout, config: DCNConfig) -> None:
        super().__init__()
        self.layout = layout
        self.first_dim = 0 if config.first_vectors == RANDOM else FIRST_DIM
        sizes = square_root_dims if config.embedding_sizes == "sqrt" else uniform_dims
        embedding = FieldEmbedding(layout, sizes(layout, config.embedding_dim), std=CROSS_EMBEDDING_STD)
        has_vectors = reading(config.numeric_embedding, layout) == "vector"
        self.inputs = FieldInputs(embedding, config.embedding_dim if has_vectors else None)
        width = self.inputs.width
        self.cross: CrossNetwork = cross_network(width, config)
        self.mlp = MLP(width, config.mlp_sizes, dropout=config.dropout)
        self.is_stacked = config.structure == "stacked"
        self.output = Output(self.mlp.out_dim + (0 if self.is_stacked else width))

    @torch.no_grad()
    def begin(self, first: Mapping[str, FirstVectors]) -> None:
        """Add to the random vectors of values each field's own leading directions among first vectors.

        Where some values of these fields have none, all stay random: on Frappe a start of some was no gain.
        """
        of_values = {name: known for name, known in first.items() if name in self.layout.categorical}
        if not all(known.are_all for known in of_values.values()):
            return
        for name, known in of_values.items():
            weight = self.inputs.embedding.weight(name)  # (V, D)
            vectors = torch.from_numpy(known.directions(weight.shape[1], FIRST_LENGTH)).to(weight)
            weight.index_add_(0, torch.from_numpy(known.ids).to(weight.device).long(), vectors)

    def head(self, x0: Tensor, crossed: Tensor) -> Tensor:
        """Logits (B,) from the inputs and the last cross layer, each (B, width)."""
        if self.is_stacked:
            return self.output(self.mlp(crossed))
        return self.output(torch.cat([crossed, self.mlp(x0)], dim=1))

    def cross_states(self, x0: Tensor) -> list[Tensor]:
        """x_0, x_1, ..., x_L of the cross network, each (B, width)."""
        states = [x0]
        for index in range(self.cross.num_layers):
            states.append(self.cross.layer(index, x0, states[-1]))
        return states

    def forward(self, batch: Batch) -> Tensor:
        """Logits (B,)."""
        x0 = self.inputs(batch)
        return self.head(x0, self.cross.all_layers(x0))


def after_each_other(cross: CrossNetwork, x0: Tensor) -> Tensor:
    """All layers of ``cross``, one by one: x_0 (B, width) -> x_L (B, width)."""
    x = x0
    for index in range(cross.num_layers):
        x = cross.layer(index, x0, x)
    return x


def cross_network(width: int, config: DCNConfig) -> CrossVector | CrossMatrix | CrossMix:
    """The cross network that the settings ask for; an expert's rank is at most ``width``."""
    if config.cross == "mix":
        return CrossMix(width, config.num_cross_layers, min(config.rank, width), config.num_experts)
    if config.cross == "vector":
        return CrossVector(width, config.num_cross_layers)
    return CrossMatrix(width, config.num_cross_layers)


def _xavier(*shape: int) -> Tensor:
    scale = (2.0 / (shape[-1] + shape[-2])) ** 0.5
    return scale * torch.randn(*shape)
