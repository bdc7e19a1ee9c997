"""Which swaps make pairs of values that were seen together in training."""

from __future__ import annotations

import numpy as np

from ..data.arrays import EncodedRows
from ..data.batch import Batch, FieldLayout
from ..data.errors import InputError
from .bins import quantile_bins
from .codes import field_values


class SwapSupport:
    """Tells which swaps between rows of ``a`` and of ``b``, n each, stay among pairs of values with support.

    A pair of values has it if at least ``least`` of the training rows ``rows`` hold both. A number counts as its
    quantile bin, a history as its most recent item.

    Raises:
        InputError: if ``least`` is not at least 1.
    """

    def __init__(self, layout: FieldLayout, rows: EncodedRows, a: Batch, b: Batch, least: int) -> None:
        if least < 1:
            raise InputError("Support is a number of rows, at least 1, not {least}.", least=least)
        self._least, self._num_swaps = least, len(a)
        self._codes = [_codes(layout, rows, a, b, name) for name in layout.field_names]

    def __call__(self, i: int, j: int) -> np.ndarray:
        """Whether all four pairs of values of fields ``i`` and ``j`` in each swap have support, bool (n,)."""
        first, second = self._codes[i], self._codes[j]
        width = int(second.max()) + 1
        own = 2 * self._num_swaps
        counts = np.bincount(first[:-own] * width + second[:-own], minlength=(int(first.max()) + 1) * width)
        (a_i, b_i), (a_j, b_j) = (codes[-own:].reshape(2, -1) for codes in (first, second))
        pairs = np.stack([a_i * width + a_j, b_i * width + b_j, a_i * width + b_j, b_i * width + a_j])
        return (counts[pairs] >= self._least).all(axis=0)


def _codes(layout: FieldLayout, rows: EncodedRows, a: Batch, b: Batch, name: str) -> np.ndarray:
    """int64 codes of one field: of all training rows, then of the rows of ``a``, then of those of ``b``.

    Values that neither ``a`` nor ``b`` holds share one code.
    """
    values = np.concatenate([field_values(layout, part, name) for part in (rows, a, b)])
    if name in layout.numeric:
        return quantile_bins(values)
    known = np.unique(values[-len(a) - len(b) :])
    places = np.minimum(np.searchsorted(known, values), len(known) - 1)
    return np.where(known[places] == values, places, len(known))
