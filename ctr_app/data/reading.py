"""Reading tables as people have them: CSV, TSV and Parquet, with or without a header, plain, gzip or zip."""

from __future__ import annotations

import csv
import hashlib
import io
import itertools
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import polars as pl

from . import unpacking
from .columns import MISSING_TOKENS
from .errors import InputError, shorten, spaced
from .sniffing import names_without_header, sniff_header, sniff_separator, split_line
from .tables import Frame

# Stands in for a separator such as "::", which the parser cannot take: a control character made for the purpose.
UNIT_SEPARATOR = "\x1f"
SNIFFED_LINES = 200


@dataclass(frozen=True)
class Table:
    """A table as it was read: text columns (or typed ones from Parquet), and how the file was understood."""

    frame: Frame
    name: str
    content_hash: str
    format: str  # "CSV" | "TSV" | ... | "Parquet"
    separator: str | None = None
    has_header: bool = True

    def describe(self) -> str:
        """One line on what was read, for the page and the log."""
        header = "" if self.separator is None else (", with a header" if self.has_header else ", without a header")
        return f"{spaced(self.frame.height)} rows, {self.frame.width} columns, {self.format}{header}"


@dataclass(frozen=True)
class ReadOptions:
    """What the user overrules of the detection; None means detect."""

    separator: str | None = None
    has_header: bool | None = None


def read_table(source: Path | bytes, name: str | None = None, options: ReadOptions | None = None) -> Table:
    """Read a file, or the bytes of an upload called ``name``.

    Raises:
        InputError: one sentence on why this is not a table of at least two columns and two rows.
    """
    shown_name = safe_name(name or (source.name if isinstance(source, Path) else "table"))
    content = source if isinstance(source, bytes) else unpacking.read_bytes(source)
    content_hash = hashlib.sha256(content).hexdigest()
    payload = unpacking.unpack(content, shown_name)
    if payload[:4] == b"PAR1":
        table = Table(_read_parquet(payload, shown_name), shown_name, content_hash, "Parquet")
    else:
        text = unpacking.decode(payload, shown_name)
        table = _read_text(text, shown_name, content_hash, options or ReadOptions())
    return _checked(table)


