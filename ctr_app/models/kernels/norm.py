"""Batch norm, activation and dropout of a layer's units in one go, forwards and backwards.

Matrices (R, H) are read as one row of numbers, several of their rows at a time: the processor works on many numbers
at once, and short rows would leave it none.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from . import LIBERTIES, compiled
from .numbers import is_kept

ZERO, ONE = np.float32(0.0), np.float32(1.0)
# Rows are taken together up to about so many numbers.
BROAD = 128


@njit(error_model="numpy", fastmath=LIBERTIES)
def rows_together(width):  # type: ignore[no-untyped-def]
    """How many rows of ``width`` numbers are taken together."""
    return max(1, BROAD // max(1, width))


@njit(error_model="numpy", fastmath=LIBERTIES)
def repeated(vector, times):  # type: ignore[no-untyped-def]
    """The numbers of ``vector`` (H,), so many times after each other."""
    width = len(vector)
    out = np.empty(width * times, vector.dtype)
    for t in range(times):
        for h in range(width):
            out[t * width + h] = vector[h]
    return out


@njit(error_model="numpy", fastmath=LIBERTIES)
def folded(totals, width, share):  # type: ignore[no-untyped-def]
    """Sums (times H,) of rows taken together as sums (H,), times ``share``, float32."""
    out = np.zeros(width)
    for place in range(len(totals)):
        out[place % width] += totals[place]
    return (out * share).astype(np.float32)


@njit(error_model="numpy", fastmath=LIBERTIES)
def statistics(x, mean, inverse, epsilon, running_mean, running_variance, momentum):  # type: ignore[no-untyped-def]
    """Fill ``mean`` and ``inverse`` = 1 / sqrt(variance + epsilon), (H,), over the rows of ``x`` (R, H), R at least 2.

    The running statistics move towards those of the batch by ``momentum``. Sums are in float64.
    """
    num_rows, width = x.shape
    times = rows_together(width)
    flat, length = x.reshape(x.size), times * width
    totals = np.zeros(length)
    for start in range(0, len(flat), length):
        part = flat[start : start + length]
        for j in range(len(part)):
            totals[j] += part[j]
    mean[:] = folded(totals, width, 1.0 / num_rows)
    means = repeated(mean, times)
    totals[:] = 0.0
    for start in range(0, len(flat), length):
        part = flat[start : start + length]
        for j in range(len(part)):
            apart = part[j] - means[j]
            totals[j] += apart * apart
    variance = folded(totals, width, 1.0 / num_rows)
    unbiased = np.float32(num_rows / (num_rows - 1.0))
    for h in range(width):
        inverse[h] = ONE / np.sqrt(variance[h] + epsilon)
        running_mean[h] += momentum * (mean[h] - running_mean[h])
        running_variance[h] += momentum * (unbiased * variance[h] - running_variance[h])


@compiled
def forward(
    x: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray,
    slope: np.ndarray,
    seed: int,
    threshold: int,
    growth: np.float32,
    epsilon: np.float32,
    running_mean: np.ndarray,
    running_variance: np.ndarray,
    momentum: np.float32,
    mean: np.ndarray,
    inverse: np.ndarray,
    out: np.ndarray,
) -> None:
    """Fill ``out`` (R, H) with dropout(activation(weight (x - mean) inverse + bias)), and ``mean`` and ``inverse``.

    ``slope`` (H,) is the activation's below zero: 0 for ReLU. Units are left out with a chance of threshold / 2^32;
    those kept are multiplied by ``growth``.
    """
    statistics(x, mean, inverse, epsilon, running_mean, running_variance, momentum)
    times = rows_together(x.shape[1])
    steep = inverse * weight
    scale, slopes = repeated(steep, times), repeated(slope, times)
    shift = repeated(bias - mean * steep, times)
    flat, written = x.reshape(x.size), out.reshape(x.size)
    for start in range(0, len(flat), len(scale)):
        part, filled = flat[start : start + len(scale)], written[start : start + len(scale)]
        for j in range(len(part)):
            y = part[j] * scale[j] + shift[j]
            filled[j] = y if y > ZERO else slopes[j] * y
        if threshold > 0:
            for j in range(len(part)):
                filled[j] = filled[j] * growth if is_kept(seed, start + j, threshold) else ZERO


@compiled
def backward(
    given: np.ndarray,
    x: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray,
    slope: np.ndarray,
    seed: int,
    threshold: int,
    growth: np.float32,
    mean: np.ndarray,
    inverse: np.ndarray,
    of_x: np.ndarray,
    of_weight: np.ndarray,
    of_bias: np.ndarray,
    of_slope: np.ndarray,
) -> None:
    """Fill the gradients from those of ``out``, ``given`` (R, H); ``mean`` and ``inverse`` are as ``forward`` left."""
    num_rows, width = x.shape
    times = rows_together(width)
    means, inverses, slopes = repeated(mean, times), repeated(inverse, times), repeated(slope, times)
    weights, biases = repeated(weight, times), repeated(bias, times)
    length = times * width
    flat, slope_of, written = x.reshape(x.size), given.reshape(x.size), of_x.reshape(x.size)
    total_bias, total_weight, total_slope = np.zeros(length), np.zeros(length), np.zeros(length)
    standard, y = np.empty(length, np.float32), np.empty(length, np.float32)
    for start in range(0, len(flat), length):
        part, filled = flat[start : start + length], written[start : start + length]
        source = slope_of[start : start + length]
        for j in range(len(part)):
            standard[j] = (part[j] - means[j]) * inverses[j]
        for j in range(len(part)):
            y[j] = standard[j] * weights[j] + biases[j]
        if threshold > 0:
            for j in range(len(part)):
                filled[j] = source[j] * growth if is_kept(seed, start + j, threshold) else ZERO
        else:
            for j in range(len(part)):
                filled[j] = source[j]
        for j in range(len(part)):
            total_slope[j] += filled[j] * y[j] if y[j] <= ZERO else ZERO
        for j in range(len(part)):
            filled[j] = filled[j] if y[j] > ZERO else slopes[j] * filled[j]
        for j in range(len(part)):
            total_bias[j] += filled[j]
        for j in range(len(part)):
            total_weight[j] += filled[j] * standard[j]
    of_slope[:] = folded(total_slope, width, 1.0)
    of_bias[:] = folded(total_bias, width, 1.0)
    of_weight[:] = folded(total_weight, width, 1.0)
    # of_x = inverse weight (d - mean(d) - standard mean(d standard)), as one factor of d, one of x and a constant.
    share = ONE / np.float32(num_rows)
    steep = inverse * weight
    tilt = -steep * inverse * of_weight * share
    scale, tilts = repeated(steep, times), repeated(tilt, times)
    shift = repeated(-steep * of_bias * share - mean * tilt, times)
    for start in range(0, len(flat), length):
        part, filled = flat[start : start + length], written[start : start + length]
        for j in range(len(part)):
            filled[j] = scale[j] * filled[j] + tilts[j] * part[j] + shift[j]


@compiled
def drop(x: np.ndarray, seed: int, threshold: int, growth: np.float32, out: np.ndarray) -> None:
    """Dropout alone: fill ``out`` (R, H); its gradient is the same of the gradients."""
    flat, written = x.reshape(x.size), out.reshape(x.size)
    for place in range(len(flat)):
        written[place] = flat[place] * growth if is_kept(seed, place, threshold) else ZERO
