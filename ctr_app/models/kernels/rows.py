"""Rows of embedding matrices: gathered, their gradients summed, and stepped."""

from __future__ import annotations

import numpy as np

from . import compiled

ONE = np.float32(1.0)
OUTSIDE = "An id is no row of its matrix."


@compiled
def add(
    ids: np.ndarray,
    gradients: np.ndarray,
    start: int,
    slots: np.ndarray,
    rows: np.ndarray,
    sums: np.ndarray,
    count: int,
) -> int:
    """Add the gradient ``gradients[b, start + c D]`` of row ``ids[b, c]``, D numbers, to ``sums``, for ids (B, C).

    ``slots`` int (V,) says where in ``sums`` a row is added up, -1 for nowhere yet; ``rows[:count]`` are those that
    have a place. Returns the new ``count``.
    """
    num_rows, num_fields = ids.shape
    width = sums.shape[1]
    for b in range(num_rows):
        place = start
        for c in range(num_fields):
            row = ids[b, c]
            slot = slots[row]
            given = gradients[b, place : place + width]
            if slot < 0:
                slot = count
                slots[row] = slot
                rows[slot] = row
                count += 1
                total = sums[slot]
                for k in range(width):
                    total[k] = given[k]
            else:
                total = sums[slot]
                for k in range(width):
                    total[k] += given[k]
            place += width
    return count


@compiled
def pool(matrix: np.ndarray, ids: np.ndarray, offset: int, out: np.ndarray) -> None:
    """Write into ``out`` (B, D) the mean of the rows ``ids[b, t] + offset`` over ids (B, T) above 0; 0 without any."""
    num_rows, length = ids.shape
    width = matrix.shape[1]
    for b in range(num_rows):
        found = 0
        for k in range(width):
            out[b, k] = 0.0
        for t in range(length):
            if ids[b, t] > 0:
                found += 1
                row = ids[b, t] + offset
                if row >= len(matrix):
                    raise IndexError(OUTSIDE)
                for k in range(width):
                    out[b, k] += matrix[row, k]
        if found > 1:
            share = ONE / np.float32(found)
            for k in range(width):
                out[b, k] *= share


@compiled
def add_pooled(
    ids: np.ndarray,
    offset: int,
    gradients: np.ndarray,
    slots: np.ndarray,
    rows: np.ndarray,
    sums: np.ndarray,
    count: int,
) -> int:
    """Add the gradients (B, D) of the means of ``pool`` to ``sums``; the rest is as in ``add``."""
    num_rows, length = ids.shape
    width = sums.shape[1]
    for b in range(num_rows):
        found = 0
        for t in range(length):
            if ids[b, t] > 0:
                found += 1
        if found == 0:
            continue
        share = ONE / np.float32(found)
        for t in range(length):
            if ids[b, t] > 0:
                row = ids[b, t] + offset
                slot = slots[row]
                if slot < 0:
                    slot = count
                    slots[row] = slot
                    rows[slot] = row
                    count += 1
                    for k in range(width):
                        sums[slot, k] = share * gradients[b, k]
                else:
                    for k in range(width):
                        sums[slot, k] += share * gradients[b, k]
    return count


@compiled
def adam(
    matrix: np.ndarray,
    moments: np.ndarray,
    average: np.ndarray,
    steps_a_touch: np.ndarray,
    slots: np.ndarray,
    rows: np.ndarray,
    sums: np.ndarray,
    count: int,
    decay: np.float32,
    rate: np.float32,
    step_size: np.float32,
    root: np.float32,
    keep_first: np.float32,
    keep_second: np.float32,
    epsilon: np.float32,
) -> None:
    """One Adam step on the first ``count`` of ``rows`` (Kingma & Ba 2015, algorithm 1), whose slots become free.

    ``moments`` (V, 2, D) are those of each row. ``average`` (V, D), or with no row at all, moves towards the new
    weights by ``rate``. Decay and rate are of one step, and count for all of a row's ``steps_a_touch`` (V,).
    ``step_size`` is the learning rate over 1 - beta1^t, ``root`` one over the square root of 1 - beta2^t.
    """
    width = matrix.shape[1]
    is_averaged = len(average) > 0
    for slot in range(count):
        row = rows[slot]
        slots[row] = -1
        pull = decay * steps_a_touch[row]
        for k in range(width):
            weight = matrix[row, k]
            gradient = sums[slot, k] + pull * weight
            first = moments[row, 0, k] + (ONE - keep_first) * (gradient - moments[row, 0, k])
            second = keep_second * moments[row, 1, k] + (ONE - keep_second) * gradient * gradient
            moments[row, 0, k] = first
            moments[row, 1, k] = second
            matrix[row, k] = weight - step_size * first / (np.sqrt(second) * root + epsilon)
        if is_averaged:
            share = min(ONE, rate * steps_a_touch[row])
            for k in range(width):
                average[row, k] += share * (matrix[row, k] - average[row, k])
