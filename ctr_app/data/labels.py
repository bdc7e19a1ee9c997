"""What each row is to be predicted as, how much it counts, and whose it is."""

from __future__ import annotations

import numpy as np
import polars as pl

from .columns import as_number, value_text
from .distinct import Distinct, read_texts
from .errors import InputError, shorten
from .schema import Schema
from .tables import Frame


def label_array(frame: Frame, schema: Schema) -> np.ndarray:
    """float32 (n,): 1 for a click, 0 otherwise, NaN where the label is missing or the column absent.

    Where the label holds the probability itself, that.

    Raises:
        InputError: if it should be a probability and is none; the sentence names the row.
    """
    if schema.label not in frame.columns:
        return np.full(frame.height, np.nan, dtype=np.float32)
    labels = read_texts(frame, schema.label)
    if schema.positive is not None:
        numbers = (labels.values == value_text(schema.positive)).cast(pl.Float64)
    else:
        numbers = as_number(labels.values)
        is_wrong = labels.values.is_not_null() & ~numbers.is_between(0.0, 1.0).fill_null(False)
        _refuse_any(
            labels, is_wrong, schema.label, "Label {name} must hold numbers from 0 to 1; row {row} has “{value}”."
        )
    return labels.spread(numbers.fill_null(np.nan).to_numpy().astype(np.float32))


def weight_array(frame: Frame, schema: Schema) -> np.ndarray | None:
    """float32 (n,): how much each row counts; None where the schema has no weight or the table lacks the column.

    Raises:
        InputError: if a weight is missing, no number, or not above 0; the sentence names the row.
    """
    if schema.weight is None or schema.weight not in frame.columns:
        return None
    weights = read_texts(frame, schema.weight)
    numbers = as_number(weights.values).cast(pl.Float32)
    is_wrong = ~((numbers > 0) & numbers.is_finite()).fill_null(False)
    template = "Weight {name} must be a number above 0 in each row; row {row} has “{value}”."
    _refuse_any(weights, is_wrong, schema.weight, template)
    return weights.spread(numbers.fill_null(np.nan).to_numpy())


def group_array(groups: Distinct, rows: np.ndarray) -> np.ndarray:
    """int64 (len(rows),): equal where the group is, from 1 on; a row without one has a negative number of its own."""
    ranks = groups.values.rank("dense").fill_null(0).to_numpy().astype(np.int64)
    found = groups.take(ranks, rows)
    is_there = np.bincount(found, minlength=1) > 0
    is_there[0] = False
    ids = np.cumsum(is_there)[found]
    is_missing = found == 0
    ids[is_missing] = -1 - np.arange(is_missing.sum())
    return ids


def _refuse_any(cells: Distinct, is_wrong: pl.Series, name: str, template: str) -> None:
    """Raise InputError with the first row whose value is wrong, counted from 1, and what it holds."""
    rows = cells.spread(is_wrong.to_numpy())
    if rows.any():
        row = int(rows.argmax())
        value = cells.values[row if cells.codes is None else int(cells.codes[row])]
        raise InputError(template, name=name, row=row + 1, value="nothing" if value is None else shorten(value))
