"""Rows of embedding matrices: gathered in one pass, their gradients summed row by row.

By themselves these behave as ``nn.functional.embedding``. A trainer may attach a ``RowSink`` to a matrix; its
gradients then go there, and no gradient as large as the matrix is made in each step.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
import torch
from torch import Tensor

from . import kernels
from .kernels import rows as loops


class TouchedRows:
    """Gradients of the rows of a matrix (V, D) on the CPU, for the rows that a batch touches only.

    ``rows[:count]`` (int) are these rows, ``sums[:count]`` (float32) their gradients, and ``slots`` (V,) says where
    among them a row is, -1 for nowhere.
    """

    def __init__(self, num_rows: int, width: int) -> None:
        self.slots = np.full(num_rows, -1, np.int32)
        self.rows = np.empty(0, np.int32)
        self.sums = np.empty((0, width), np.float32)
        self.count = 0

    def reserve(self, occurrences: int) -> None:
        """Make room for so many more rows, of which none need be new."""
        needed = min(len(self.slots), self.count + occurrences)
        if needed > len(self.rows):
            size = min(len(self.slots), max(needed, 2 * len(self.rows)))
            self.rows = np.concatenate([self.rows[: self.count], np.empty(size - self.count, np.int32)])
            more = np.empty((size - self.count, self.sums.shape[1]), np.float32)
            self.sums = np.concatenate([self.sums[: self.count], more])

    def clear(self) -> None:
        """Forget all gradients."""
        self.slots[self.rows[: self.count]] = -1
        self.count = 0

    def dense(self) -> Tensor:
        """The gradient as a matrix (V, D), zero where no row was touched."""
        return torch.zeros(len(self.slots), self.sums.shape[1]).index_copy_(0, *self.gradients())

    def gradients(self) -> tuple[Tensor, Tensor]:
        """The touched rows (R,), each once, and their gradients (R, D)."""
        return torch.from_numpy(self.rows[: self.count]).long(), torch.from_numpy(self.sums[: self.count])


class RowSink(Protocol):
    """Where the gradients of a matrix go during training."""

    touched: TouchedRows | None  # for the loops on the CPU; None elsewhere

    def add(self, ids: Tensor, gradients: Tensor) -> None:
        """Take the gradients (P, D) of rows ``ids`` (P,); a row may come more than once."""


SINK = "row_sink"


def attach(matrix: Tensor, sink: RowSink | None) -> None:
    """Send the gradients of ``matrix`` to ``sink``, or with None to its ``.grad`` as usual."""
    setattr(matrix, SINK, sink)


def gather_rows(matrix: Tensor, ids: Tensor) -> Tensor:
    """Rows (..., D) of ``matrix`` (V, D) at ``ids`` (...)."""
    gathered: Tensor
    if kernels.are_for(matrix):
        gathered = _SideBySide.apply(matrix, ids.reshape(-1, 1), NO_OFFSET, None)
    else:
        gathered = _GatherRows.apply(matrix, ids.reshape(-1))
    return gathered.view(*ids.shape, matrix.shape[1])


def side_by_side(matrix: Tensor, ids: Tensor, offsets: Tensor, numbers: Tensor) -> Tensor:
    """``numbers`` (B, N) and beside them the rows ``ids`` (B, C) + ``offsets`` (C,) of ``matrix``: (B, N + C D)."""
    beside: Tensor
    if kernels.are_for(matrix):
        beside = _SideBySide.apply(matrix, ids, offsets, numbers)
        return beside
    gathered: Tensor = _GatherRows.apply(matrix, (ids + offsets).reshape(-1))
    return torch.cat([numbers, gathered.view(len(ids), ids.shape[1] * matrix.shape[1])], dim=1)


def mean_rows(matrix: Tensor, ids: Tensor, offset: int) -> Tensor:
    """Mean (B, D) of rows ``ids`` + ``offset`` of ``matrix`` over the ids (B, T) above 0; zero where there are none."""
    means: Tensor
    if kernels.are_for(matrix):
        means = _MeanRows.apply(matrix, ids, offset)
        return means
    is_real = ids > 0
    rows = is_real.nonzero()[:, 0]
    vectors: Tensor = _GatherRows.apply(matrix, ids[is_real] + offset)  # (P, D)
    means = vectors.new_zeros(len(ids), matrix.shape[1]).index_add(0, rows, vectors)
    return means / is_real.sum(dim=1, keepdim=True).clamp(min=1)


def add_touched(matrix: Tensor, occurrences: int, add: Callable[[TouchedRows], int]) -> Tensor | None:
    """Let ``add`` add up at most so many rows' gradients, returning the count it came to; for a backward pass.

    Returns the dense gradient of ``matrix``, or None if it went to the matrix's sink.
    """
    sink: RowSink | None = getattr(matrix, SINK, None)
    kept = sink.touched if sink is not None else None
    touched = TouchedRows(*matrix.shape) if kept is None else kept
    touched.reserve(occurrences)
    touched.count = add(touched)
    if sink is None:
        return touched.dense()
    if kept is None:
        sink.add(*touched.gradients())
    return None


NO_OFFSET = torch.zeros(1, dtype=torch.long)


class _SideBySide(torch.autograd.Function):
    """``side_by_side`` with a backward pass that adds row by row, by ``kernels.rows``."""

    @staticmethod
    def forward(ctx: Any, matrix: Tensor, ids: Tensor, offsets: Tensor, numbers: Tensor | None) -> Tensor:
        places = (ids + offsets).contiguous()
        ctx.matrix, ctx.ids, ctx.start = matrix, places.numpy(), 0 if numbers is None else numbers.shape[1]
        gathered = matrix.detach().index_select(0, places.view(-1)).view(len(ids), ids.shape[1] * matrix.shape[1])
        return gathered if numbers is None else torch.cat([numbers, gathered], dim=1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        slopes = gradients[0].contiguous().numpy()

        def add(t: TouchedRows) -> int:
            return loops.add(ctx.ids, slopes, ctx.start, t.slots, t.rows, t.sums, t.count)

        return add_touched(ctx.matrix, ctx.ids.size, add), None, None, None


class _MeanRows(torch.autograd.Function):
    """``mean_rows`` by ``kernels.rows``."""

    @staticmethod
    def forward(ctx: Any, matrix: Tensor, ids: Tensor, offset: int) -> Tensor:
        ctx.matrix, ctx.ids, ctx.offset = matrix, ids.contiguous().numpy(), offset
        out = torch.empty(len(ids), matrix.shape[1])
        loops.pool(matrix.detach().numpy(), ctx.ids, offset, out.numpy())
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, None, None]:
        slopes = gradients[0].contiguous().numpy()

        def add(t: TouchedRows) -> int:
            return loops.add_pooled(ctx.ids, ctx.offset, slopes, t.slots, t.rows, t.sums, t.count)

        return add_touched(ctx.matrix, ctx.ids.size, add), None, None


class _GatherRows(torch.autograd.Function):
    """``matrix[ids]`` for ids (P,), with a backward pass that adds row by row instead of scanning the whole matrix."""

    @staticmethod
    def forward(ctx: Any, matrix: Tensor, ids: Tensor) -> Tensor:
        ctx.save_for_backward(ids)
        ctx.matrix = matrix
        return matrix.index_select(0, ids)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, None]:
        (ids,) = ctx.saved_tensors
        matrix: Tensor = ctx.matrix
        sink: RowSink | None = getattr(matrix, SINK, None)
        if sink is not None:
            sink.add(ids, gradients[0])
            return None, None
        return torch.zeros_like(matrix).index_add_(0, ids, gradients[0]), None
