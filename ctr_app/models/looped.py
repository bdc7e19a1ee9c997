"""Parts of a network as torch differentiates them, each worked out by the loops of ``kernels``, with its gradient.

Only for training on the CPU in float32 (``kernels.are_for``); the modules that use them say the same in torch's own
operators. Under autocast matrix products are of the lower precision, and all else stays float32.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from .kernels import cross as cross_loops
from .kernels import dice as dice_loops
from .kernels import norm as norm_loops

# Matrix products of other widths than multiples of so many numbers run at half the rate.
STRIDE = 16


@dataclass(frozen=True)
class Dropping:
    """What dropout leaves out: ``share`` of the units, which ones by ``seed``."""

    share: float = 0.0
    seed: int = 0

    @property
    def threshold(self) -> int:
        """The share of 2^32."""
        return round(self.share * 2**32)

    @property
    def growth(self) -> np.float32:
        """What the kept units are multiplied by."""
        return np.float32(1.0 / (1.0 - self.share))


def drop(x: Tensor, dropping: Dropping) -> Tensor:
    """Dropout of (R, H)."""
    dropped: Tensor = _Drop.apply(x, dropping)
    return dropped


def norm_and_activate(
    x: Tensor, weight: Tensor, bias: Tensor, slope: Tensor, norm: torch.nn.BatchNorm1d, dropping: Dropping
) -> Tensor:
    """Batch norm in training, an activation of ``slope`` (H,) below zero, and dropout: (R, H) -> (R, H).

    The running statistics of ``norm`` take part of the batch's.
    """
    activated: Tensor = _NormAndActivate.apply(x, weight, bias, slope, norm, dropping)
    return activated


def dice(s: Tensor, alpha: Tensor, norm: torch.nn.BatchNorm1d) -> Tensor:
    """Dice in training: (R, H) -> (R, H). The running statistics of ``norm`` take part of the batch's."""
    activated: Tensor = _Dice.apply(s, alpha, norm)
    return activated


def cross_matrices(x0: Tensor, weights: Tensor, biases: Tensor) -> Tensor:
    """All layers x_{l+1} = x_0 * (W_l x_l + b_l) + x_l, for W (L, width, width) and b (L, width): x_0 -> x_L."""
    crossed: Tensor = _CrossMatrices.apply(x0, weights, biases)
    return crossed


def cross_vectors(x0: Tensor, weights: Tensor, biases: Tensor) -> Tensor:
    """All layers x_{l+1} = x_0 (x_l . w_l) + b_l + x_l, for w and b (L, width): x_0 -> x_L."""
    crossed: Tensor = _CrossVectors.apply(x0, weights, biases)
    return crossed


def running(norm: torch.nn.BatchNorm1d) -> tuple[Any, ...]:
    """What the loops need of a batch norm: epsilon, running mean and variance (H,), and their momentum."""
    assert norm.running_mean is not None
    assert norm.running_var is not None
    assert norm.momentum is not None
    statistics = norm.running_mean.numpy(), norm.running_var.numpy()
    return np.float32(norm.eps), *statistics, np.float32(norm.momentum)


def array(tensor: Tensor) -> np.ndarray:
    """The tensor's numbers as float32, one row after the other, in its own memory where they lie so."""
    return tensor.detach().float().contiguous().numpy()


class _Drop(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, dropping: Dropping) -> Tensor:
        ctx.dropping = dropping
        return _dropped(x, dropping)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        return _dropped(gradients[0], ctx.dropping), None


def _dropped(x: Tensor, dropping: Dropping) -> Tensor:
    out = torch.empty(x.shape)
    norm_loops.drop(array(x), dropping.seed, dropping.threshold, dropping.growth, out.numpy())
    return out


class _NormAndActivate(torch.autograd.Function):
    @staticmethod
    def forward(
        ctx: Any, x: Tensor, weight: Tensor, bias: Tensor, slope: Tensor, norm: torch.nn.BatchNorm1d, dropping: Dropping
    ) -> Tensor:
        d = dropping
        read = (array(x), array(weight), array(bias), array(slope), d.seed, d.threshold, d.growth)
        mean, inverse = np.empty_like(read[1]), np.empty_like(read[1])
        out = torch.empty(x.shape)
        norm_loops.forward(*read, *running(norm), mean, inverse, out.numpy())
        ctx.read, ctx.dtype = (*read, mean, inverse), x.dtype
        return out

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        x, weight = ctx.read[:2]
        of_x = np.empty_like(x)
        of_weight, of_bias, of_slope = (np.empty_like(weight) for _ in range(3))
        norm_loops.backward(array(gradients[0]), *ctx.read, of_x, of_weight, of_bias, of_slope)
        found = [torch.from_numpy(gradient) for gradient in (of_x, of_weight, of_bias, of_slope)]
        return found[0].to(ctx.dtype), *found[1:], None, None


