"""Interactions by weights: what the parameters of FM and DCN say, in the unit of the logit where they can."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from ..data.batch import Batch
from ..data.errors import InputError
from ..models.dcn import DCN
from ..models.fm import FM
from ..models.layers import evaluation_mode
from .pairs import pair_frame


def by_weights(model: nn.Module, batch: Batch) -> pd.DataFrame:
    """Field-pair strengths from the weights of ``model``, weighted by the rows of ``batch``.

    Raises:
        InputError: for a family whose weights do not tell pairs apart.
    """
    if isinstance(model, FM):
        return pair_frame(model.layout.field_names, fm_strengths(model, batch))
    if isinstance(model, DCN):
        return pair_frame(model.layout.field_names, dcn_strengths(model, batch))
    raise InputError("The weights of DIN do not name pairs of fields; read its behaviour instead.")


@torch.no_grad()
def fm_strengths(model: FM, batch: Batch) -> np.ndarray:
    """Root mean square of each purified pair term in logits, (F, F).

    With fields drawn independently from their own distributions, the purified term is <x_i v_i - E, x_j v_j - E>,
    and its mean square is the sum of the elementwise product of the two covariances of x v.
    """
    vectors = model.field_vectors(batch).double()
    centred = vectors - vectors.mean(dim=0)
    covariances = torch.einsum("bfd,bfe->fde", centred, centred) / len(vectors)
    squares = torch.einsum("fde,gde->fg", covariances, covariances)
    return _off_diagonal(squares.clamp_min(0).sqrt())


@dataclass(frozen=True)
class CrossLayer:
    """One cross layer as a picture: W or the matrix implied, (width, width), row = output, column = input."""

    index: int
    matrix: np.ndarray
    slices: dict[str, slice]


@torch.no_grad()
def cross_layers(model: DCN, batch: Batch) -> list[CrossLayer]:
    """W of every cross layer, or the matrix that a vector or a mix of experts implies."""
    states = model.cross_states(model.inputs(batch))
    return [
        CrossLayer(index, model.cross.implied_matrix(index, states[index]).numpy(), model.inputs.slices)
        for index in range(model.cross.num_layers)
    ]


def block_norms(layer: CrossLayer) -> np.ndarray:
    """Frobenius norm of each block of W, (F, F): how strongly field row multiplies what it reads of field column."""
    names = list(layer.slices)
    return np.array([[np.linalg.norm(layer.matrix[layer.slices[a], layer.slices[b]]) for b in names] for a in names])


def dcn_strengths(model: DCN, batch: Batch) -> np.ndarray:
    """Root mean square of what each pair of fields adds in the cross network, in logits to first order, (F, F).

    The block of W from field j to field i adds x_i * (W_ij x_j) to the coordinates of i. With both centred and drawn
    independently, coordinate d has mean square var(x_d) (W C_j W^T)_dd; it is weighted by the mean squared slope of
    the logit at that coordinate, and summed over both directions and all layers.
    """
    x0 = model.inputs(batch).detach()
    states = [state.detach() for state in model.cross_states(x0)]
    total = torch.zeros(len(model.inputs.slices), len(model.inputs.slices), dtype=torch.float64)
    variance = x0.double().var(dim=0, correction=0)
    for index in range(model.cross.num_layers):
        slopes = _slopes(model, x0, states[index + 1], index + 1)
        matrix = model.cross.implied_matrix(index, states[index]).detach().double()
        centred = states[index].double() - states[index].double().mean(dim=0)
        for column, (_, block) in enumerate(model.inputs.slices.items()):
            flow = centred[:, block] @ matrix[:, block].T  # (B, width): what field `column` sends to each coordinate
            square = variance * flow.square().mean(dim=0) * slopes
            for row, target in enumerate(model.inputs.slices.values()):
                total[row, column] += square[target].sum()
    return _off_diagonal((total + total.T).sqrt())


def _slopes(model: DCN, x0: Tensor, state: Tensor, layer: int) -> Tensor:
    """Mean squared slope of the logit at each coordinate of the state after ``layer`` layers, (width,)."""
    state = state.clone().requires_grad_(True)
    with torch.enable_grad(), evaluation_mode(model):
        x = state
        for index in range(layer, model.cross.num_layers):
            x = model.cross.layer(index, x0, x)
        (gradient,) = torch.autograd.grad(model.head(x0, x).sum(), state)
    return gradient.double().square().mean(dim=0)


def _off_diagonal(matrix: Tensor) -> np.ndarray:
    strengths = matrix.numpy().copy()
    np.fill_diagonal(strengths, 0.0)
    return strengths