def safe_name(name: str) -> str:
    """The last part of a file name without control characters, shortened; never empty."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(c for c in last if c.isprintable())
    return shorten(kept.strip(". "), 80) or "table"


def _read_parquet(payload: bytes, name: str) -> pl.DataFrame:
    try:
        rows = pl.scan_parquet(io.BytesIO(payload)).select(pl.len()).collect().item()
        if 8 * rows * len(pl.read_parquet_schema(io.BytesIO(payload))) > unpacking.MAX_UNPACKED_BYTES:
            raise unpacking.too_large(name)
        frame = pl.read_parquet(io.BytesIO(payload))
    except InputError:
        raise
    except (Exception, pl.exceptions.PanicException) as error:  # the reader raises errors of many kinds
        raise InputError("{name} is a damaged Parquet file.", name=name) from error
    plain = [_plain(frame[column]) for column in frame.columns]
    return pl.DataFrame(
        [series.rename(clean) for series, clean in zip(plain, _clean_names(frame.columns), strict=True)]
    )


def _plain(series: pl.Series) -> pl.Series:
    """A Parquet column as one of text, numbers, dates or lists of these; what is nested deeper becomes JSON text."""
    dtype = series.dtype
    inner = dtype.inner if isinstance(dtype, pl.List | pl.Array) else dtype
    if inner.is_nested():
        wrapped = series.to_frame("value").select(pl.struct("value").struct.json_encode()).to_series()
        return wrapped.str.replace(r'(?s)^\{"value":(.*)\}$', "$1").alias(series.name)
    if dtype == pl.Duration:
        return (series.dt.total_microseconds() / 1e6).alias(series.name)
    if dtype.is_decimal():
        return series.cast(pl.Float64)
    if dtype == pl.Binary:
        decoded = [None if cell is None else cell.decode(errors="replace") for cell in series]
        return pl.Series(series.name, decoded, dtype=pl.String)
    if dtype in (pl.Categorical, pl.Enum, pl.Time, pl.Null):
        return series.cast(pl.String)
    return series


def _read_text(text: str, name: str, content_hash: str, options: ReadOptions) -> Table:
    announced = re.match(r'\n*"?sep=(.)"?\n', text)  # as Excel writes it
    start = announced.end() if announced else len(text) - len(text.lstrip("\n"))
    first_line, text = 1 + text.count("\n", 0, start), text[start:]
    lines = [line for line in text[: 2**20].split("\n")[:SNIFFED_LINES] if line.strip()]
    if not lines:
        raise InputError("{name} is empty.", name=name)
    separator = options.separator or (announced.group(1) if announced else sniff_separator(lines))
    rows = [split_line(line, separator) for line in lines]
    has_header = sniff_header(rows) if options.has_header is None else options.has_header
    frame = _parse(text, name, separator, first_line)
    if has_header:
        names, frame = list(frame.row(0)), frame.slice(1)
    else:
        names = names_without_header(rows, frame.width)
    frame.columns = _clean_names(names)
    frame = frame.filter(~pl.all_horizontal(pl.all().is_null()))
    understood = hashlib.sha256(f"{content_hash}/{separator}/{has_header}".encode()).hexdigest()
    kind = {"\t": "TSV", ",": "CSV"}.get(separator, f"text separated by “{separator}”")
    return Table(frame, name, understood, kind, separator, has_header)


def _parse(text: str, name: str, separator: str, first_line: int) -> pl.DataFrame:
    """All lines as text, the header among them. Quotes are taken as they come where they would break a table."""
    quotes: tuple[str | None, ...] = ('"',) if separator == "," else ('"', None)
    if len(separator.encode()) > 1:
        text, separator, quotes = text.replace(separator, UNIT_SEPARATOR), UNIT_SEPARATOR, (None,)
    for quote in quotes:
        try:
            return pl.read_csv(
                io.BytesIO(text.encode()), separator=separator, has_header=False, infer_schema=False, quote_char=quote
            )
        except (pl.exceptions.PolarsError, ValueError):
            continue
    raise InputError("{name} cannot be read as a table: {why}.", name=name, why=_why(text, separator, first_line))


def _why(text: str, separator: str, first_line: int) -> str:
    """Name the first row that is longer than the first one, or whose quotation marks do not match."""
    quoting: Literal[0, 3] = csv.QUOTE_NONE if separator == UNIT_SEPARATOR else csv.QUOTE_MINIMAL
    width, line = 0, first_line
    try:
        reader = csv.reader(io.StringIO(text), delimiter=separator, quoting=quoting, strict=True)
        for row in reader:
            width = width or len(row)
            if len(row) > width:
                return f"line {line} has {len(row)} cells where the first has {width}"
            line = first_line + reader.line_num
    except (csv.Error, ValueError):
        return f"the quotation marks in line {line} do not match"
    return f"“{shorten(separator)}” does not separate its cells"


def _checked(table: Table) -> Table:
    """The table with clean cells, or why this is no table to learn from."""
    frame = _clean(table.frame.head(table.frame.height))
    if frame.width < 2:
        raise InputError(
            "{name} has only one column; a label and at least one field are needed. Is the separator right?",
            name=table.name,
        )
    if frame.height < 2:
        count = "1 row" if frame.height else "no rows"
        raise InputError("{name} has {count}; there is nothing to learn from.", name=table.name, count=count)
    return replace(table, frame=frame)


def _clean(frame: pl.DataFrame) -> pl.DataFrame:
    """Strip text cells, and turn the usual signs of a missing value into null."""
    text = pl.selectors.string()
    stripped = text.str.strip_chars()
    is_missing = stripped.is_in(list(MISSING_TOKENS))
    return frame.with_columns(pl.when(is_missing).then(None).otherwise(stripped).name.keep())


def _clean_names(names: list[str]) -> list[str]:
    """Column names on one line, each once, and none that a selection would take for a pattern."""
    cleaned: list[str] = []
    for position, name in enumerate(names, start=1):
        clean = "".join(c if c.isprintable() else " " for c in name or "")
        clean = " ".join(clean.split())
        clean = clean.removeprefix("^") if clean.endswith("$") else clean
        clean = clean if clean.strip("*") else f"column_{position}"
        numbers = itertools.count(2)
        unique = clean
        while unique in cleaned:
            unique = f"{clean} ({next(numbers)})"
        cleaned.append(unique)
    return cleaned
