"""Adam for click models: dense where matrices are small, on touched rows only where they are large."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

from ..models.rows import attach

BETAS = (0.9, 0.999)
EPSILON = 1e-8
# A dense, fused step over so many numbers costs about as much as the sparse one; beyond, it grows with the matrix.
LAZY_FROM = {"cpu": 8_000_000}
LAZY_FROM_ELSEWHERE = 64_000_000


class DenseRows:
    """Keeps a matrix's dense gradient between steps, so that each step adds rows to it instead of making a new one."""

    def __init__(self, matrix: nn.Parameter) -> None:
        self.matrix = matrix

    def add(self, ids: Tensor, gradients: Tensor) -> None:
        """Add the gradients (P, D) of rows ``ids`` (P,)."""
        if self.matrix.grad is None:
            self.matrix.grad = torch.zeros_like(self.matrix)
        self.matrix.grad.index_add_(0, ids, gradients)

    def clear(self) -> None:
        """Forget the gradients of the last step."""
        if self.matrix.grad is not None:
            self.matrix.grad.zero_()


class LazyRows:
    """Adam on the rows that a batch touches, for one large matrix (V, D).

    Moments of rows that are not touched stay as they are. Weight decay acts when a row is touched, divided by the
    share of steps that touch it, so that over many steps it amounts to what a dense step would take off.

    Args:
        matrix: the weights.
        touch_share: (V,) in (0, 1], in what share of the steps each row is touched.
    """

    def __init__(self, matrix: nn.Parameter, learning_rate: float, weight_decay: float, touch_share: Tensor) -> None:
        self.matrix, self.learning_rate = matrix, learning_rate
        self.decay = (weight_decay / touch_share)[:, None] if weight_decay else None
        self.first = torch.zeros_like(matrix)
        self.second = torch.zeros_like(matrix)
        self.waiting: list[tuple[Tensor, Tensor]] = []
        self.steps = 0

    def add(self, ids: Tensor, gradients: Tensor) -> None:
        """Take the gradients (P, D) of rows ``ids`` (P,) until the next step."""
        self.waiting.append((ids, gradients))

    def clear(self) -> None:
        """Forget the gradients of the last step."""
        self.waiting = []

    @torch.no_grad()
    def step(self) -> None:
        """One Adam step (Kingma & Ba 2015, algorithm 1) on the rows that have a gradient."""
        self.steps += 1
        if not self.waiting:
            return
        ids = torch.cat([ids for ids, _ in self.waiting]).long()
        gradients = torch.cat([gradients for _, gradients in self.waiting])
        rows, places = ids.unique(return_inverse=True)
        gradient = gradients.new_zeros(len(rows), gradients.shape[1]).index_add_(0, places, gradients)
        weights = self.matrix.index_select(0, rows)
        if self.decay is not None:
            gradient.addcmul_(weights, self.decay.index_select(0, rows))
        first = self.first.index_select(0, rows).lerp_(gradient, 1 - BETAS[0])
        second = self.second.index_select(0, rows).mul_(BETAS[1]).addcmul_(gradient, gradient, value=1 - BETAS[1])
        self.first.index_copy_(0, rows, first)
        self.second.index_copy_(0, rows, second)
        step_size = self.learning_rate / (1 - BETAS[0] ** self.steps)
        scale = (1 - BETAS[1] ** self.steps) ** 0.5
        weights.addcdiv_(first, second.sqrt_().div_(scale).add_(EPSILON), value=-step_size)
        self.matrix.index_copy_(0, rows, weights)


class Adam:
    """Adam with weight decay over a whole model; matrices of embeddings as ``DenseRows`` or ``LazyRows``.

    Args:
        model: the model, on its device.
        matrices: its embedding matrices with the share of steps that touches each of their rows, float (V,).
    """

    def __init__(
        self,
        model: nn.Module,
        matrices: Iterable[tuple[nn.Parameter, Tensor]],
        learning_rate: float,
        weight_decay: float,
    ) -> None:
        self.lazy: list[LazyRows] = []
        self.dense_rows: list[DenseRows] = []
        for matrix, touch_share in matrices:
            if matrix.numel() > LAZY_FROM.get(matrix.device.type, LAZY_FROM_ELSEWHERE):
                self.lazy.append(LazyRows(matrix, learning_rate, weight_decay, touch_share))
            else:
                self.dense_rows.append(DenseRows(matrix))
        alone = {id(rows.matrix) for rows in self.lazy}
        kept = {id(rows.matrix) for rows in self.dense_rows}
        dense = [parameter for parameter in model.parameters() if id(parameter) not in alone]
        self.others = [parameter for parameter in dense if id(parameter) not in kept]
        is_fused = any(parameter.device.type in ("cpu", "cuda") for parameter in dense)
        self.dense = torch.optim.Adam(dense, lr=learning_rate, weight_decay=weight_decay, fused=is_fused or None)

    @property
    def rows(self) -> list[DenseRows | LazyRows]:
        """What takes the gradients of each matrix."""
        return [*self.dense_rows, *self.lazy]

    def attach(self) -> None:
        """Take the gradients of the embedding matrices from now on."""
        for rows in self.rows:
            attach(rows.matrix, rows)

    def detach(self) -> None:
        """Leave the gradients of the embedding matrices alone again."""
        for rows in self.rows:
            attach(rows.matrix, None)

    def clear(self) -> None:
        """Forget the gradients of the last step."""
        for parameter in self.others:
            parameter.grad = None
        for rows in self.rows:
            rows.clear()

    def step(self) -> None:
        """One step over all parameters."""
        self.dense.step()
        for rows in self.lazy:
            rows.step()

    def state(self) -> dict[str, Tensor]:
        """The moments, by name, to store beside the weights."""
        moments = {
            f"{key}.{index}": value
            for index, state in self.dense.state_dict()["state"].items()
            for key, value in state.items()
            if isinstance(value, Tensor)
        }
        for index, rows in enumerate(self.lazy):
            moments |= {f"lazy_first.{index}": rows.first, f"lazy_second.{index}": rows.second}
        return moments
