"""The cross layers of a DCN: W or the matrix implied, its blocks, its experts and its singular values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from ..data.batch import Batch
from ..models.dcn import DCN, CrossMix
from .weights import in_logits, root_mean_squares, second_moments


@dataclass(frozen=True)
class CrossLayer:
    """One cross layer as a picture: W or the matrix implied, (width, width), row = output, column = input."""

    index: int
    matrix: np.ndarray
    slices: dict[str, slice]


@dataclass(frozen=True)
class Expert:
    """One expert of a layer of DCN-Mix.

    ``gate`` is how far its gate opens, the mean over rows, of 1 for all experts together; ``leads`` the share of rows
    where no gate opens wider; ``matrix`` (width, width) what the expert is near zero with its gate open.
    """

    gate: float
    leads: float
    matrix: np.ndarray


@torch.no_grad()
def cross_layers(model: DCN, batch: Batch) -> list[CrossLayer]:
    """W of every cross layer, or the matrix that a vector or experts imply, their gates averaged over ``batch``."""
    states = model.cross_states(model.inputs(batch))
    return [
        CrossLayer(index, model.cross.implied_matrix(index, states[index]).numpy(), model.inputs.slices)
        for index in range(model.cross.num_layers)
    ]


@torch.no_grad()
def experts(model: DCN, batch: Batch, index: int) -> list[Expert]:
    """The experts of layer ``index``, their gates over the rows of ``batch``; none but for DCN-Mix."""
    cross = model.cross
    if not isinstance(cross, CrossMix):
        return []
    gates = cross.gates(model.cross_states(model.inputs(batch))[index])  # (B, K)
    means, leading = gates.mean(dim=0), gates.argmax(dim=1)
    matrices = torch.einsum("kdr,krs,kse->ked", cross.into[index], cross.within[index], cross.out[index])
    return [
        Expert(float(means[k]), float((leading == k).double().mean()), matrix.numpy())
        for k, matrix in enumerate(matrices)
    ]


def block_norms(layer: CrossLayer) -> np.ndarray:
    """Frobenius norm of each block of W, (F, F): how strongly field row multiplies what it reads of field column."""
    starts = [block.start for block in layer.slices.values()]
    squares = np.square(layer.matrix, dtype=np.float64)
    norms: np.ndarray = np.sqrt(np.add.reduceat(np.add.reduceat(squares, starts, axis=0), starts, axis=1))
    return norms


@torch.no_grad()
def block_flows(model: DCN, batch: Batch, index: int) -> np.ndarray:
    """How far each block of W of layer ``index`` moves the logit, (F, F): field row multiplies what it reads of column.

    The root mean square, in logits, of g_i x_0i W_ij x_lj with the inputs of both fields as they come to the layer,
    centred and drawn independently: tr(C_i M_ij L_j M_ij^T), with M = diag(g) W, g the mean slope of the logit at the
    layer's output, and C and L the covariances of x_0 and of x_l. Unlike a norm of W, this knows how much the inputs
    vary and how far the logit listens.
    """
    x0 = model.inputs(batch)
    states = model.cross_states(x0)
    product = in_logits(model, x0, states, index)
    blocks = list(model.inputs.slices.values())
    return root_mean_squares(product, second_moments(x0), second_moments(states[index]), blocks).numpy()


def singular_values(matrix: np.ndarray) -> pd.DataFrame:
    """Columns rank from 1, value and energy: the share of the squares of all entries that so low a rank keeps."""
    values = np.linalg.svd(matrix.astype(np.float64), compute_uv=False)
    squares = values**2
    energy = np.cumsum(squares) / squares.sum() if squares.any() else np.ones(len(values))
    return pd.DataFrame({"rank": np.arange(1, len(values) + 1), "value": values, "energy": energy})


def rank_keeping(frame: pd.DataFrame, share: float = 0.9) -> int:
    """The lowest rank that keeps so much of the energy, of a frame of ``singular_values``."""
    return int(frame["rank"][int((frame["energy"] < share - 1e-12).sum())])
