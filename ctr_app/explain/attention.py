"""DIN's attention over one user's history."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import torch
from torch import Tensor, nn

from ..data.batch import Batch
from ..data.dataset import as_batch
from ..data.encoding import Encoder
from ..data.errors import InputError, join_names
from ..data.tables import Frame
from ..models.din import DIN
from ..models.layers import evaluation_mode
from ..training.metrics import sigmoid
from ..training.trainer import predict


def din_or_error(model: nn.Module) -> DIN:
    """The model if it has attention; raises InputError otherwise."""
    if not isinstance(model, DIN):
        raise InputError("Only DIN has attention; this run is of another family.")
    return model


def encode_row(encoder: Encoder, frame: Frame, row: int) -> Batch:
    """Row ``row`` (from 0) of a table as a batch of one; raises InputError outside the table."""
    if not 0 <= row < frame.height:
        raise InputError("There is no row {row}; the table has rows 0 to {last}.", row=row, last=frame.height - 1)
    return as_batch(encoder.transform(frame.slice(row, 1)))


def with_candidate(batch: Batch, encoder: Encoder, field: str, value: str) -> Batch:
    """The same rows with another candidate in ``field``; a value that training never showed is UNKNOWN.

    Raises:
        InputError: if ``field`` is no categorical field of the run.
    """
    fields = encoder.layout.categorical
    if field not in fields:
        raise InputError(
            "There is no categorical field {field}; there are {known}.", field=field, known=join_names(fields) or "none"
        )
    categorical = batch.categorical.clone()
    categorical[:, fields.index(field)] = int(encoder.vocabulary_of(field).ids(pl.Series([value], dtype=pl.String))[0])
    return replace(batch, categorical=categorical)


@torch.no_grad()
def attention(
    model: DIN, encoder: Encoder, batch: Batch, names: dict[str, dict[str, str]] | None = None
) -> pd.DataFrame:
    """One line per history and real item of a batch of one row, group by group, oldest first.

    Columns: group (from 0), history, candidate_field, candidate, position (from 0), value, name, weight in [0, 1].
    ``names`` gives values readable names, by field: the history's own, or else its candidate's.
    """
    histories = [(group, history) for group, members in enumerate(model.groups) for history in members]
    with evaluation_mode(model):
        weights = model.attention_weights(batch)
    lines = []
    for (group, history), of_position in zip(histories, weights, strict=True):
        field = history.candidate or ""
        vocabulary, by_value = encoder.vocabulary_of(history.name), _names_of(names or {}, history.name, field)
        candidate = vocabulary.name(int(batch.categorical[0, encoder.layout.categorical.index(field)]))
        for position, (value_id, weight) in enumerate(
            zip(batch.sequences[history.name][0].tolist(), of_position[0].tolist(), strict=True)
        ):
            if value_id:
                value = vocabulary.name(value_id)
                name = readable(field, value, by_value)
                lines.append((group, history.name, field, candidate, position, value, name, weight))
    columns = ["group", "history", "candidate_field", "candidate", "position", "value", "name", "weight"]
    return pd.DataFrame(lines, columns=columns)


def readable(field: str, value: str, by_value: Mapping[str, str]) -> str:
    """The name of a value; without one ``field value`` where others have names, else the value itself."""
    return by_value.get(value) or (f"{field} {value}" if by_value else value)


def _names_of(names: dict[str, dict[str, str]], history: str, candidate: str) -> dict[str, str]:
    """Value -> name for the items of a history; they are values of its candidate too."""
    return names.get(candidate, {}) | names.get(history, {})


def predicted_ctr(model: nn.Module, batch: Batch) -> float:
    """CTR of a batch of one row."""
    return float(sigmoid(predict(model, batch))[0])


def leave_one_out(model: nn.Module, batch: Batch, history: str) -> np.ndarray:
    """How much the logit falls when one item is taken out of ``history``: float64 (n,), its n items oldest first.

    For a batch of one row. The items after it move up, so that the history without it is one that could have been.
    Where DIN attends to several histories jointly, the items beside it, counted from the end, go with it.
    """
    length = int((batch.sequences[history] > 0).sum())
    together = _attending_with(model, history)
    sequences = {
        name: _each_left_out(ids, length) if name in together else ids.expand(length, -1)
        for name, ids in batch.sequences.items()
    }
    many = Batch(
        batch.numeric.expand(length, -1), batch.categorical.expand(length, -1), sequences, batch.labels.expand(length)
    )
    return predict(model, batch)[0] - predict(model, many)


def _attending_with(model: nn.Module, history: str) -> set[str]:
    """``history`` and those that DIN attends to jointly with it."""
    groups = model.groups if isinstance(model, DIN) else []
    return {history}.union(*({h.name for h in group} for group in groups if history in {h.name for h in group}))


def _each_left_out(ids: Tensor, count: int) -> Tensor:
    """The history (1, T) ``count`` times, (count, T): row i lacks the item that is (count - i)th from the end."""
    items = ids[0][ids[0] > 0].tolist()
    shortened = ids.new_zeros((count, ids.shape[1]))
    for row in range(count):
        place = len(items) - count + row
        kept = items[:place] + items[place + 1 :] if place >= 0 else items
        shortened[row, : len(kept)] = torch.tensor(kept, dtype=ids.dtype)
    return shortened
