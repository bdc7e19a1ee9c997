"""Interactions by weights: what the parameters of FM and DCN say, in the unit of the logit where they can."""

from __future__ import annotations

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from ..data.batch import Batch, FieldLayout
from ..data.errors import InputError
from ..models.dcn import DCN
from ..models.fm import FM
from ..models.layers import evaluation_mode
from .curvature import mean_curvature
from .pairs import pair_frame


def by_weights(model: nn.Module, batch: Batch, *, raw: bool = False) -> pd.DataFrame:
    """Field-pair strengths from the weights of ``model``, weighted by the rows of ``batch``.

    ``raw``: main effects are left in, as most tools show it.

    Raises:
        InputError: for a family whose weights do not tell pairs apart.
    """
    strengths = strengths_by_weights(model, batch, raw=raw)
    layout: FieldLayout = model.layout  # type: ignore[assignment]
    return pair_frame(layout.field_names, strengths)


def strengths_by_weights(model: nn.Module, batch: Batch, *, raw: bool = False) -> np.ndarray:
    """What ``by_weights`` tells, as a symmetric matrix (F, F) with zeros on its diagonal."""
    if isinstance(model, FM):
        return fm_strengths(model, batch, raw=raw)
    if isinstance(model, DCN):
        return dcn_strengths(model, batch, raw=raw)
    raise InputError("The weights of DIN do not name pairs of fields; read its behaviour instead.")


@torch.no_grad()
def fm_strengths(model: FM, batch: Batch, *, raw: bool = False) -> np.ndarray:
    """Root mean square of each purified pair term in logits, (F, F).

    With fields drawn independently from their own distributions, the purified term is <x_i v_i - E, x_j v_j - E>,
    and its mean square is the sum of the elementwise product of the two covariances of x v. ``raw``: the term as it
    is, <x_i v_i, x_j v_j>, with second moments in the place of covariances.
    """
    vectors = model.field_vectors(batch).double()
    moments = _moments(vectors if raw else vectors - vectors.mean(dim=0))
    squares = torch.einsum("fde,gde->fg", moments, moments)
    return _off_diagonal(squares.clamp_min(0).sqrt())


def _moments(vectors: Tensor) -> Tensor:
    """Mean outer product of each field's vector with itself: (B, F, D) -> (F, D, D)."""
    return torch.einsum("bfd,bfe->fde", vectors, vectors) / len(vectors)


@torch.no_grad()
def dcn_strengths(model: DCN, batch: Batch, *, layer: int | None = None, raw: bool = False) -> np.ndarray:
    """Root mean square of each purified pair term of a DCN in logits, to second order in its inputs, (F, F).

    A layer adds sum_d g_d x_0d (W x_l)_d to the logit, with g the mean slope of the logit at the layer's output. With
    J x_0 in the place of x_l, J being its mean slope in x_0, fields i and j meet in x_i^T S_ij x_j, where
    S = M + M^T + H and M = sum_l diag(g_l) W_l J_l: both directions together, since they can cancel. H is the mean
    curvature of the MLP (``mean_curvature``), which takes a part of a pair over from the cross layers, or back. With
    fields drawn independently, the mean square of the purified term is tr(C_i S_ij C_j S_ij^T), C being the
    covariances of a field's inputs. S is the mean of the logit's second derivatives, exactly for up to two cross
    layers and one hidden layer, parallel. ``layer``: what that layer alone adds. ``raw``: second moments in the place
    of covariances.
    """
    x0 = model.inputs(batch)
    states = model.cross_states(x0)
    slopes = _slopes_of_states(model, x0, states)  # J
    layers = range(model.cross.num_layers) if layer is None else (layer,)
    products = sum((in_logits(model, x0, states, index) @ slopes[index] for index in layers), torch.zeros(()))  # M
    products = products + products.T  # S
    if layer is None:
        products = products + _curvature_in_inputs(model, states, slopes[-1])
    moments = second_moments(x0, raw=raw)
    return _off_diagonal(root_mean_squares(products, moments, moments, list(model.inputs.slices.values())))


def in_logits(model: DCN, x0: Tensor, states: list[Tensor], layer: int) -> Tensor:
    """diag(g) W of one layer, (width, width), float64: what it adds to the logit by each pair of inputs."""
    slopes = _mean_slopes(model, x0, states[layer + 1], layer + 1)
    return slopes[:, None] * model.cross.implied_matrix(layer, states[layer]).double()


def second_moments(x: Tensor, *, raw: bool = False) -> Tensor:
    """Covariance of inputs (B, width), or with ``raw`` their uncentred second moments: (width, width), float64."""
    x = x.double() if raw else x.double() - x.double().mean(dim=0)
    return x.T @ x / len(x)


def root_mean_squares(products: Tensor, rows: Tensor, columns: Tensor, slices: list[slice]) -> Tensor:
    """Root of tr(R_i P_ij C_j P_ij^T) for each pair of blocks, (F, F); R and C are the moments of rows and columns.

    The trace is the sum over the block of the elementwise product of R_i P_ij and P_ij C_j.
    """
    of_rows = torch.cat([rows[a, a] @ products[a] for a in slices])
    of_columns = torch.cat([products[:, b] @ columns[b, b] for b in slices], dim=1)
    blocks = (of_rows * of_columns).split([b.stop - b.start for b in slices], dim=1)
    sums = torch.stack([block.sum(dim=1) for block in blocks], dim=1)  # (width, F)
    squares = torch.stack([sums[a].sum(dim=0) for a in slices])
    return squares.double().clamp_min(0).sqrt()


def _slopes_of_states(model: DCN, x0: Tensor, states: list[Tensor]) -> list[Tensor]:
    """Mean slopes of x_0, x_1, ..., x_L in x_0, (width, width) float64 each: row = x_l, column = x_0.

    x_{l+1} = x_0 * h + x_l, with h about W x_l + b, passes on J of x_l, and adds diag(h) + diag(x_0) W J.
    """
    slopes = [torch.eye(x0.shape[1], dtype=torch.float64)]
    for index, x in enumerate(states[:-1]):
        ones, zeros = torch.ones_like(x0), torch.zeros_like(x0)
        factors = (model.cross.layer(index, ones, x) - model.cross.layer(index, zeros, x)).double().mean(dim=0)  # h
        read = model.cross.implied_matrix(index, x).double() @ slopes[-1]
        slopes.append(slopes[-1] + torch.diag(factors) + x0.double().mean(dim=0)[:, None] * read)
    return slopes


def _curvature_in_inputs(model: DCN, states: list[Tensor], slopes: Tensor) -> Tensor:
    """The mean curvature of the MLP in x_0, (width, width); stacked, in x_L, which has these ``slopes`` in x_0."""
    if model.is_stacked:
        return slopes.T @ mean_curvature(model, states[-1]) @ slopes
    return mean_curvature(model, states[0])


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
