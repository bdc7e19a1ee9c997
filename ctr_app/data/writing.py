"""Writing a table that is made piece by piece, whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from .errors import InputError
from .files import temporary_name

SEPARATORS = {".csv": ",", ".tsv": "\t"}
SUFFIXES = (*SEPARATORS, ".parquet")


def check_suffix(path: Path) -> None:
    """Raise InputError if tables are not written into files that end so."""
    if path.suffix.lower() not in SUFFIXES:
        raise InputError("{path} should end in .csv, .tsv or .parquet.", path=path)


def write_pieces(pieces: Iterable[pl.DataFrame], path: Path) -> int:
    """Write the rows of all pieces, at least one, and return how many there were; only one piece is in memory."""
    temporary = temporary_name(path)
    try:
        write = _write_parquet if path.suffix.lower() == ".parquet" else _write_text
        rows = write(pieces, temporary, path.suffix.lower())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    return rows


def flat(frame: pl.DataFrame) -> pl.DataFrame:
    """The frame with columns of lists as text with ``|`` between the items, as text files hold them."""
    lists = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.List | pl.Array)]
    return frame.with_columns(pl.col(name).cast(pl.List(pl.String)).list.join("|") for name in lists)


def _write_text(pieces: Iterable[pl.DataFrame], path: Path, suffix: str) -> int:
    rows = 0
    with path.open("wb") as file:
        for number, piece in enumerate(pieces):
            flat(piece).write_csv(file, separator=SEPARATORS[suffix], include_header=number == 0)
            rows += piece.height
    return rows


def _write_parquet(pieces: Iterable[pl.DataFrame], path: Path, _suffix: str) -> int:
    rows, writer = 0, None
    try:
        for piece in pieces:
            table = piece.to_arrow()
            writer = writer or pq.ParquetWriter(path, table.schema, compression="zstd")
            writer.write_table(table)
            rows += piece.height
    finally:
        if writer:
            writer.close()
    return rows
