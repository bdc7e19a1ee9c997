"""Reading tables as people have them: CSV, TSV and Parquet, with or without a header, plain, gzip or zip."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import zipfile
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import polars as pl

from .columns import MISSING_TOKENS
from .errors import InputError, shorten, spaced

MAX_UNPACKED_BYTES = 4 * 2**30
SNIFFED_SEPARATORS = ("\t", "::", ",", ";", "|")
# Stands in for the separator "::", which the parser cannot take: a control character made for the purpose.
UNIT_SEPARATOR = "\x1f"
NOT_TABLES = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"%PDF": "a PDF document",
    b"\x7fELF": "a program",
    b"\x80\x04": "a pickle",
    b"\x80\x05": "a pickle",
    b"\xd0\xcf\x11\xe0": "an Office file",
}
CRITEO_COLUMNS = ("label", *(f"I{i}" for i in range(1, 14)), *(f"C{i}" for i in range(1, 27)))


@dataclass(frozen=True)
class Table:
    """A table as it was read: text columns (or typed ones from Parquet), and how the file was understood."""

    frame: pl.DataFrame
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
    options = options or ReadOptions()
    shown_name = safe_name(name or (source.name if isinstance(source, Path) else "table"))
    content = _read_bytes(source)
    content_hash = hashlib.sha256(content).hexdigest()
    payload = _unpack(content, shown_name)
    if payload[:4] == b"PAR1":
        table = Table(_read_parquet(payload, shown_name), shown_name, content_hash, "Parquet")
    else:
        table = _read_text(_decode(payload, shown_name), shown_name, content_hash, options)
    return _checked(table)


def safe_name(name: str) -> str:
    """The last part of a file name, with control characters and markup taken out; never empty."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(c for c in last if c.isprintable() and c not in "<>[]()`*_!#|{}$")
    return shorten(kept.strip(". "), 80) or "table"


def _read_bytes(source: Path | bytes) -> bytes:
    if isinstance(source, bytes):
        return source
    try:
        return source.read_bytes()
    except FileNotFoundError:
        raise InputError("There is no file {path}.", path=source) from None
    except IsADirectoryError:
        raise InputError("{path} is a folder; name the file in it.", path=source) from None
    except OSError as error:
        raise InputError("{path} cannot be read: {why}.", path=source, why=error.strerror or error) from error


def _unpack(content: bytes, name: str) -> bytes:
    """The table inside a gzip or zip, or the content itself; bounded by MAX_UNPACKED_BYTES."""
    if content[:2] == b"\x1f\x8b":
        return _bounded_read(gzip.GzipFile(fileobj=io.BytesIO(content)), name)
    if content[:4] == b"PK\x03\x04":
        try:
            archive = zipfile.ZipFile(io.BytesIO(content))
            members = [m for m in archive.infolist() if not m.is_dir() and "__MACOSX" not in m.filename]
            if any(m.filename.endswith("[Content_Types].xml") for m in members):
                raise InputError("{name} is an Office file; save the sheet as CSV and try again.", name=name)
            if len(members) != 1:
                raise InputError("{name} holds {count} files; put one table in the zip.", name=name, count=len(members))
            return _bounded_read(archive.open(members[0]), name)
        except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            raise InputError("{name} is a damaged or locked zip file ({why}).", name=name, why=error) from error
    return content


def _bounded_read(stream: IO[bytes] | gzip.GzipFile, name: str) -> bytes:
    chunks, total = [], 0
    try:
        while chunk := stream.read(2**24):
            total += len(chunk)
            if total > MAX_UNPACKED_BYTES:
                raise InputError("{name} unpacks to more than 4 GiB; split it first.", name=name)
            chunks.append(chunk)
    except (EOFError, OSError, zlib.error, zipfile.BadZipFile) as error:
        raise InputError("{name} is damaged: it ends or breaks off in the middle.", name=name) from error
    return b"".join(chunks)


def _read_parquet(payload: bytes, name: str) -> pl.DataFrame:
    try:
        return pl.read_parquet(io.BytesIO(payload))
    except Exception as error:  # the reader raises many kinds, PanicException's parents among them
        raise InputError("{name} is a damaged Parquet file.", name=name) from error


def _decode(payload: bytes, name: str) -> str:
    if not payload.strip():
        raise InputError("{name} is empty.", name=name)
    for magic, kind in NOT_TABLES.items():
        if payload.startswith(magic):
            raise InputError(
                "{name} is {kind}, not a table; a CSV, TSV or Parquet file is needed.", name=name, kind=kind
            )
    if payload[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return payload.decode("utf-16", errors="replace")
    if b"\x00" in payload[:65536]:
        raise InputError("{name} is not a text table: it holds zero bytes.", name=name)
    try:
        return payload.decode("utf-8-sig")
    except UnicodeDecodeError:
        return payload.decode("latin-1")


def _read_text(text: str, name: str, content_hash: str, options: ReadOptions) -> Table:
    text = text.replace("\r\n", "\n").replace("\r", "\n").lstrip("\n")
    lines = [line for line in text[: 2**20].split("\n")[:200] if line.strip()]
    separator = options.separator or _sniff_separator(lines)
    rows = [_split_line(line, separator) for line in lines]
    has_header = _sniff_header(rows) if options.has_header is None else options.has_header
    frame = _parse(text, name, separator, has_header)
    if not has_header:
        frame.columns = _names_without_header(frame, rows)
    label = {"\t": "TSV", ",": "CSV"}.get(separator, f"text separated by “{separator}”")
    return Table(frame, name, content_hash, label, separator, has_header)


def _split_line(line: str, separator: str) -> list[str]:
    if len(separator) > 1:
        return line.split(separator)
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return line.split(separator)


def _sniff_separator(lines: list[str]) -> str:
    """The separator that cuts most lines into one and the same number (over one) of cells."""
    best, best_score = ",", 0.0
    for separator in SNIFFED_SEPARATORS:
        widths = Counter(len(_split_line(line, separator)) for line in lines[:100])
        width, lines_of_width = widths.most_common(1)[0]
        score = lines_of_width / sum(widths.values()) if width > 1 else 0.0
        if len(_split_line(lines[0], separator)) != width:
            score /= 2
        if score > best_score + 0.05:
            best, best_score = separator, score
    return best


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _sniff_header(rows: list[list[str]]) -> bool:
    """A first row is a header when its cells are distinct names over columns that hold something else."""
    if len(rows) < 2:
        return True
    first = [cell.strip() for cell in rows[0]]
    if any(_is_number(cell) for cell in first) or len(set(first)) < len(first):
        return False
    body = [row for row in rows[1:] if len(row) == len(first)]
    numeric = sum(
        all(_is_number(row[i]) for row in body if row[i].strip() not in MISSING_TOKENS) for i in range(len(first))
    )
    repeated = sum(any(row[i].strip() == cell for row in body) for i, cell in enumerate(first))
    return numeric > 0 or repeated * 2 <= len(first)


def _parse(text: str, name: str, separator: str, has_header: bool) -> pl.DataFrame:
    quote: str | None = '"'
    if len(separator) > 1:
        text, separator, quote = text.replace(separator, UNIT_SEPARATOR), UNIT_SEPARATOR, None
    try:
        return pl.read_csv(
            io.BytesIO(text.encode()), separator=separator, has_header=has_header, infer_schema=False, quote_char=quote
        )
    except pl.exceptions.PolarsError as error:
        raise InputError(
            "{name} cannot be read as a table: {why}.", name=name, why=_why_ragged(text, separator, error)
        ) from error


def _why_ragged(text: str, separator: str, error: Exception) -> str:
    """Name the first row that is longer than the first one."""
    try:
        reader = csv.reader(io.StringIO(text), delimiter=separator)
        width = len(next(reader))
        for number, row in enumerate(reader, start=2):
            if len(row) > width:
                return f"line {number} has {len(row)} cells where the first has {width}"
    except csv.Error as broken:
        return str(broken)
    return shorten(str(error).split("\n")[0], 120)


def _names_without_header(frame: pl.DataFrame, rows: list[list[str]]) -> list[str]:
    """Names for a table without a header; the shape of the Criteo Kaggle files is known by name."""
    if frame.width == 40 and {row[0] for row in rows} <= {"0", "1"}:
        return list(CRITEO_COLUMNS)
    return [f"column_{i}" for i in range(1, frame.width + 1)]


def _checked(table: Table) -> Table:
    """Clean names and cells, or say why this is no table to learn from."""
    frame = _clean(table.frame)
    if frame.width < 2:
        raise InputError(
            "{name} has only one column; a label and at least one field are needed. Is the separator right?",
            name=table.name,
        )
    if frame.height < 2:
        count = "1 row" if frame.height else "no rows"
        raise InputError("{name} has {count}; there is nothing to learn from.", name=table.name, count=count)
    return Table(frame, table.name, table.content_hash, table.format, table.separator, table.has_header)


def _clean(frame: pl.DataFrame) -> pl.DataFrame:
    """Strip text cells, turn the usual signs of a missing value into null, and make the names unique."""
    text = [column for column, dtype in frame.schema.items() if dtype == pl.String]
    stripped = pl.col(text).str.strip_chars()
    frame = (
        frame.with_columns(pl.when(stripped.is_in(list(MISSING_TOKENS))).then(None).otherwise(stripped).name.keep())
        if text
        else frame
    )
    taken: Counter[str] = Counter()
    names = []
    for position, name in enumerate(frame.columns, start=1):
        clean = "".join(c for c in name if c.isprintable()).strip() or f"column_{position}"
        taken[clean] += 1
        names.append(clean if taken[clean] == 1 else f"{clean} ({taken[clean]})")
    frame.columns = names
    return frame
