"""The parts that models are composed of.

Shapes, here and in the models: B rows of a batch, F fields, N numeric fields, C categorical fields, S sequence
fields, T items of a history, D embedding dimension, P real (not padded) history positions of a batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from ..data.batch import Batch, FieldLayout
from .rows import gather_rows

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

    def stacked(self, batch: Batch) -> list[Tensor]:
        """All categorical fields as one (B, C, D), in a list of one, or none; for tables of one width only."""
        if not self.layout.categorical:
            return []
        (dim,) = {self.dims[name] for name in self.layout.categorical}
        return [gather_rows(self._matrix(dim).weight, batch.categorical + self.get_buffer(f"offsets_{dim}"))]

    def pooled(self, batch: Batch, field: str) -> Tensor:
        """Mean (B, D) over the real items of a sequence field; a zero vector where there is none."""
        ids = batch.sequences[field]
        is_real = ids > 0
        rows = is_real.nonzero()[:, 0]
        vectors = self.lookup(field, ids[is_real])  # (P, D)
        sums = vectors.new_zeros(len(ids), vectors.shape[1]).index_add(0, rows, vectors)
        return sums / is_real.sum(dim=1, keepdim=True).clamp(min=1)

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
        p = torch.sigmoid(self.norm(s))
        return s * (p + self.alpha * (1.0 - p))


class Dropout(nn.Module):
    """Dropout that draws one random byte a unit: on a CPU a third of the time of one random number a unit.

    ``share`` of the units is left out, rounded to a 256th; those kept grow so that the mean stays the same.
    """

    def __init__(self, share: float) -> None:
        super().__init__()
        self.share = share
        self.threshold = min(255, round(256 * share))

    def forward(self, x: Tensor) -> Tensor:
        """(R, H) -> (R, H); the identity in evaluation mode."""
        if not self.training or self.threshold == 0:
            return x
        if x.device.type != "cpu":
            return functional.dropout(x, self.share)
        drawn = torch.empty(x.numel() // 8 + 1, dtype=torch.int64).random_(-(2**63), None)
        is_kept = drawn.view(torch.uint8)[: x.numel()].view(x.shape) >= self.threshold
        return x * (is_kept * (256.0 / (256 - self.threshold)))


def activation(name: str, width: int) -> nn.Module:
    """The activation called ``name``: "relu", "prelu" or "dice"."""
    makers: dict[str, Callable[[], nn.Module]] = {
        "relu": nn.ReLU,
        "prelu": lambda: nn.PReLU(width, init=0.25),
        "dice": lambda: Dice(width),
    }
    return makers[name]()


class MLP(nn.Module):
    """Linear, batch norm, activation and dropout, once per hidden size: (R, in) -> (R, last size)."""

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
        layers: list[nn.Module] = []
        for size in sizes:
            layers.append(nn.Linear(in_dim, size))
            if batch_norm:
                layers.append(SafeBatchNorm(size))
            layers.append(activation(activation_name, size))
            if dropout > 0:
                layers.append(Dropout(dropout))
            in_dim = size
        self.layers = nn.Sequential(*layers)
        self.out_dim = in_dim

    def forward(self, x: Tensor) -> Tensor:
        """(R, in) -> (R, out)."""
        return self.layers(x)


class FieldInputs(nn.Module):
    """All fields side by side as DCN and DIN's MLP read them: each number itself, each vector in full.

    ``slices`` says which columns of the output (B, width) belong to which field.
    """

    def __init__(self, embedding: FieldEmbedding) -> None:
        super().__init__()
        self.embedding = embedding
        layout = embedding.layout
        self.slices: dict[str, slice] = {}
        start = 0
        for name in layout.field_names:
            width = 1 if name in layout.numeric else embedding.dims[layout.table_of(name)]
            self.slices[name] = slice(start, start + width)
            start += width
        self.width = start

    def forward(self, batch: Batch) -> Tensor:
        """(B, width), fields in the order of the layout."""
        pooled = [self.embedding.pooled(batch, sequence.name) for sequence in self.embedding.layout.sequences]
        return torch.cat([batch.numeric, *self.embedding.categorical(batch), *pooled], dim=1)


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
