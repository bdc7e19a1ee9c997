"""The parts that models are composed of.

Shapes, here and in the models: B rows of a batch, F fields, N numeric fields, C categorical fields, S sequence
fields, T items of a history, D embedding dimension, P real (not padded) history positions of a batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..data.batch import Batch, FieldLayout
from . import kernels, looped
from .numbers import NumericEmbedding
from .rows import gather_rows, mean_rows, side_by_side

EMBEDDING_STD = 0.01


class FieldEmbedding(nn.Module):
    """One vector per value of every categorical and sequence field.

    Tables of equal width lie in one matrix, one after the other, so that a batch is one gather. A sequence is the
    mean of its real items' vectors (zero if it has none), from the table of its candidate if it has one.

    Args:
        layout: the fields.
        dims: width D of each table, by the table's name.
        std: standard deviation of the initial vectors.
    """

    def __init__(self, layout: FieldLayout, dims: dict[str, int], std: float = EMBEDDING_STD) -> None:
        super().__init__()
        self.layout = layout
        self.dims = dims
        self.offsets: dict[str, int] = {}
        rows: dict[int, int] = {}
        for table, size in layout.vocabulary_sizes.items():
            self.offsets[table] = rows.get(dims[table], 0)
            rows[dims[table]] = self.offsets[table] + size
        self.tables = nn.ModuleDict({str(dim): nn.Embedding(count, dim) for dim, count in rows.items()})
        for dim in rows:
            nn.init.normal_(self._matrix(dim).weight, std=std)
        self._columns = {dim: [i for i, name in enumerate(layout.categorical) if dims[name] == dim] for dim in rows}
        for dim, columns in self._columns.items():
            offsets = torch.tensor([self.offsets[layout.categorical[i]] for i in columns], dtype=torch.long)
            self.register_buffer(f"offsets_{dim}", offsets, persistent=False)

    def weight(self, field: str) -> Tensor:
        """The vectors of the vocabulary of ``field``, (V, D), a view into the matrix."""
        table = self.layout.table_of(field)
        start = self.offsets[table]
        return self._matrix(self.dims[table]).weight[start : start + self.layout.vocabulary_sizes[table]]

    def lookup(self, field: str, ids: Tensor) -> Tensor:
        """Vectors (..., D) of the given ids of one field."""
        table = self.layout.table_of(field)
        return gather_rows(self._matrix(self.dims[table]).weight, ids + self.offsets[table])

    def categorical(self, batch: Batch) -> list[Tensor]:
        """C tensors (B, D), in the order of the layout."""
        found: list[Tensor] = [torch.empty(0)] * len(self.layout.categorical)
        for dim, columns in self._columns.items():
            if columns:
                chosen = batch.categorical if len(columns) == len(found) else batch.categorical[:, columns]
                ids = chosen + self.get_buffer(f"offsets_{dim}")
                vectors = gather_rows(self._matrix(dim).weight, ids).unbind(dim=1)  # C' of (B, D)
                for position, column in enumerate(columns):
                    found[column] = vectors[position]
        return found

    def beside(self, batch: Batch) -> Tensor:
        """Numbers and the vectors of all categorical fields side by side, (B, width), in the order of the layout."""
        widths = [dim for dim, columns in self._columns.items() if columns]
        if len(widths) != 1:
            return torch.cat([batch.numeric, *self.categorical(batch)], dim=1)
        (dim,) = widths
        offsets = self.get_buffer(f"offsets_{dim}")
        return side_by_side(self._matrix(dim).weight, batch.categorical, offsets, batch.numeric)

    def the_matrix(self) -> tuple[Tensor, Tensor]:
        """The one matrix (V, D) and the offsets (C,) of the categorical fields in it; for tables of one width only."""
        (dim,) = self._columns
        return self._matrix(dim).weight, self.get_buffer(f"offsets_{dim}")

    def pooled(self, batch: Batch, field: str) -> Tensor:
        """Mean (B, D) over the real items of a sequence field; a zero vector where there is none."""
        table = self.layout.table_of(field)
        return mean_rows(self._matrix(self.dims[table]).weight, batch.sequences[field], self.offsets[table])

    def matrices(self) -> dict[str, nn.Parameter]:
        """Every embedding matrix, by its width as text."""
        return {dim: cast(nn.Parameter, cast(nn.Embedding, table).weight) for dim, table in self.tables.items()}

    def occurrences(self, batch: Batch) -> dict[str, Tensor]:
        """How often each row of each matrix occurs in ``batch``, int (V,), by the matrix's width as text."""
        counts = {dim: torch.zeros(len(matrix), dtype=torch.long) for dim, matrix in self.matrices().items()}
        ids = {name: batch.categorical[:, i] for i, name in enumerate(self.layout.categorical)} | batch.sequences
        for name, found in ids.items():
            table = self.layout.table_of(name)
            present = found[found > 0].long().cpu() + self.offsets[table]
            counts[str(self.dims[table])] += torch.bincount(present, minlength=len(counts[str(self.dims[table])]))
        return counts

    def _matrix(self, dim: int) -> nn.Embedding:
        """The matrix that holds every table of width ``dim``."""
        return cast(nn.Embedding, self.tables[str(dim)])


