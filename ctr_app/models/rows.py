"""Rows of embedding matrices: gathered in one pass, their gradients summed row by row.

By itself ``gather_rows`` behaves as ``nn.functional.embedding``. A trainer may attach a ``RowSink`` to a matrix; its
gradients then go there, and no dense gradient as large as the matrix is made in each step.
"""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch import Tensor


class RowSink(Protocol):
    """Where the gradients of a matrix go during training."""

    def add(self, ids: Tensor, gradients: Tensor) -> None:
        """Take the gradients (P, D) of rows ``ids`` (P,); a row may come more than once."""


SINK = "row_sink"


def gather_rows(matrix: Tensor, ids: Tensor) -> Tensor:
    """Rows (..., D) of ``matrix`` (V, D) at ``ids`` (...)."""
    gathered: Tensor = _GatherRows.apply(matrix, ids)
    return gathered


def attach(matrix: Tensor, sink: RowSink | None) -> None:
    """Send the gradients of ``matrix`` to ``sink``, or with None to its ``.grad`` as usual."""
    setattr(matrix, SINK, sink)


class _GatherRows(torch.autograd.Function):
    """``matrix[ids]`` with a backward pass that adds row by row instead of scanning the whole matrix."""

    @staticmethod
    def forward(ctx: Any, matrix: Tensor, ids: Tensor) -> Tensor:
        flat = ids.reshape(-1)
        ctx.save_for_backward(flat)
        ctx.matrix = matrix
        return matrix.index_select(0, flat).view(*ids.shape, matrix.shape[1])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, None]:
        (ids,) = ctx.saved_tensors
        matrix: Tensor = ctx.matrix
        rows = gradients[0].reshape(-1, matrix.shape[1])
        sink: RowSink | None = getattr(matrix, SINK, None)
        if sink is not None:
            sink.add(ids, rows)
            return None, None
        return torch.zeros_like(matrix).index_add_(0, ids, rows), None
