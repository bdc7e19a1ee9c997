"""What if a row were another: edits of fields, the change that two edits make together, and curves over a field."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import polars as pl
import torch
from torch import Tensor, nn

from ..data.arrays import EncodedRows
from ..data.batch import Batch
from ..data.distinct import PADDING
from ..data.encoding import Encoder
from ..data.errors import InputError, join_names
from ..training.metrics import sigmoid
from ..training.trainer import predict
from .mixing import RowPairs, with_field

Value = str | float | None | Sequence[str]
MOST_VALUES = 200
NUM_QUANTILES = 20


def edited(batch: Batch, encoder: Encoder, edits: Mapping[str, Value]) -> Batch:
    """The rows with some fields changed to values as they stand in a table; None is a missing value.

    A value that training never showed is UNKNOWN. A history is a sequence of values, oldest first.

    Raises:
        InputError: for a field that the run does not have.
    """
    for field, value in edits.items():
        batch = with_field(encoder.layout, batch, field, _encoded(encoder, field, value, batch))
    return batch


@dataclass(frozen=True)
class PairSplit:
    """Two edits of one row, in logits: ``before``, what each does alone, and what both do beyond that."""

    before: float
    main_a: float
    main_b: float
    interaction: float

    @property
    def after(self) -> float:
        """The logit after both edits."""
        return self.before + self.main_a + self.main_b + self.interaction


def pair_split(model: nn.Module, encoder: Encoder, row: Batch, a: tuple[str, Value], b: tuple[str, Value]) -> PairSplit:
    """The change that two edits make, as main a + main b + interaction; the four logits of two by two rows."""
    both = RowPairs(encoder.layout, row, edited(row, encoder, dict([a, b])))
    taken = [[name in fields for name in encoder.layout.field_names] for fields in ((), a[:1], b[:1], (a[0], b[0]))]
    before, with_a, with_b, with_both = predict(model, both.mixed(torch.tensor(taken))).tolist()
    return PairSplit(before, with_a - before, with_b - before, with_both - with_a - with_b + before)


def rows_with(encoder: Encoder, rows: EncodedRows, row: Batch, fields: Sequence[str]) -> int:
    """How many of the rows have the values of ``row`` in all these fields; numbers count if in the same tenth.

    A history counts if it has the row's last item.
    """
    layout, found = encoder.layout, np.ones(len(rows), dtype=bool)
    for field in fields:
        if field in layout.numeric:
            place = layout.numeric.index(field)
            edges = np.sqrt(12.0) * (np.arange(1, 10) / 10 - 0.5)
            found &= np.digitize(rows.numeric[:, place], edges) == np.digitize(row.numeric[0, place].item(), edges)
        elif field in layout.categorical:
            place = layout.categorical.index(field)
            found &= np.asarray(rows.categorical[:, place]) == int(row.categorical[0, place])
        else:
            items = row.sequences[field][0]
            last = int(items[items > PADDING][-1]) if bool((items > PADDING).any()) else PADDING
            found &= (np.asarray(rows.sequences[field]) == last).any(axis=1)
    return int(found.sum())


def ice(model: nn.Module, encoder: Encoder, rows: Batch, field: str) -> pd.DataFrame:
    """CTR of each of n rows with ``field`` set to each of K values: columns row, value, place, ctr.

    Individual conditional expectation (Goldstein et al. 2015, section 3); its mean over rows is partial dependence
    (Friedman 2001, section 8.2). Values are quantiles of a number, ascending, or the most frequent values; ``place``
    is their place, 0 to K - 1.
    """
    steps = values_for(encoder, field)
    if not steps:
        raise InputError("{field} is a history, and has no curve of values.", field=field)
    many = [with_field(encoder.layout, rows, field, step.encoded.expand(len(rows))) for step in steps]
    ctr = np.array([sigmoid(predict(model, batch)) for batch in many])  # (K, n)
    return pd.DataFrame(
        {
            "row": np.tile(np.arange(len(rows)), len(steps)),
            "value": np.repeat(np.array([step.value for step in steps], dtype=object), len(rows)),
            "place": np.repeat(np.arange(len(steps)), len(rows)),
            "ctr": ctr.ravel(),
        }
    )


@dataclass(frozen=True)
class Step:
    """One edit: a field, the value as it stands in a table, and as the model reads it."""

    field: str
    value: Value
    encoded: Tensor


def values_for(encoder: Encoder, field: str) -> list[Step]:
    """What a field may be set to, among what training showed; nothing for a history."""
    layout = encoder.layout
    if field in layout.numeric:
        numbers = _seen_numbers(encoder.transforms[field].quantiles)
        encoded = encoder.transforms[field](numbers)
        return [Step(field, float(number), torch.tensor(read)) for number, read in zip(numbers, encoded, strict=True)]
    if field in layout.categorical:
        texts = encoder.vocabulary_of(field).texts.head(MOST_VALUES)
        ids = encoder.vocabulary_of(field).ids(texts)
        return [Step(field, text, torch.tensor(int(i))) for text, i in zip(texts, ids, strict=True)]
    return []


def _seen_numbers(quantiles: np.ndarray) -> np.ndarray:
    """About twenty of the quantiles, from the least to the greatest; whole ones, where most are whole."""
    whole = quantiles[quantiles == np.round(quantiles)]
    known = whole if 2 * len(whole) > len(quantiles) else quantiles
    return np.unique(known[np.linspace(0, len(known) - 1, NUM_QUANTILES + 1).round().astype(np.int64)])


def _encoded(encoder: Encoder, field: str, value: Value, batch: Batch) -> Tensor:
    """The value as the model reads it: (B,) of a number or an id, (B, T) of a history."""
    layout = encoder.layout
    if field in layout.numeric:
        number = np.array([np.nan if value is None else float(value)])  # type: ignore[arg-type]
        return torch.from_numpy(encoder.transforms[field](number)).expand(len(batch))
    if field not in layout.field_names:
        raise InputError("This run has no field {field}; it has {known}.", field=field, known=_known(encoder))
    vocabulary = encoder.vocabulary_of(field)
    if field in layout.categorical:
        return torch.from_numpy(vocabulary.ids(pl.Series([value], dtype=pl.String))).expand(len(batch))
    own = batch.sequences[field]
    items = list(value or ())[-own.shape[1] :]  # type: ignore[arg-type]
    ids = torch.full((own.shape[1],), PADDING, dtype=own.dtype)
    ids[: len(items)] = torch.from_numpy(vocabulary.ids(pl.Series(items, dtype=pl.String)))
    return ids.expand(len(batch), -1)


def _known(encoder: Encoder) -> str:
    return join_names(encoder.layout.field_names, 20)