class SafeBatchNorm(nn.BatchNorm1d):
    """Batch normalisation that uses its running statistics where a training batch has fewer than two rows."""

    def forward(self, input: Tensor) -> Tensor:
        """(R, H) -> (R, H)."""
        if self.training and len(input) < 2:
            return functional.batch_norm(
                input, self.running_mean, self.running_var, self.weight, self.bias, False, 0.0, self.eps
            )
        return super().forward(input)


class Dice(nn.Module):
    """Data-adaptive activation (Zhou et al. 2018, section 5.2): p * s + alpha * (1 - p) * s.

    p is the sigmoid of s normalised over the rows it is given; callers pass real positions only.
    """

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = SafeBatchNorm(width, eps=1e-8, affine=False)
        self.alpha = nn.Parameter(torch.zeros(width))

    def forward(self, s: Tensor) -> Tensor:
        """(R, H) -> (R, H)."""
        if self.training and len(s) > 1 and kernels.are_for(self.alpha):
            return looped.dice(s, self.alpha, self.norm)
        p = torch.sigmoid(self.norm(s))
        return s * (p + self.alpha * (1.0 - p))


class Dropout(nn.Module):
    """Leaves out ``share`` of the units; those kept grow so that the mean stays the same.

    On the CPU which ones is settled by ``seed``, which a trainer sets before each step; without one it is drawn.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share
        self.seed: int | None = None

    def dropping(self) -> looped.Dropping:
        """What is left out in this step."""
        if not self.training or self.share == 0.0:
            return looped.Dropping()
        seed = int(torch.randint(2**31, ())) if self.seed is None else self.seed
        return looped.Dropping(self.share, seed)

    def forward(self, x: Tensor) -> Tensor:
        """(R, H) -> (R, H); the identity in evaluation mode."""
        if not self.training or self.share == 0.0:
            return x
        return looped.drop(x, self.dropping()) if kernels.are_for(x) else functional.dropout(x, self.share)


class Hidden(nn.Module):
    """One hidden layer of an MLP: linear, batch norm, activation, dropout: (R, in) -> (R, size)."""

    def __init__(self, in_dim: int, size: int, activation_name: str, dropout: float, batch_norm: bool) -> None:
        super().__init__()
        self.linear = nn.Linear(in_dim, size)
        self.norm = SafeBatchNorm(size) if batch_norm else None
        self.activation = activation(activation_name, size)
        self.dropout = Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(R, in) -> (R, size)."""
        return self.activate(self.linear(x))

    def activate(self, z: Tensor) -> Tensor:
        """What follows the linear part: (R, size) -> (R, size)."""
        slope = self._slope()
        if self.norm is not None and slope is not None and self.training and len(z) > 1 and kernels.are_for(slope):
            return looped.norm_and_activate(
                z, self.norm.weight, self.norm.bias, slope, self.norm, self.dropout.dropping()
            )
        return self.dropout(self.activation(z if self.norm is None else self.norm(z)))

    def _slope(self) -> Tensor | None:
        """The activation's slope below zero, (size,), where it has one and the same for all numbers there."""
        if isinstance(self.activation, nn.PReLU):
            return self.activation.weight
        return (
            self.linear.bias.detach().new_zeros(self.linear.out_features)
            if isinstance(self.activation, nn.ReLU)
            else None
        )


