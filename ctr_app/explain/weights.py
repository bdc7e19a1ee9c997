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


@torch.no_grad()
def dcn_strengths(model: DCN, batch: Batch) -> np.ndarray:
    """Root mean square of each purified pair term of the cross network in logits, to first order, (F, F).

    A layer adds sum_d g_d x_0d (W x_l)_d to the logit, with g the mean slope of the logit at the layer's output. With
    x_0 in the place of x_l, fields i and j meet in x_i^T S_ij x_j, where S = M + M^T and M = sum_l diag(g_l) W_l: both
    directions together, since they can cancel. With fields drawn independently, the mean square of the purified term
    is tr(C_i S_ij C_j S_ij^T), C being the covariances of a field's inputs. Exact for one cross layer, parallel.
    """
    x0 = model.inputs(batch)
    states = model.cross_states(x0)
    products = torch.zeros(x0.shape[1], x0.shape[1], dtype=torch.float64)  # M, then S
    for index in range(model.cross.num_layers):
        slopes = _mean_slopes(model, x0, states[index + 1], index + 1)
        products += slopes[:, None] * model.cross.implied_matrix(index, states[index]).double()
    products = products + products.T
    centred = x0.double() - x0.double().mean(dim=0)
    covariance = centred.T @ centred / len(centred)
    slices = model.inputs.slices.values()
    squares = [
        [((covariance[a, a] @ products[a, b]) * (products[a, b] @ covariance[b, b])).sum() for b in slices]
        for a in slices
    ]
    return _off_diagonal(torch.tensor(squares, dtype=torch.float64).clamp_min(0).sqrt())


def _mean_slopes(model: DCN, x0: Tensor, state: Tensor, layer: int) -> Tensor:
    """Mean slope of the logit at each coordinate of the state (B, width) after ``layer`` layers, float64 (width,)."""
    state = state.clone().requires_grad_(True)
    with torch.enable_grad(), evaluation_mode(model):
        x = state
        for index in range(layer, model.cross.num_layers):
            x = model.cross.layer(index, x0, x)
        (gradient,) = torch.autograd.grad(model.head(x0, x).sum(), state)
    return gradient.double().mean(dim=0)


def _off_diagonal(matrix: Tensor) -> np.ndarray:
    strengths = matrix.numpy().copy()
    np.fill_diagonal(strengths, 0.0)
    return strengths
