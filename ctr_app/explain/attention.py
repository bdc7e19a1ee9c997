"""DIN's attention over one user's history."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import torch
from torch import nn

from ..data.batch import Batch
from ..data.encoding import Encoder
from ..data.errors import InputError
from ..data.store import as_batch
from ..models.din import DIN
from ..training.metrics import sigmoid
from ..training.trainer import predict


def din_or_error(model: nn.Module) -> DIN:
    """The model if it has attention; raises InputError otherwise."""
    if not isinstance(model, DIN):
        raise InputError("Only DIN has attention; this run is of another family.")
    return model


def encode_row(encoder: Encoder, frame: pl.DataFrame, row: int) -> Batch:
    """Row ``row`` (from 0) of a table as a batch of one; raises InputError outside the table."""
    if not 0 <= row < frame.height:
        raise InputError("There is no row {row}; the table has rows 0 to {last}.", row=row, last=frame.height - 1)
    return as_batch(encoder.transform(frame, np.array([row])))


def with_candidate(batch: Batch, encoder: Encoder, field: str, value: str) -> Batch:
    """The same row with another candidate in ``field``; a value that training never showed is UNKNOWN."""
    categorical = batch.categorical.clone()
    ids = encoder.vocabulary_of(field).ids(pl.Series([value]))
    categorical[:, encoder.layout.categorical.index(field)] = int(ids[0])
    return replace(batch, categorical=categorical)


@torch.no_grad()
def attention(
    model: DIN, encoder: Encoder, batch: Batch, names: dict[str, dict[str, str]] | None = None
) -> pd.DataFrame:
    """One line per group, history and real item of a batch of one row, oldest first.

    Columns: group (from 0), history, candidate_field, candidate, position (from 0), value, name, weight in [0, 1].
    """
    names = names or {}
    lines = []
    for group, weights in enumerate(model.attention_weights(batch)):
        for history in model.groups[group]:
            field = history.candidate or ""
            vocabulary, by_value = encoder.vocabulary_of(history.name), names.get(field, {})
            candidate = vocabulary.name(int(batch.categorical[0, encoder.layout.categorical.index(field)]))
            for position, weight in enumerate(weights[0].tolist()):
                value_id = int(batch.sequences[history.name][0, position])
                if value_id:
                    value = vocabulary.name(value_id)
                    lines.append(
                        (group, history.name, field, candidate, position, value, by_value.get(value, value), weight)
                    )
    columns = ["group", "history", "candidate_field", "candidate", "position", "value", "name", "weight"]
    return pd.DataFrame(lines, columns=columns)


def predicted_ctr(model: nn.Module, batch: Batch) -> float:
    """CTR of a batch of one row."""
    return float(sigmoid(predict(model, batch))[0])


@torch.no_grad()
def leave_one_out(model: nn.Module, batch: Batch, history: str) -> np.ndarray:
    """How much the logit falls when one item is taken out of ``history``: float64 (T,), for a batch of one row.

    The items after it move up, so that the history without it is one that could have been.
    """
    ids = batch.sequences[history]
    length = int((ids[0] > 0).sum())
    without = ids.expand(length, -1).clone()
    for position in range(length):
        without[position, position:-1] = ids[0, position + 1 :]
        without[position, -1] = 0
    many = Batch(
        batch.numeric.expand(length, -1),
        batch.categorical.expand(length, -1),
        {name: without if name == history else other.expand(length, -1) for name, other in batch.sequences.items()},
        batch.labels.expand(length),
    )
    return predict(model, batch)[0] - predict(model, many)
