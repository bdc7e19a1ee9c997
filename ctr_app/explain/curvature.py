"""How far the MLP of a DCN makes inputs work together: its mean curvature."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..models.dcn import DCN
from ..models.layers import Hidden, evaluation_mode

# How wide a Gaussian kernel is best for numbers drawn from a normal distribution (Silverman 1986, equation 3.28).
SILVERMAN = 1.06


@torch.no_grad()
def mean_curvature(model: DCN, inputs: Tensor) -> Tensor:
    """Mean second derivatives of the logit by the ``inputs`` (B, in) of the MLP, through it: (in, in), float64.

    A unit max(u, 0) bends only where u is 0. The mean over the rows of its second derivatives is therefore the density
    of u at 0, by a Gaussian kernel, times the logit's slope at the unit there, times the products of u's own slopes.
    These are taken in the mean over the rows: exact for one hidden layer, and to first order for more.
    """
    with evaluation_mode(model):
        units = _units(model.mlp.hidden, inputs)
        matrices = _matrices(model.mlp.hidden)
    at_units = _mean_slopes(units, matrices, inputs.shape[1])
    total = torch.zeros(inputs.shape[1], inputs.shape[1], dtype=torch.float64)
    listening = model.output.weight[0, -model.mlp.out_dim :].expand(len(inputs), -1)  # the logit's slope at each unit
    for u, slopes, matrix in zip(reversed(units), reversed(at_units), reversed(matrices), strict=True):
        bends = (density_at_zero(u) * listening).double().mean(dim=0)
        total += slopes.T @ (bends[:, None] * slopes)
        listening = (listening * (u > 0)) @ matrix
    return total


def density_at_zero(u: Tensor) -> Tensor:
    """What each of the numbers (B, H) adds to the density of its column at 0, times B; 0 where all are the same."""
    widths = SILVERMAN * u.std(dim=0, correction=0) * len(u) ** -0.2
    kernels = torch.exp(-0.5 * (u / widths).square()) / (math.sqrt(2 * math.pi) * widths)
    return torch.where(widths > 0, kernels, torch.zeros_like(kernels))


def _affine(hidden: Hidden, x: Tensor) -> Tensor:
    """What comes before a layer's activation, (B, H)."""
    u: Tensor = hidden.linear(x)
    return u if hidden.norm is None else hidden.norm(u)


def _units(layers: list[Hidden], x: Tensor) -> list[Tensor]:
    """Before its activation every unit of every layer, (B, H) each."""
    units = []
    for hidden in layers:
        units.append(_affine(hidden, x))
        x = torch.relu(units[-1])
    return units


def _matrices(layers: list[Hidden]) -> list[Tensor]:
    """The slopes of each layer's units in what the layer reads, (H, in) each."""
    eyes = [torch.eye(hidden.linear.in_features).to(hidden.linear.weight) for hidden in layers]
    return [
        (_affine(hidden, eye) - _affine(hidden, torch.zeros_like(eye))).T
        for hidden, eye in zip(layers, eyes, strict=True)
    ]


def _mean_slopes(units: list[Tensor], matrices: list[Tensor], width: int) -> list[Tensor]:
    """The mean slopes of each layer's units in the MLP's inputs, (H, in) float64 each."""
    slopes, found = torch.eye(width, dtype=torch.float64), []
    for u, matrix in zip(units, matrices, strict=True):
        found.append(matrix.double() @ slopes)
        slopes = (u > 0).double().mean(dim=0)[:, None] * found[-1]
    return found
