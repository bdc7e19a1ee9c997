"""The factorization machine's sum over all pairs, from ids to logits and back, without its terms in between."""

from __future__ import annotations

import numpy as np

from . import compiled
from .rows import OUTSIDE

HALF = np.float32(0.5)


@compiled
def forward(
    matrix: np.ndarray,
    ids: np.ndarray,
    offsets: np.ndarray,
    numbers: np.ndarray,
    numeric: np.ndarray,
    others: np.ndarray,
    sums: np.ndarray,
    logits: np.ndarray,
) -> None:
    """Fill ``logits`` (B,) and ``sums`` (B, 1 + D) of all terms (Rendle 2010, lemma 3.1).

    Terms are rows ``ids[b, c] + offsets[c]`` of ``matrix`` (V, 1 + D), ``numbers`` (B, N) times ``numeric``
    (N, 1 + D), and ``others`` (B, S, 1 + D) as they are; column 0 is linear.
    """
    num_rows, num_fields = ids.shape
    width = matrix.shape[1]
    squares = np.empty(width, np.float32)
    for b in range(num_rows):
        total = sums[b]
        for k in range(width):
            total[k] = 0.0
            squares[k] = 0.0
        for n in range(numbers.shape[1]):
            x = numbers[b, n]
            for k in range(width):
                term = x * numeric[n, k]
                total[k] += term
                squares[k] += term * term
        for c in range(num_fields):
            row = ids[b, c] + offsets[c]
            if row < 0 or row >= len(matrix):
                raise IndexError(OUTSIDE)
            for k in range(width):
                term = matrix[row, k]
                total[k] += term
                squares[k] += term * term
        for s in range(others.shape[1]):
            for k in range(width):
                term = others[b, s, k]
                total[k] += term
                squares[k] += term * term
        pairs = np.float32(0.0)
        for k in range(1, width):
            pairs += total[k] * total[k] - squares[k]
        logits[b] = total[0] + HALF * pairs


@compiled
def backward(
    matrix: np.ndarray,
    ids: np.ndarray,
    offsets: np.ndarray,
    numbers: np.ndarray,
    numeric: np.ndarray,
    others: np.ndarray,
    sums: np.ndarray,
    slopes: np.ndarray,
    of_numeric: np.ndarray,
    of_others: np.ndarray,
    slots: np.ndarray,
    rows: np.ndarray,
    row_sums: np.ndarray,
    count: int,
) -> int:
    """Gradients from those of the logits, ``slopes`` (B,), by equation 4 of the paper; returns the new ``count``.

    Those of the matrix are added up as ``kernels.rows.add`` does; ``of_numeric`` is added to, ``of_others`` written.
    """
    num_rows, num_fields = ids.shape
    width = matrix.shape[1]
    for b in range(num_rows):
        slope = slopes[b]
        total = sums[b]
        for n in range(numbers.shape[1]):
            x = numbers[b, n]
            slope_x = slope * x
            of_numeric[n, 0] += slope_x
            for k in range(1, width):
                of_numeric[n, k] += slope_x * (total[k] - x * numeric[n, k])
        for c in range(num_fields):
            row = ids[b, c] + offsets[c]
            slot = slots[row]
            if slot < 0:
                slot = count
                slots[row] = slot
                rows[slot] = row
                count += 1
                row_sums[slot, 0] = slope
                for k in range(1, width):
                    row_sums[slot, k] = slope * (total[k] - matrix[row, k])
            else:
                row_sums[slot, 0] += slope
                for k in range(1, width):
                    row_sums[slot, k] += slope * (total[k] - matrix[row, k])
        for s in range(others.shape[1]):
            of_others[b, s, 0] = slope
            for k in range(1, width):
                of_others[b, s, k] = slope * (total[k] - others[b, s, k])
    return count