class BatchDice:
    """Dice of s (R, H) by the statistics of the batch, and its gradient."""

    def __init__(self, s: Tensor, alpha: Tensor) -> None:
        self._read = array(s), array(alpha)
        self._statistics = np.empty_like(self._read[1]), np.empty_like(self._read[1])

    def forward(self, norm: torch.nn.BatchNorm1d) -> Tensor:
        """(R, H); the running statistics of ``norm`` take part of the batch's."""
        out = torch.empty(self._read[0].shape)
        dice_loops.forward(*self._read, *running(norm), *self._statistics, out.numpy())
        return out

    def backward(self, slopes: Tensor) -> tuple[Tensor, Tensor]:
        """Gradients of s (R, H) and of alpha (H,) from those of what ``forward`` gave."""
        of_s, of_alpha = (torch.empty(read.shape) for read in self._read)
        dice_loops.backward(array(slopes), *self._read, *self._statistics, of_s.numpy(), of_alpha.numpy())
        return of_s, of_alpha


class _Dice(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, s: Tensor, alpha: Tensor, norm: torch.nn.BatchNorm1d) -> Tensor:
        ctx.dice, ctx.dtype = BatchDice(s, alpha), s.dtype
        activated: Tensor = ctx.dice.forward(norm)
        return activated

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, None]:
        of_s, of_alpha = ctx.dice.backward(gradients[0])
        return of_s.to(ctx.dtype), of_alpha, None


class _CrossMatrices(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x0: Tensor, weights: Tensor, biases: Tensor) -> Tensor:
        ctx.width = x0.shape[1]
        more = -ctx.width % STRIDE
        ctx.lower = torch.get_autocast_dtype("cpu") if torch.is_autocast_enabled("cpu") else None
        x = ctx.x0 = functional.pad(x0.detach().float(), (0, more))
        ctx.weights = functional.pad(weights.detach(), (0, more, 0, more)).to(ctx.lower or torch.float32)
        ctx.inputs, ctx.products = [], []
        for weight, bias in zip(ctx.weights, functional.pad(biases.detach(), (0, more)), strict=True):
            ctx.inputs.append(x.to(ctx.lower) if ctx.lower else x)
            z = torch.addmm(bias.to(weight.dtype), ctx.inputs[-1], weight.T).float()
            ctx.products.append(z)
            x = torch.addcmul(x, ctx.x0, z)
        return x[:, : ctx.width]

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        x0 = ctx.x0
        slopes = functional.pad(gradients[0], (0, x0.shape[1] - ctx.width))
        of_x0 = torch.zeros_like(x0)
        of_weights = torch.empty(len(ctx.weights), ctx.width, ctx.width)
        of_biases = torch.empty(len(ctx.weights), x0.shape[1])
        for index in reversed(range(len(ctx.weights))):
            of_z = torch.empty_like(x0)
            read = (slopes, x0, ctx.products[index], of_z, of_x0, of_biases[index])
            cross_loops.matrix_backward(*(array(tensor) for tensor in read))
            of_z = of_z.to(ctx.lower) if ctx.lower else of_z
            of_weights[index] = (of_z.T @ ctx.inputs[index])[: ctx.width, : ctx.width]
            back = of_z @ ctx.weights[index]
            slopes = slopes.add_(back) if index < len(ctx.weights) - 1 else slopes + back
        return of_x0.add_(slopes)[:, : ctx.width], of_weights, of_biases[:, : ctx.width]


class _CrossVectors(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x0: Tensor, weights: Tensor, biases: Tensor) -> Tensor:
        ctx.x0, ctx.weights = array(x0), array(weights)
        ctx.inputs, ctx.products = [ctx.x0], []
        for weight, bias in zip(ctx.weights, array(biases), strict=True):
            ctx.products.append(np.empty(len(x0), np.float32))
            out = np.empty_like(ctx.x0)
            cross_loops.vector_forward(ctx.x0, ctx.inputs[-1], weight, bias, ctx.products[-1], out)
            ctx.inputs.append(out)
        return torch.from_numpy(ctx.inputs.pop())

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, ...]:
        slopes = array(gradients[0]).copy()
        of_x0 = np.zeros_like(slopes)
        of_weights, of_biases = np.empty_like(ctx.weights), np.empty_like(ctx.weights)
        for index in reversed(range(len(ctx.weights))):
            read = (slopes, ctx.x0, ctx.inputs[index], ctx.weights[index], ctx.products[index])
            cross_loops.vector_backward(*read, of_x0, of_weights[index], of_biases[index])
        return torch.from_numpy(of_x0 + slopes), torch.from_numpy(of_weights), torch.from_numpy(of_biases)
