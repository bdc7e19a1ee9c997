"""What a cross layer does element by element, around its matrix products."""

from __future__ import annotations

import numpy as np

from . import compiled

ZERO = np.float32(0.0)


@compiled
def matrix_backward(
    slopes: np.ndarray, x0: np.ndarray, z: np.ndarray, of_z: np.ndarray, of_x0: np.ndarray, of_bias: np.ndarray
) -> None:
    """For x0 z + x with slopes (B, width): fill ``of_z`` with slopes x0 and ``of_bias`` with its sum over rows.

    slopes z is added to ``of_x0``.
    """
    num_rows, width = slopes.shape
    total = np.zeros(width)
    for b in range(num_rows):
        for k in range(width):
            given = slopes[b, k] * x0[b, k]
            of_z[b, k] = given
            of_x0[b, k] += slopes[b, k] * z[b, k]
            total[k] += given
    for k in range(width):
        of_bias[k] = total[k]


@compiled
def vector_forward(
    x0: np.ndarray, x: np.ndarray, weight: np.ndarray, bias: np.ndarray, products: np.ndarray, out: np.ndarray
) -> None:
    """Fill ``products`` (B,) with x . weight and ``out`` (B, width) with x0 (x . weight) + bias + x."""
    num_rows, width = x.shape
    for b in range(num_rows):
        product = ZERO
        for k in range(width):
            product += x[b, k] * weight[k]
        products[b] = product
        for k in range(width):
            out[b, k] = x0[b, k] * product + bias[k] + x[b, k]


@compiled
def vector_backward(
    slopes: np.ndarray,
    x0: np.ndarray,
    x: np.ndarray,
    weight: np.ndarray,
    products: np.ndarray,
    of_x0: np.ndarray,
    of_weight: np.ndarray,
    of_bias: np.ndarray,
) -> None:
    """Change ``slopes`` (B, width) from those of the layer's output to those of x; fill the weight's and the bias's.

    Those of x0 are added to ``of_x0``.
    """
    num_rows, width = slopes.shape
    total_weight, total_bias = np.zeros(width), np.zeros(width)
    for b in range(num_rows):
        of_product = ZERO
        for k in range(width):
            of_product += slopes[b, k] * x0[b, k]
        product = products[b]
        for k in range(width):
            given = slopes[b, k]
            total_bias[k] += given
            total_weight[k] += of_product * x[b, k]
            of_x0[b, k] += given * product
            slopes[b, k] = given + of_product * weight[k]
    for k in range(width):
        of_weight[k], of_bias[k] = total_weight[k], total_bias[k]
