"""Adam for click models: on the rows of embedding matrices that a batch touches, and on all other weights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.adam import adam as dense_adam

from ..models.kernels import rows as loops
from ..models.rows import RowSink, TouchedRows, attach

BETAS = (0.9, 0.999)
EPSILON = 1e-8
# Where torch takes the dense step in one go.
FUSED = ("cpu", "cuda")
# On an accelerator, up to so many numbers a step over the whole matrix costs less than to find the rows to step on.
SPARSE_FROM = 64_000_000


class Step(NamedTuple):
    """One Adam step: its size over 1 - beta1^t, what the root of the second moment is multiplied by, and the rates.

    ``decay`` is the weight decay, and ``rate`` how far averages move towards the new weights.
    """

    size: float
    root: float
    decay: float
    rate: float

    @classmethod
    def number(cls, number: int, learning_rate: float, decay: float, averaging: float) -> Step:
        """The step of this number, from 1."""
        root = (1 - BETAS[1] ** number) ** -0.5
        return cls(learning_rate / (1 - BETAS[0] ** number), root, decay, averaging_rate(number, averaging))


class RowAdam(RowSink, Protocol):
    """Adam (Kingma & Ba 2015, algorithm 1) on the rows that a batch touches, of one matrix (V, D).

    Moments of rows that are not touched stay as they are. Weight decay and averaging act when a row is touched, for
    all steps since it was last, taken as one over the share of steps that touch it: over many steps that amounts to
    what they would be with every row in every step.
    """

    matrix: nn.Parameter
    average: Tensor  # (V, D), or (0, D) where weights are not averaged

    def clear(self) -> None:
        """Forget the gradients of the last step."""

    def step(self, step: Step) -> None:
        """One step on the rows that have a gradient."""

    def moments(self) -> Tensor:
        """First and second moment of every row, (V, 2, D)."""


class LoopedRows:
    """``RowAdam`` on the CPU, by the loops of ``kernels.rows``.

    Args:
        matrix: the weights.
        steps_a_touch: (V,), of how many steps one touches each row.
        is_averaged: whether an average of the weights is kept.
    """

    def __init__(self, matrix: nn.Parameter, steps_a_touch: Tensor, is_averaged: bool) -> None:
        self.matrix = matrix
        self.average = _start_of_average(matrix, is_averaged)
        self._touched = TouchedRows(*matrix.shape)
        self.touched: TouchedRows | None = self._touched
        self._steps_a_touch = steps_a_touch.numpy()
        # NumPy asks for large pages where it asks for much, and scattered rows are reached faster in these.
        self._moments = np.zeros((matrix.shape[0], 2, matrix.shape[1]), np.float32)

    def add(self, ids: Tensor, gradients: Tensor) -> None:
        """Take the gradients (P, D) of rows ``ids`` (P,) until the next step."""
        t = self._touched
        t.reserve(len(ids))
        t.count = loops.add(ids[:, None].numpy(), gradients.numpy(), 0, t.slots, t.rows, t.sums, t.count)

    def clear(self) -> None:
        """Forget the gradients of the last step."""
        self._touched.clear()

    def step(self, step: Step) -> None:
        """One step on the rows that have a gradient."""
        t = self._touched
        loops.adam(
            self.matrix.detach().numpy(),
            self._moments,
            self.average.numpy(),
            self._steps_a_touch,
            t.slots,
            t.rows,
            t.sums,
            t.count,
            *(np.float32(value) for value in (step.decay, step.rate, step.size, step.root, *BETAS, EPSILON)),
        )
        t.count = 0

    def moments(self) -> Tensor:
        """First and second moment of every row, (V, 2, D)."""
        return torch.from_numpy(self._moments)


class MaskedRows:
    """``RowAdam`` on an accelerator: steps over the whole matrix, without waiting to hear which rows were touched."""

    touched: TouchedRows | None = None

    def __init__(self, matrix: nn.Parameter, steps_a_touch: Tensor, is_averaged: bool) -> None:
        self.matrix = matrix
        self.average = _start_of_average(matrix, is_averaged)
        self._steps_a_touch = steps_a_touch[:, None]
        self._gradient = torch.zeros_like(matrix, requires_grad=False)
        self._is_touched = matrix.detach().new_zeros(len(matrix), 1)
        self._first, self._second = torch.zeros_like(self._gradient), torch.zeros_like(self._gradient)

    def add(self, ids: Tensor, gradients: Tensor) -> None:
        """Take the gradients (P, D) of rows ``ids`` (P,) until the next step."""
        self._gradient.index_add_(0, ids, gradients)
        self._is_touched.index_fill_(0, ids.long(), 1.0)

    def clear(self) -> None:
        """Forget the gradients of the last step."""
        self._gradient.zero_()
        self._is_touched.zero_()

    @torch.no_grad()
    def step(self, step: Step) -> None:
        """One step on the rows that have a gradient."""
        gradient = self._gradient.addcmul_(self.matrix, self._steps_a_touch, value=step.decay)
        self._first.lerp_(gradient, (1 - BETAS[0]) * self._is_touched)
        self._second.lerp_(gradient.square(), (1 - BETAS[1]) * self._is_touched)
        change = self._first / self._second.sqrt().mul_(step.root).add_(EPSILON)
        self.matrix.addcmul_(change, self._is_touched, value=-step.size)
        if len(self.average):
            self.average.lerp_(self.matrix, (step.rate * self._steps_a_touch).clamp_(max=1.0) * self._is_touched)

    def moments(self) -> Tensor:
        """First and second moment of every row, (V, 2, D)."""
        return torch.stack([self._first, self._second], dim=1)


class SparseRows:
    """``RowAdam`` for a matrix so large that a step over all of it costs more than to wait for its touched rows."""

    touched: TouchedRows | None = None

    def __init__(self, matrix: nn.Parameter, steps_a_touch: Tensor, is_averaged: bool) -> None:
        self.matrix = matrix
        self.average = _start_of_average(matrix, is_averaged)
        self._steps_a_touch = steps_a_touch[:, None]
        self._first = torch.zeros_like(matrix, requires_grad=False)
        self._second = torch.zeros_like(self._first)
        self._waiting: list[tuple[Tensor, Tensor]] = []

    def add(self, ids: Tensor, gradients: Tensor) -> None:
        """Take the gradients (P, D) of rows ``ids`` (P,) until the next step."""
        self._waiting.append((ids, gradients))

    def clear(self) -> None:
        """Forget the gradients of the last step."""
        self._waiting = []

    @torch.no_grad()
    def step(self, step: Step) -> None:
        """One step on the rows that have a gradient."""
        if not self._waiting:
            return
        ids = torch.cat([ids for ids, _ in self._waiting]).long()
        gradients = torch.cat([gradients for _, gradients in self._waiting])
        rows, places = ids.unique(return_inverse=True)
        gradient = gradients.new_zeros(len(rows), gradients.shape[1]).index_add_(0, places, gradients)
        weights = self.matrix.index_select(0, rows)
        steps_a_touch = self._steps_a_touch.index_select(0, rows)
        gradient.addcmul_(weights, steps_a_touch, value=step.decay)
        first = self._first.index_select(0, rows).lerp_(gradient, 1 - BETAS[0])
        second = self._second.index_select(0, rows).lerp_(gradient.square(), 1 - BETAS[1])
        self._first.index_copy_(0, rows, first)
        self._second.index_copy_(0, rows, second)
        weights.addcdiv_(first, second.sqrt_().mul_(step.root).add_(EPSILON), value=-step.size)
        self.matrix.index_copy_(0, rows, weights)
        if len(self.average):
            average = self.average.index_select(0, rows)
            self.average.index_copy_(0, rows, average.lerp_(weights, (step.rate * steps_a_touch).clamp_(max=1.0)))

    def moments(self) -> Tensor:
        """First and second moment of every row, (V, 2, D)."""
        return torch.stack([self._first, self._second], dim=1)


def rows_of(matrix: nn.Parameter, steps_a_touch: Tensor, is_averaged: bool) -> RowAdam:
    """What steps on the rows of ``matrix`` where it lies; see ``LoopedRows`` for the arguments."""
    if matrix.device.type == "cpu":
        return LoopedRows(matrix, steps_a_touch, is_averaged)
    kind = MaskedRows if matrix.numel() <= SPARSE_FROM else SparseRows
    return kind(matrix, steps_a_touch, is_averaged)


class Adam:
    """Adam with weight decay over a whole model: by rows on embedding matrices, dense on all else.

    With averaging, a running mean of all weights and running statistics is kept beside them, in which a step counts
    the less the longer it is ago (Shamir & Zhang 2013, section 4); ``averaged`` puts it in their place.

    Args:
        model: the model, on its device.
        matrices: its embedding matrices with the share of steps in (0, 1] that touches each of their rows, (V,).
        learning_rate: size of the steps.
        weight_decay: of all but the matrices.
        embedding_decay: of the matrices.
        averaging: the share of the steps so far, counted from the last, that averages are about of; 0 for none.
    """

    def __init__(
        self,
        model: nn.Module,
        matrices: Iterable[tuple[nn.Parameter, Tensor]],
        learning_rate: float,
        weight_decay: float = 0.0,
        embedding_decay: float = 0.0,
        averaging: float = 0.0,
    ) -> None:
        self.learning_rate, self.embedding_decay, self.averaging = learning_rate, embedding_decay, averaging
        self.steps = 0
        self.rows = [rows_of(matrix, 1.0 / share, averaging > 0) for matrix, share in matrices]
        apart = {id(rows.matrix) for rows in self.rows}
        self.others = [parameter for parameter in model.parameters() if id(parameter) not in apart]
        self._weights = _laid_together(self.others)
        self._gradient, *self._moments = (torch.zeros_like(self._weights) for _ in range(3))
        statistics = [buffer for buffer in model.buffers() if buffer.is_floating_point()]
        self._averaged = [self._weights, _laid_together(statistics)] if averaging > 0 else []
        self._averages = [tensor.clone() for tensor in self._averaged]
        self._settings: dict[str, Any] = {
            "weight_decay": weight_decay,
            "fused": self._weights.device.type in FUSED or None,
        }
        self._dense_steps = torch.tensor(0.0, device=self._weights.device if self._settings["fused"] else "cpu")

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
        self.steps += 1
        given = [torch.zeros_like(p) if p.grad is None else p.grad for p in self.others]
        if given:
            torch.cat([gradient.reshape(-1) for gradient in given], out=self._gradient)
            self._step_dense()
        step = Step.number(self.steps, self.learning_rate, self.embedding_decay, self.averaging)
        for rows in self.rows:
            rows.step(step)
        for average, tensor in zip(self._averages, self._averaged, strict=True):
            average.lerp_(tensor, step.rate)

    @torch.no_grad()
    def _step_dense(self) -> None:
        """torch's own step, without what its optimizer objects do around it."""
        first, second = self._moments
        dense_adam(
            [self._weights],
            [self._gradient],
            [first],
            [second],
            [],
            [self._dense_steps],
            amsgrad=False,
            beta1=BETAS[0],
            beta2=BETAS[1],
            lr=self.learning_rate,
            eps=EPSILON,
            maximize=False,
            **self._settings,
        )

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """The averages in place of the weights while the block lasts; nothing without averaging."""
        self._swap()
        try:
            yield
        finally:
            self._swap()

    def _swap(self) -> None:
        for tensor, average in zip(self._averaged, self._averages, strict=True):
            kept = tensor.clone()
            tensor.copy_(average)
            average.copy_(kept)
        for rows in self.rows:
            if len(rows.average):
                rows.matrix.data, rows.average = rows.average, rows.matrix.data

    def state(self) -> dict[str, Tensor]:
        """Moments and averages, by name, to store beside the weights."""
        dense = {"step": self._dense_steps, "exp_avg": self._moments[0], "exp_avg_sq": self._moments[1]}
        moments = {f"weights.{key}": value for key, value in dense.items()}
        moments |= {f"average.{index}": average for index, average in enumerate(self._averages)}
        moments |= {f"rows.{index}": rows.moments() for index, rows in enumerate(self.rows)}
        return moments | {f"rows_average.{index}": rows.average for index, rows in enumerate(self.rows)}


def averaging_rate(number: int, averaging: float) -> float:
    """How far averages move towards the weights of the step of this number, from 1 (Shamir & Zhang 2013, eq. 3)."""
    return 1.0 / (1.0 + averaging * number)


def _start_of_average(matrix: nn.Parameter, is_averaged: bool) -> Tensor:
    return matrix.detach().clone() if is_averaged else matrix.detach().new_empty(0, matrix.shape[1])


def _laid_together(tensors: Sequence[Tensor]) -> Tensor:
    """All numbers of ``tensors`` one after the other, (n,); they become views of it, so that one step is for all."""
    if not tensors:
        return torch.empty(0)
    together = torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
    start = 0
    for tensor in tensors:
        tensor.data = together[start : start + tensor.numel()].view(tensor.shape)
        start += tensor.numel()
    return together