class Output(nn.Linear):
    """The last linear part, in full precision whatever the products before it: (R, in) -> (R,)."""

    def __init__(self, in_dim: int) -> None:
        super().__init__(in_dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        """(R, in) -> (R,)."""
        with full_precision(x):
            return super().forward(x.to(self.weight.dtype)).squeeze(1)


def activation(name: str, width: int) -> nn.Module:
    """The activation called ``name``: "relu", "prelu" or "dice"."""
    makers: dict[str, Callable[[], nn.Module]] = {
        "relu": nn.ReLU,
        "prelu": lambda: nn.PReLU(width, init=0.25),
        "dice": lambda: Dice(width),
    }
    return makers[name]()


class MLP(nn.Module):
    """Hidden layers, one per size: (R, in) -> (R, last size)."""

    def __init__(
        self,
        in_dim: int,
        sizes: tuple[int, ...],
        *,
        activation_name: str = "relu",
        dropout: float = 0.0,
        batch_norm: bool = True,
    ) -> None:
        super().__init__()
        widths = (in_dim, *sizes)
        self.layers = nn.Sequential(
            *(Hidden(a, b, activation_name, dropout, batch_norm) for a, b in zip(widths, sizes, strict=False))
        )
        self.out_dim = widths[-1]

    @property
    def hidden(self) -> list[Hidden]:
        """The layers, in their order."""
        return [cast(Hidden, layer) for layer in self.layers]

    def forward(self, x: Tensor) -> Tensor:
        """(R, in) -> (R, out)."""
        return self.layers(x)


class FieldInputs(nn.Module):
    """All fields side by side as DCN and DIN's MLP read them: each number itself or its vector, each vector in full.

    ``slices`` says which columns of the output (B, width) belong to which field. With a ``number_dim`` D, each number
    is read as a vector (D,).
    """

    def __init__(self, embedding: FieldEmbedding, number_dim: int | None = None) -> None:
        super().__init__()
        self.embedding = embedding
        layout = embedding.layout
        self.numbers = NumericEmbedding(len(layout.numeric), number_dim) if number_dim and layout.numeric else None
        self.slices: dict[str, slice] = {}
        start = 0
        for name in layout.field_names:
            width = (number_dim or 1) if name in layout.numeric else embedding.dims[layout.table_of(name)]
            self.slices[name] = slice(start, start + width)
            start += width
        self.width = start

    def forward(self, batch: Batch) -> Tensor:
        """(B, width), fields in the order of the layout."""
        beside = self.embedding.beside(batch) if self.numbers is None else self._beside_vectors(batch, self.numbers)
        pooled = [self.embedding.pooled(batch, sequence.name) for sequence in self.embedding.layout.sequences]
        return torch.cat([beside, *pooled], dim=1) if pooled else beside

    def _beside_vectors(self, batch: Batch, numbers: NumericEmbedding) -> Tensor:
        """The vectors of all numbers and of all categorical fields side by side, (B, width)."""
        vectors = self.embedding.beside(replace(batch, numeric=batch.numeric[:, :0]))
        return torch.cat([numbers(batch.numeric), vectors], dim=1)


def full_precision(tensor: Tensor) -> AbstractContextManager[object]:
    """No lower precision where ``tensor`` is while the block lasts; the device "meta" knows none."""
    return nullcontext() if tensor.device.type == "meta" else torch.autocast(tensor.device.type, enabled=False)


@contextmanager
def evaluation_mode(model: nn.Module) -> Iterator[None]:
    """Dropout off and running statistics in use while the block lasts; then the model's mode is put back."""
    was_training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(was_training)


def uniform_dims(layout: FieldLayout, dim: int) -> dict[str, int]:
    """One width for all tables."""
    return dict.fromkeys(layout.vocabulary_sizes, dim)


def square_root_dims(layout: FieldLayout, maximum: int) -> dict[str, int]:
    """Width growing as the square root of the number of values, at least 2 and at most ``maximum``."""
    return {table: min(max(math.isqrt(size), 2), maximum) for table, size in layout.vocabulary_sizes.items()}
