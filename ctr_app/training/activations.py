"""How many bytes of intermediate results one pass through a model holds at its peak, without doing the pass."""

from __future__ import annotations

import weakref
from typing import Any

import torch
from torch import Tensor, UntypedStorage, nn
from torch.nn import functional
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.weak import WeakIdKeyDictionary

from ..data.batch import Batch, FieldLayout
from ..models.layers import FieldEmbedding
from ..models.rows import attach

NONZERO, INDEX = torch.ops.aten.nonzero.default, torch.ops.aten.index.Tensor


def step_bytes(model: nn.Module, layout: FieldLayout, rows: int, real_share: float) -> int:
    """Peak of one training step's forward and backward pass over ``rows`` rows, dense gradients included.

    Args:
        model: a model without memory for its weights, as ``sketch`` draws it.
        layout: its fields.
        rows: B.
        real_share: share of the positions in histories that hold an item.
    """
    model.train()
    for matrix in matrices_of(model):
        attach(matrix, Basket())
    batch = _batch(layout, rows)
    with _Alive(model, batch, real_share) as alive:
        functional.binary_cross_entropy_with_logits(model(batch), batch.labels).backward()
    for parameter in model.parameters():
        parameter.grad = None
    return alive.peak


def evaluation_bytes(model: nn.Module, layout: FieldLayout, rows: int, real_share: float) -> int:
    """Peak of one forward pass without gradients over ``rows`` rows; arguments as for ``step_bytes``."""
    model.eval()
    batch = _batch(layout, rows)
    with torch.no_grad(), _Alive(model, batch, real_share) as alive:
        model(batch)
    return alive.peak


def matrices_of(model: nn.Module) -> list[nn.Parameter]:
    """Every embedding matrix of a model."""
    found = [module for module in model.modules() if isinstance(module, FieldEmbedding)]
    return [matrix for embedding in found for matrix in embedding.matrices().values()]


class Basket:
    """Holds the gradients of an embedding's rows (P, D), as an optimizer does until its step."""

    touched: Any = None

    def __init__(self) -> None:
        self.gradients: list[Tensor] = []

    def add(self, _ids: Tensor, gradients: Tensor) -> None:
        """Take them."""
        self.gradients.append(gradients)


class _Alive(TorchDispatchMode):
    """Adds up the bytes of all tensors that are alive after each operation; ``peak`` is the most there were at once.

    Which positions of a history are real is not known without values: ``real_share`` of them stand for those.
    """

    def __init__(self, model: nn.Module, batch: Batch, real_share: float) -> None:
        super().__init__()
        self.real_share = real_share
        self.now = self.peak = 0
        self._seen = WeakIdKeyDictionary()
        given = [*model.parameters(), *model.buffers(), batch.numeric, batch.categorical, batch.labels]
        for tensor in (*given, *batch.sequences.values()):
            self._seen[tensor.untyped_storage()] = True

    def __torch_dispatch__(self, func: Any, _types: Any, args: Any = (), kwargs: Any = None) -> Any:
        result = self._made_up(func, args)
        if result is None:
            result = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(result):
            if isinstance(tensor, Tensor):
                self._count(tensor.untyped_storage())
        self.peak = max(self.peak, self.now)
        return result

    def _count(self, storage: UntypedStorage) -> None:
        """Add a storage that is new, until it is let go."""
        if storage not in self._seen:
            self._seen[storage] = True
            self.now += storage.nbytes()
            weakref.finalize(storage, self._let_go, storage.nbytes())

    def _let_go(self, size: int) -> None:
        self.now -= size

    def _made_up(self, func: Any, args: Any) -> Tensor | None:
        """The result of an operation whose shape depends on values, else None."""
        if func is NONZERO:
            return args[0].new_empty((self._chosen(args[0]), args[0].dim()), dtype=torch.long)
        if func is INDEX and (masks := [part for part in args[1] if part is not None and part.dtype == torch.bool]):
            (mask,) = masks
            return args[0].new_empty((self._chosen(mask), *args[0].shape[mask.dim() :]))
        return None

    def _chosen(self, mask: Tensor) -> int:
        return round(self.real_share * mask.numel())


def _batch(layout: FieldLayout, rows: int) -> Batch:
    """A batch of ``rows`` rows without values; all histories are as long, as those that attend together must be."""
    longest = max((sequence.max_length for sequence in layout.sequences), default=0)

    def empty(width: int, dtype: torch.dtype) -> Tensor:
        return torch.empty(rows, width, dtype=dtype, device="meta")

    return Batch(
        empty(len(layout.numeric), torch.float32),
        empty(len(layout.categorical), torch.int32),
        {sequence.name: empty(longest, torch.int32) for sequence in layout.sequences},
        torch.empty(rows, device="meta"),
    )
