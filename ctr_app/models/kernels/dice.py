"""The activation Dice (Zhou et al. 2018, section 5.2) over the rows it is given, forwards and backwards."""

from __future__ import annotations

import numpy as np

from . import compiled
from .norm import folded, repeated, rows_together, statistics
from .numbers import sigmoid

ONE = np.float32(1.0)


@compiled
def forward(
    s: np.ndarray,
    alpha: np.ndarray,
    epsilon: np.float32,
    running_mean: np.ndarray,
    running_variance: np.ndarray,
    momentum: np.float32,
    mean: np.ndarray,
    inverse: np.ndarray,
    out: np.ndarray,
) -> None:
    """Fill ``out`` (R, H) with s (p + alpha (1 - p)), p = sigmoid((s - mean) inverse), and ``mean`` and ``inverse``."""
    statistics(s, mean, inverse, epsilon, running_mean, running_variance, momentum)
    times = rows_together(s.shape[1])
    scale, shift = repeated(inverse, times), repeated(-mean * inverse, times)
    rest = repeated(ONE - alpha, times)
    flat, written = s.reshape(s.size), out.reshape(s.size)
    for start in range(0, len(flat), len(scale)):
        part, filled = flat[start : start + len(scale)], written[start : start + len(scale)]
        for j in range(len(part)):
            # p + alpha (1 - p) = 1 - (1 - alpha) (1 - p), and 1 - p is the sigmoid of the opposite.
            filled[j] = part[j] * (ONE - rest[j] * sigmoid(-(part[j] * scale[j] + shift[j])))


@compiled
def backward(
    given: np.ndarray,
    s: np.ndarray,
    alpha: np.ndarray,
    mean: np.ndarray,
    inverse: np.ndarray,
    of_s: np.ndarray,
    of_alpha: np.ndarray,
) -> None:
    """Fill the gradients from those of ``out``, ``given`` (R, H); ``mean`` and ``inverse`` are as ``forward`` left."""
    num_rows, width = s.shape
    times = rows_together(width)
    length = times * width
    scale, shift = repeated(inverse, times), repeated(-mean * inverse, times)
    rest = repeated(ONE - alpha, times)
    flat, slope_of, written = s.reshape(s.size), given.reshape(s.size), of_s.reshape(s.size)
    total, along, total_alpha = np.zeros(length), np.zeros(length), np.zeros(length)
    standard, left = np.empty(length, np.float32), np.empty(length, np.float32)
    through = np.empty(length, np.float32)
    for start in range(0, len(flat), length):
        part, filled = flat[start : start + length], written[start : start + length]
        source = slope_of[start : start + length]
        for j in range(len(part)):
            standard[j] = part[j] * scale[j] + shift[j]
        for j in range(len(part)):
            left[j] = sigmoid(-standard[j])  # 1 - p
        for j in range(len(part)):
            through[j] = source[j] * part[j] * left[j]
        for j in range(len(part)):
            total_alpha[j] += through[j]
        for j in range(len(part)):
            filled[j] = source[j] * (ONE - rest[j] * left[j])  # what reaches s beside its share in p
        for j in range(len(part)):
            through[j] = through[j] * rest[j] * (ONE - left[j])  # what reaches the standardised value
        for j in range(len(part)):
            total[j] += through[j]
        for j in range(len(part)):
            along[j] += through[j] * standard[j]
        for j in range(len(part)):
            filled[j] += scale[j] * through[j]
    of_alpha[:] = folded(total_alpha, width, 1.0)
    # Less the batch's share in mean and variance: inverse (mean(through) + standard mean(through standard)).
    common, slant = folded(total, width, 1.0 / num_rows), folded(along, width, 1.0 / num_rows)
    tilts = repeated(inverse * inverse * slant, times)
    shifts = repeated(inverse * (common - mean * inverse * slant), times)
    for start in range(0, len(flat), length):
        part, filled = flat[start : start + length], written[start : start + length]
        for j in range(len(part)):
            filled[j] -= tilts[j] * part[j] + shifts[j]
