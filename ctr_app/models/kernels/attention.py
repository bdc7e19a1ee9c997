"""What attention does for each item of a history, around its matrix products."""

from __future__ import annotations

import numpy as np

from . import compiled


@compiled
def real_items(ids: np.ndarray, rows: np.ndarray, items: np.ndarray) -> int:
    """Fill ``rows`` and ``items`` with whose and which the ids (B, T) above 0 are, in their order; returns how many."""
    found = 0
    for b in range(ids.shape[0]):
        for t in range(ids.shape[1]):
            if ids[b, t] > 0:
                rows[found] = b
                items[found] = ids[b, t]
                found += 1
    return found


@compiled
def pairs(queries: np.ndarray, keys: np.ndarray, rows: np.ndarray, out: np.ndarray) -> None:
    """Fill ``out`` (P, 2 D) with keys (P, D) and, beside them, their products with their rows' queries (B, D)."""
    width = keys.shape[1]
    for p in range(len(keys)):
        query, key, beside = queries[rows[p]], keys[p], out[p]
        for k in range(width):
            beside[k] = key[k]
            beside[width + k] = query[k] * key[k]


@compiled
def pairs_backward(
    slopes: np.ndarray,
    queries: np.ndarray,
    keys: np.ndarray,
    rows: np.ndarray,
    of_queries: np.ndarray,
    of_keys: np.ndarray,
) -> None:
    """From the gradients (P, 2 D) of ``pairs``: add to those of the queries (B, D), fill those of the keys (P, D).

    ``keys`` (P, D) may be the left half of what ``pairs`` filled.
    """
    width = of_keys.shape[1]
    for p in range(len(of_keys)):
        query, key, given = queries[rows[p]], keys[p], slopes[p]
        of_key, of_query = of_keys[p], of_queries[rows[p]]
        for k in range(width):
            of_key[k] = given[k] + query[k] * given[width + k]
        for k in range(width):
            of_query[k] += key[k] * given[width + k]


@compiled
def add_rows(of_rows: np.ndarray, rows: np.ndarray, out: np.ndarray) -> None:
    """Add to each row of ``out`` (P, H) that of ``of_rows`` (B, H) whose it is."""
    width = out.shape[1]
    for p in range(len(out)):
        given, total = of_rows[rows[p]], out[p]
        for k in range(width):
            total[k] += given[k]


@compiled
def sum_rows(of_items: np.ndarray, rows: np.ndarray, out: np.ndarray) -> None:
    """Add each item of ``of_items`` (P, H) to the row of ``out`` (B, H) whose it is."""
    width = out.shape[1]
    for p in range(len(of_items)):
        given, total = of_items[p], out[rows[p]]
        for k in range(width):
            total[k] += given[k]


@compiled
def pool(weights: np.ndarray, keys: np.ndarray, rows: np.ndarray, out: np.ndarray) -> None:
    """Add to ``out`` (B, D) the keys (P, D) of each row times their weights (P,)."""
    width = keys.shape[1]
    for p in range(len(keys)):
        key, weight, total = keys[p], weights[p], out[rows[p]]
        for k in range(width):
            total[k] += weight * key[k]


@compiled
def pool_backward(
    slopes: np.ndarray,
    weights: np.ndarray,
    keys: np.ndarray,
    rows: np.ndarray,
    of_weights: np.ndarray,
    of_keys: np.ndarray,
) -> None:
    """From the gradients (B, D) of ``pool``: fill those of the weights (P,) and of the keys (P, D)."""
    width = keys.shape[1]
    zero = np.float32(0.0)
    for p in range(len(keys)):
        given, key, weight, of_key = slopes[rows[p]], keys[p], weights[p], of_keys[p]
        along = zero
        for k in range(width):
            along += given[k] * key[k]
        of_weights[p] = along
        for k in range(width):
            of_key[k] = weight * given[k]
