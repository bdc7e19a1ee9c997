"""Rows of the table that have both of two values, in the table's own words."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import torch
from torch import nn

from ..data.columns import as_lists, as_text
from ..data.dataset import DataSet, EncodedDataset
from ..data.schema import Column, Role, Schema
from ..training.metrics import sigmoid
from ..training.trainer import predict
from .cells import cells_of
from .coded import Chosen, names_of

MOST_ROWS = 10


def example_rows(
    model: nn.Module, dataset: DataSet, encoded: EncodedDataset, a: Chosen, b: Chosen, most: int = MOST_ROWS
) -> tuple[pd.DataFrame, np.ndarray]:
    """At most ``most`` training rows, drawn at random, that have both the value of ``a`` and that of ``b``.

    Returns their cells, the label and the two fields first, then the other fields and the weight where there is one;
    and the CTR that ``model`` gives each, float64 (rows,). Values that have a readable name are shown by it.
    """
    rows, schema = encoded.rows("train"), encoded.encoder.schema
    chosen = np.sort(cells_of(a, b, np.asarray(rows.labels), most).rows)
    table = pl.concat([dataset.part(0, 0), *(dataset.part(int(row), 1) for row in rows.rows[chosen])])
    names = dataset.names()
    shown = {
        column.name: _in_words(
            table[column.name], column, names_of(names, column.candidate or column.name, column.name)
        )
        for column in _in_order(schema, a.field.name, b.field.name)
    }
    ctr = sigmoid(predict(model, encoded.batch("train").select(torch.from_numpy(chosen))))
    return pd.DataFrame({name: cells.to_list() for name, cells in shown.items()}), ctr


def _in_order(schema: Schema, field_a: str, field_b: str) -> list[Column]:
    first = (schema.label, field_a, field_b)
    others = [column.name for column in schema.fields if column.name not in first]
    return [schema.column(name) for name in (*first, *others, schema.weight) if name is not None]


def _in_words(cells: pl.Series, column: Column, names: dict[str, str]) -> pl.Series:
    """The cells of a column; a history as its items, oldest first, with bars between."""
    if column.role is Role.SEQUENCE:
        return pl.Series([" | ".join(names.get(item, item) for item in items) for items in as_lists(cells, column)])
    if not names:
        return cells
    return pl.Series([names.get(text, text) for text in as_text(cells)], dtype=pl.String)
