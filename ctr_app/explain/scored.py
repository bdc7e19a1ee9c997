"""Rows with their labels and what a run says of them: what every number on the Evaluate page is made of."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import polars as pl
from torch import nn

from ..data.arrays import EncodedRows
from ..data.dataset import EncodedDataset, as_batch
from ..data.distinct import PADDING, read_numbers
from ..data.encoding import Encoder
from ..data.errors import InputError, join_names
from ..data.schema import Column, Role
from ..data.tables import Frame
from ..data.vocabulary import MISSING, UNKNOWN
from ..training.metrics import sigmoid
from ..training.trainer import predict


@dataclass(frozen=True)
class Scored:
    """n rows that have a label: ``labels`` (n,) in [0, 1], ``logits`` float64 (n,), and what else is known of them.

    ``weights`` (n,) say how much each row counts, ``group_ids`` int (n,) whose it is; None where nobody says.
    ``encoded`` are the same rows as the model read them.
    """

    labels: np.ndarray
    logits: np.ndarray
    encoded: EncodedRows
    weights: np.ndarray | None = None
    group_ids: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def ctr(self) -> np.ndarray:
        """Predicted CTR, float64 (n,)."""
        return sigmoid(self.logits)

    @property
    def weight(self) -> np.ndarray:
        """How much each row counts, float64 (n,); ones where nobody says."""
        return np.ones(len(self)) if self.weights is None else np.asarray(self.weights, dtype=np.float64)

    @property
    def has_both_labels(self) -> bool:
        """Whether there are clicks and rows without a click, so that ranking them means something."""
        return bool(len(self) and self.labels.max() > 0 and self.labels.min() < 1)


def score_rows(model: nn.Module, rows: EncodedRows) -> Scored:
    """The rows that have a label, with the logits of ``model``; raises InputError if none has one."""
    has_label = ~np.isnan(np.asarray(rows.labels))
    if not has_label.any():
        raise InputError("No row has a label, so there is nothing to measure.")
    if not has_label.all():
        rows = chosen_rows(rows, np.flatnonzero(has_label))
    labels = np.asarray(rows.labels, dtype=np.float64)
    return Scored(labels, predict(model, as_batch(rows)), rows, rows.weights, rows.group_ids)


def score_split(model: nn.Module, dataset: EncodedDataset, split: str) -> Scored:
    """The rows of one split of a data set."""
    return score_rows(model, dataset.rows(split))


def chosen_rows(rows: EncodedRows, chosen: np.ndarray) -> EncodedRows:
    """The rows at the positions ``chosen`` int (k,)."""
    return EncodedRows(
        rows.numeric[chosen],
        rows.categorical[chosen],
        {name: ids[chosen] for name, ids in rows.sequences.items()},
        rows.labels[chosen],
        rows.rows[chosen],
        None if rows.group_ids is None else rows.group_ids[chosen],
        None if rows.weights is None else rows.weights[chosen],
    )


@dataclass(frozen=True)
class Fit:
    """How well a table suits a run: ``fields`` by field, ``absent`` columns read as missing, rows without a label.

    ``fields`` has field, is_absent, missing and new: the share of rows that say nothing, and the share of rows (of
    items, in a history) with a value that training never showed often enough, or a number beyond all that it showed.
    """

    fields: pd.DataFrame
    absent: tuple[str, ...]
    unlabelled: int


def score_table(model: nn.Module, encoder: Encoder, frame: Frame) -> tuple[Scored, Fit]:
    """The rows of any table with the run's columns, and how well it fits; a field that is absent is read as missing.

    Raises:
        InputError: if the label is not there or always missing, or if no field of the run is there.
    """
    schema = encoder.schema
    if schema.label not in frame.columns:
        raise InputError("The table lacks the label {label}, so there is nothing to measure.", label=schema.label)
    absent = tuple(column.name for column in schema.fields if column.name not in frame.columns)
    if len(absent) == len(schema.fields):
        raise InputError(
            "The table has none of the fields that the model reads: {names}.", names=join_names(absent, 12)
        )
    completed: Frame = _Completed(frame, absent) if absent else frame
    rows = encoder.transform(completed)
    unlabelled = int(np.isnan(rows.labels).sum())
    return score_rows(model, rows), Fit(_fields(encoder, completed, rows, absent), absent, unlabelled)


def _fields(encoder: Encoder, frame: Frame, rows: EncodedRows, absent: tuple[str, ...]) -> pd.DataFrame:
    found = []
    for column in encoder.schema.fields:
        missing, new = _shares(encoder, frame, rows, column)
        found.append((column.name, column.name in absent, missing, new))
    return pd.DataFrame(found, columns=["field", "is_absent", "missing", "new"])


def _shares(encoder: Encoder, frame: Frame, rows: EncodedRows, column: Column) -> tuple[float, float]:
    """The shares of missing and of new values."""
    if column.role is Role.NUMERIC:
        return _shares_of_numbers(frame, column.name, encoder.transforms[column.name].quantiles)
    if column.role is Role.SEQUENCE:
        ids = np.asarray(rows.sequences[column.name])
        items = max(1, int((ids > PADDING).sum()))
        return float(np.mean((ids > PADDING).sum(axis=1) == 0)), float((ids == UNKNOWN).sum() / items)
    ids = np.asarray(rows.categorical[:, encoder.layout.categorical.index(column.name)])
    return float(np.mean(ids == MISSING)), float(np.mean(ids == UNKNOWN))


def _shares_of_numbers(frame: Frame, name: str, quantiles: np.ndarray) -> tuple[float, float]:
    found = read_numbers(frame, name)
    numbers, counts = found.values.to_numpy(), found.counts()
    is_missing = np.isnan(numbers)
    is_outside = ~is_missing & ((numbers < quantiles[0]) | (numbers > quantiles[-1]))
    rows = max(1, int(counts.sum()))
    return float(counts[is_missing].sum() / rows), float(counts[is_outside].sum() / rows)


class _Completed:
    """A table with columns added in which every cell is missing."""

    def __init__(self, frame: Frame, absent: tuple[str, ...]) -> None:
        self._frame, self._absent = frame, absent

    @property
    def columns(self) -> list[str]:
        """The names of the columns, in order."""
        return [*self._frame.columns, *self._absent]

    @property
    def height(self) -> int:
        """The number of rows."""
        return self._frame.height

    @property
    def width(self) -> int:
        """The number of columns."""
        return len(self.columns)

    def __getitem__(self, name: str, /) -> pl.Series:
        """One whole column."""
        return pl.Series(name, [None] * self.height, dtype=pl.String) if name in self._absent else self._frame[name]

    def head(self, n: int = 5) -> pl.DataFrame:
        """The first ``n`` rows."""
        return self.slice(0, n)

    def slice(self, offset: int, length: int) -> pl.DataFrame:
        """``length`` rows from row ``offset`` on."""
        part = self._frame.slice(offset, length)
        return part.with_columns(pl.lit(None, dtype=pl.String).alias(name) for name in self._absent)
