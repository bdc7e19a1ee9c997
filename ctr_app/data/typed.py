"""Parquet files, whose columns have types of their own, as a stream into a Parquet file of plain types."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from .errors import InputError
from .streaming import clean
from .unpacking import largest_unpacked, too_large

PARQUET_MARK = b"PAR1"
# Few rows at a time, as one cell may be a long list or text.
ROW_GROUP_ROWS = 2**16


def parquet_columns(path: Path, name: str) -> list[str]:
    """The names of the columns; raises InputError for a file that is damaged or would fill the disk."""
    try:
        columns = list(pl.read_parquet_schema(path))
        rows = pl.scan_parquet(path).select(pl.len()).collect().item()
    except (Exception, pl.exceptions.PanicException) as error:  # the reader raises errors of many kinds
        raise _damaged(name) from error
    if 8 * rows * len(columns) > largest_unpacked(path):
        raise too_large(name)
    return columns


def copy_parquet(source: Path, target: Path, names: list[str], name: str) -> None:
    """Write the table with columns of text, numbers, dates or lists of these, called ``names``; text cells are clean.

    Raises:
        InputError: if the file is damaged.
    """
    try:
        table = pl.scan_parquet(source)
        types = table.collect_schema()
        columns = [
            _plain(pl.nth(i), dtype).alias(new)
            for i, (dtype, new) in enumerate(zip(types.dtypes(), names, strict=True))
        ]
        table.select(columns).sink_parquet(target, compression="lz4", statistics=False, row_group_size=ROW_GROUP_ROWS)
    except (Exception, pl.exceptions.PanicException) as error:
        if isinstance(error, OSError) and error.errno:
            raise
        raise _damaged(name) from error


def _plain(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    """A column as one of text, numbers, dates or lists of these; what is nested deeper becomes JSON text."""
    inner = dtype.inner if isinstance(dtype, pl.List | pl.Array) else dtype
    if inner.is_nested():
        wrapped = pl.struct(column.alias("value")).struct.json_encode()
        return clean(wrapped.str.replace(r'(?s)^\{"value":(.*)\}$', "$1"))
    if dtype == pl.Duration:
        return column.dt.total_microseconds() / 1e6
    if dtype.is_decimal():
        return column.cast(pl.Float64)
    if dtype == pl.Binary:
        return clean(column.map_batches(_decoded, return_dtype=pl.String))
    if dtype in (pl.Categorical, pl.Enum, pl.Time, pl.Null, pl.String):
        return clean(column.cast(pl.String))
    return column


def _decoded(series: pl.Series) -> pl.Series:
    decoded = [None if cell is None else cell.decode(errors="replace") for cell in series]
    return pl.Series(series.name, decoded, dtype=pl.String)


def _damaged(name: str) -> InputError:
    return InputError("{name} is a damaged Parquet file.", name=name)
