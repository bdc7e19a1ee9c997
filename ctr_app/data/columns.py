"""Columns as text, numbers or lists, whatever the file stored them as."""

from __future__ import annotations

import polars as pl

from .schema import Column

MISSING_TOKENS = ("", "?", "NA", "N/A", "NaN", "nan", "null", "NULL", "None", "\\N", "<NA>", "#N/A")


def as_text(series: pl.Series) -> pl.Series:
    """The column as text with missing values null; a whole number has no decimals (``3.0`` reads ``3``)."""
    if series.dtype == pl.String:
        return series
    if series.dtype.is_float():
        whole = series.is_finite() & (series == series.floor()) & (series.abs() < 2**53)
        as_integer = series.fill_nan(None).set(~whole.fill_null(False), None).cast(pl.Int64).cast(pl.String)
        return as_integer.zip_with(whole.fill_null(False), series.fill_nan(None).cast(pl.String))
    if series.dtype == pl.Boolean:
        return series.cast(pl.Int8).cast(pl.String)
    if isinstance(series.dtype, pl.List | pl.Array):
        return series.cast(pl.List(pl.String)).list.join("|")
    return series.cast(pl.String)


def as_number(series: pl.Series) -> pl.Series:
    """The column as Float64; what is no finite number is null."""
    if series.dtype == pl.String:
        series = series.str.strip_chars().cast(pl.Float64, strict=False)
    elif series.dtype.is_temporal():
        series = series.cast(pl.Datetime("us")).cast(pl.Int64).cast(pl.Float64) / 1e6
    else:
        series = series.cast(pl.Float64, strict=False)
    return series.set(~series.is_finite().fill_null(True), None)


def as_time(series: pl.Series) -> pl.Series:
    """The column as seconds or any other number that grows with time; text dates are parsed."""
    numbers = as_number(series)
    if series.dtype == pl.String and numbers.null_count() > series.null_count():
        parsed = series.str.to_datetime(strict=False)
        if parsed.null_count() < numbers.null_count():
            return parsed.cast(pl.Int64).cast(pl.Float64) / 1e6
    return numbers


def as_lists(series: pl.Series, column: Column) -> pl.Series:
    """The column as lists of text, oldest first, cut to the most recent ``column.max_length``; never null."""
    if isinstance(series.dtype, pl.List | pl.Array):
        lists = series.cast(pl.List(pl.String))
    else:
        lists = as_text(series).str.split(column.separator or "|")
    frame = lists.to_frame("items").with_columns(
        pl.col("items")
        .list.eval(pl.element().str.strip_chars())
        .list.eval(pl.element().filter(~pl.element().is_in(list(MISSING_TOKENS)) & pl.element().is_not_null()))
    )
    items = pl.col("items").list.reverse() if column.newest_first else pl.col("items")
    empty = pl.lit([], dtype=pl.List(pl.String))
    return frame.select(items.list.tail(column.max_length).fill_null(empty)).to_series().alias(series.name)
