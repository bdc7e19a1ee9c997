"""DIN's attention over one user's history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import torch
from torch import Tensor, nn

from ..data.batch import Batch
from ..data.dataset import as_batch
from ..data.distinct import PADDING
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
    count = int((batch.sequences[history] > PADDING).sum())
    logits = predict(model, without_items(model, batch, history, [[], *([place] for place in range(count))]))
    return logits[0] - logits[1:]


def without_items(model: nn.Module, row: Batch, history: str, gone: Sequence[Sequence[int] | np.ndarray]) -> Batch:
    """A batch of one row again and again, each time without the items of ``history`` at some places, 0 for the oldest.

    What DIN attends to jointly with the history goes with it, counted from the end.
    """
    count = int((row.sequences[history] > PADDING).sum())
    sequences = {name: ids.expand(len(gone), -1) for name, ids in row.sequences.items()}
    for name in attending_with(model, history):
        sequences[name] = torch.stack([_without(row.sequences[name][0], places, count) for places in gone])
    return Batch(
        row.numeric.expand(len(gone), -1),
        row.categorical.expand(len(gone), -1),
        sequences,
        row.labels.expand(len(gone)),
    )


def attending_with(model: nn.Module, history: str) -> set[str]:
    """``history`` and those that DIN attends to jointly with it."""
    groups = model.groups if isinstance(model, DIN) else []
    return {history}.union(*({h.name for h in group} for group in groups if history in {h.name for h in group}))


def _without(ids: Tensor, places: Sequence[int] | np.ndarray, count: int) -> Tensor:
    """The ids (T,) without some of the latest ``count`` items; where there are more, or fewer, by their end."""
    items = ids[ids > PADDING]
    shift = len(items) - count
    keep = torch.ones(len(items), dtype=torch.bool)
    keep[[int(place) + shift for place in places if 0 <= int(place) + shift < len(items)]] = False
    kept = torch.full_like(ids, PADDING)
    kept[: int(keep.sum())] = items[keep]
    return kept
