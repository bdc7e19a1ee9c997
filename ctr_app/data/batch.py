"""What every model reads, whatever its family."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class SequenceField:
    """A history as a model sees it: its name, the categorical field it shares a table with, and its length T."""

    name: str
    candidate: str | None
    max_length: int


@dataclass(frozen=True)
class FieldLayout:
    """Which fields a batch has, in order, and how many values each vocabulary holds, the three special ones included.

    ``vocabulary_sizes`` is keyed by the name of a table: a categorical field, or a sequence without a candidate.
    """

    numeric: tuple[str, ...]
    categorical: tuple[str, ...]
    sequences: tuple[SequenceField, ...]
    vocabulary_sizes: dict[str, int]

    @property
    def field_names(self) -> tuple[str, ...]:
        """Numeric, categorical and sequence fields, in the order in which every readout lists them."""
        return self.numeric + self.categorical + tuple(sequence.name for sequence in self.sequences)

    def table_of(self, name: str) -> str:
        """The vocabulary that field ``name`` is encoded with: a history's is its candidate's."""
        for sequence in self.sequences:
            if sequence.name == name:
                return sequence.candidate or sequence.name
        return name


@dataclass(frozen=True)
class Batch:
    """Rows of one data set: numeric float32 (B, N), categorical int (B, C), each sequence int (B, T) padded with 0.

    ``labels`` float32 (B,) are 0/1 or the probability of a click, or NaN where a row to score has none.
    ``weights`` float32 (B,), above 0, say how much each row counts; None: all alike.
    """

    numeric: Tensor
    categorical: Tensor
    sequences: dict[str, Tensor]
    labels: Tensor
    weights: Tensor | None = None

    def __len__(self) -> int:
        return len(self.labels)

    def select(self, rows: Tensor | slice) -> Batch:
        """The given rows, in that order."""
        if isinstance(rows, Tensor):
            return Batch(
                self.numeric.index_select(0, rows),
                self.categorical.index_select(0, rows),
                {name: ids.index_select(0, rows) for name, ids in self.sequences.items()},
                self.labels.index_select(0, rows),
                None if self.weights is None else self.weights.index_select(0, rows),
            )
        return Batch(
            self.numeric[rows],
            self.categorical[rows],
            {name: ids[rows] for name, ids in self.sequences.items()},
            self.labels[rows],
            None if self.weights is None else self.weights[rows],
        )

    def to(self, device: torch.device | str) -> Batch:
        """The same rows on ``device``."""
        return Batch(
            self.numeric.to(device),
            self.categorical.to(device),
            {name: ids.to(device) for name, ids in self.sequences.items()},
            self.labels.to(device),
            None if self.weights is None else self.weights.to(device),
        )
