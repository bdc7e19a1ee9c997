"""How the label goes with the values of one column: rows and click rate, value by value or bin by bin."""

from __future__ import annotations

import numpy as np
import polars as pl

from .columns import as_lists, as_number, field_text
from .errors import shorten, spaced
from .facts import Facts
from .intervals import wilson
from .labels import label_array
from .schema import Column, Role, Schema
from .tables import Frame

MOST_SHOWN = 12
NUM_PARTS = 10
MISSING_NAME, REST_NAME = "(missing)", "(all others)"


def label_rates(frame: Frame, schema: Schema, column: Column, facts: Facts) -> pl.DataFrame:
    """Rows that have a label, by value of ``column``: a frame of ``value``, ``rows``, ``rate``, ``low``, ``high``.

    A number is cut into parts of about as many rows each, a history is told by its length, and of a category the most
    frequent values are shown. ``rate`` is the mean label, ``low`` and ``high`` its 95 % interval (Wilson 1927).
    """
    labels = pl.Series("label", label_array(frame, schema), nan_to_null=True)
    values = _values(frame[column.name], column, facts)
    table = pl.DataFrame({"value": values, "label": labels.cast(pl.Float64)}).drop_nulls("label")
    found = table.group_by("value").agg(pl.len().alias("rows"), pl.col("label").mean().alias("rate"))
    if is_counted(column, facts):
        found = _most_frequent(found)
        names = found["value"]
    else:
        found = found.sort("value", nulls_last=True)
        names = _part_names(found["value"])
    return _with_interval(found.with_columns(names.fill_null(MISSING_NAME).alias("value")))


def is_counted(column: Column, facts: Facts) -> bool:
    """Whether the column is shown value by value."""
    if column.role in (Role.NUMERIC, Role.SEQUENCE):
        return False
    return column.role is Role.CATEGORICAL or not facts.is_numeric or facts.distinct <= MOST_SHOWN


def _with_interval(found: pl.DataFrame) -> pl.DataFrame:
    """The frame with the 95 % interval of each rate."""
    low, high = wilson(found["rate"].to_numpy(), found["rows"].to_numpy())
    return found.with_columns(pl.Series("low", low), pl.Series("high", high))


def _values(series: pl.Series, column: Column, facts: Facts) -> pl.Series:
    if column.role is Role.SEQUENCE:
        return _parts(as_lists(series, column).list.len().cast(pl.Float64))
    if is_counted(column, facts):
        return field_text(series, column)
    return _parts(as_number(series))


def _parts(numbers: pl.Series) -> pl.Series:
    """Each number as the upper edge of the part it lies in.

    Edges are numbers that many rows have, and quantiles of the others.
    """
    present = numbers.drop_nulls().to_numpy()
    if len(present) == 0:
        return numbers
    found, counts = np.unique(present, return_counts=True)
    is_heavy = counts * NUM_PARTS >= len(present)
    rest = np.repeat(found[~is_heavy], counts[~is_heavy])
    shares = np.linspace(0, 1, max(2, NUM_PARTS + 1 - is_heavy.sum()))[1:]
    quantiles = np.quantile(rest, shares, method="higher") if len(rest) else rest
    edges = np.union1d(found[is_heavy], quantiles)
    places = np.searchsorted(edges, numbers.fill_null(edges[0]).to_numpy(), side="left")
    return pl.Series(edges[np.minimum(places, len(edges) - 1)]).set(numbers.is_null(), None)


def _part_names(edges: pl.Series) -> pl.Series:
    """Parts by their upper edges, as names: ``≤ 3``, ``3 < … ≤ 7``."""
    names: list[str | None] = []
    below: float | None = None
    for edge in edges:
        if edge is None:
            names.append(None)
        else:
            names.append(f"≤ {_short(edge)}" if below is None else f"{_short(below)} < … ≤ {_short(edge)}")
            below = edge
    return pl.Series(names, dtype=pl.String)


def _short(number: float) -> str:
    return spaced(int(number)) if number == int(number) and abs(number) < 1e9 else f"{number:.4g}"


def _most_frequent(found: pl.DataFrame) -> pl.DataFrame:
    """The most frequent values, and all others as one; the missing ones apart."""
    missing = found.filter(pl.col("value").is_null())
    ranked = found.drop_nulls("value").sort(["rows", "value"], descending=[True, False])
    shown, rest = ranked.head(MOST_SHOWN), ranked.slice(MOST_SHOWN)
    shown = shown.with_columns(pl.Series("value", _distinct([shorten(value, 32) for value in shown["value"]])))
    if rest.height:
        rate = (pl.col("rate") * pl.col("rows")).sum() / pl.col("rows").sum()
        others = rest.select(pl.lit(REST_NAME).alias("value"), pl.col("rows").sum(), rate.alias("rate"))
        shown = pl.concat([shown, others])
    return pl.concat([shown, missing])


def _distinct(names: list[str]) -> list[str]:
    """Names that are the same once they are shortened get a number."""
    return [name if name not in names[:i] else f"{name} ({i + 1})" for i, name in enumerate(names)]
