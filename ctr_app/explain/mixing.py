"""Rows that have some of their fields from elsewhere: from other rows, or one field set to given values."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from ..data.batch import Batch, FieldLayout
from ..data.distinct import PADDING


@dataclass(frozen=True)
class RowPairs:
    """Pairs of rows to mix: n of ``a`` and n of ``b``."""

    layout: FieldLayout
    a: Batch
    b: Batch

    def mixed(self, taken: Tensor) -> Batch:
        """The rows of ``a`` again and again, R n rows, each time with the fields ``taken`` from ``b``.

        ``taken`` is bool (R, F), or (R, n, F) where it is not the same for all pairs.
        """
        of_pairs = taken if taken.dim() == 3 else taken[:, None, :]
        num_numeric, num_single = len(self.layout.numeric), len(self.layout.numeric) + len(self.layout.categorical)
        return Batch(
            _either(of_pairs[..., :num_numeric], self.a.numeric, self.b.numeric),
            _either(of_pairs[..., num_numeric:num_single], self.a.categorical, self.b.categorical),
            {
                sequence.name: _either(
                    of_pairs[..., [k]], self.a.sequences[sequence.name], self.b.sequences[sequence.name]
                )
                for k, sequence in enumerate(self.layout.sequences, start=num_single)
            },
            self.a.labels.repeat(len(taken)),
        )


def with_each(layout: FieldLayout, row: Batch, others: Batch) -> RowPairs:
    """One row beside each of n others."""
    return RowPairs(layout, row.select(torch.zeros(len(others), dtype=torch.long)), others)


def _either(taken: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """``a`` (n, K) with what is ``taken``, bool (R, 1 or n, 1 or K), from ``b``: (R n, K)."""
    return torch.where(taken, b, a).flatten(0, 1)


def with_field(layout: FieldLayout, batch: Batch, field: str, encoded: Tensor) -> Batch:
    """The rows of ``batch`` with ``field`` set to ``encoded``: n numbers or ids, or of a history ids (n, T).

    A history that is given n ids becomes that one item.
    """
    if field in layout.numeric:
        numeric = batch.numeric.clone()
        numeric[:, layout.numeric.index(field)] = encoded
        return replace(batch, numeric=numeric)
    if field in layout.categorical:
        categorical = batch.categorical.clone()
        categorical[:, layout.categorical.index(field)] = encoded.to(categorical.dtype)
        return replace(batch, categorical=categorical)
    ids = encoded
    if encoded.dim() == 1:
        ids = torch.full_like(batch.sequences[field], PADDING)
        ids[:, 0] = encoded
    return replace(batch, sequences=batch.sequences | {field: ids})
