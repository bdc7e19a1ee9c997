"""Reading tables as people have them, as a stream: from a file or an upload to a Parquet file in a staging folder."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

import polars as pl
from polars.io.plugins import register_io_source

from .coded import CodedTable, write_coded
from .coding import Cells
from .decoding import Decoder
from .errors import InputError, shorten, spaced
from .libsvm import Survey, is_libsvm, libsvm_frames
from .odd_rows import OddRows
from .sniffing import sniff
from .staging import BLOCK_BYTES, StagedFile, goes_with, remove, staging_folder, writing
from .streaming import TextParser, line_blocks
from .tables import CODED_NAME, PARQUET_NAME, Frame, ParquetTable
from .texts import HEAD_BYTES, Text, open_text
from .typed import PARQUET_MARK, copy_parquet, parquet_columns
from .unpacking import ByteStream, unpacked

MAX_COLUMNS = 20_000
# A text that begins with as many bytes as this is kept as codes; a smaller one is read faster as it is.
CODED_BYTES = HEAD_BYTES
MAX_NAME_LENGTH = 1000
SPOKEN_SEPARATORS = {"\\t": "\t", "tab": "\t", "space": " ", "\\x01": "\x01"}


@dataclass(frozen=True)
class ReadOptions:
    """What the user overrules of the detection; None means detect. A tab may be written ``\\t`` or ``tab``."""

    separator: str | None = None
    has_header: bool | None = None
    encoding: str | None = None
    quoting: bool | None = None

    def spelled_out(self) -> ReadOptions:
        """The same with the separator as it stands in the file; raises InputError if it cannot be one."""
        separator = SPOKEN_SEPARATORS.get(self.separator or "", self.separator or None)
        if separator and set(separator) & set('"\n\r\0'):
            raise InputError("Cells cannot be separated by a quotation mark, a line end or a zero byte.")
        return replace(self, separator=separator)


@dataclass(frozen=True)
class Table:
    """A table as it was read: text columns (or typed ones from Parquet), and how the file was understood.

    ``notes`` are sentences about rows that are not as the others. ``source`` is where the bytes still lie, so that
    they can be read in another way; ``options`` is what was overruled already.
    """

    frame: Frame
    name: str
    content_hash: str
    format: str  # "CSV" | "TSV" | ... | "Parquet" | "libsvm"
    separator: str | None = None
    has_header: bool = True
    encoding: str | None = None
    quoting: bool = True
    compression: str | None = None
    notes: tuple[str, ...] = ()
    source: Path | StagedFile | None = None
    options: ReadOptions = ReadOptions()

    def describe(self) -> str:
        """One line on what was read, for the page and the log."""
        header = None if self.separator is None else ("with a header" if self.has_header else "without a header")
        encoding = None if self.encoding in (None, "utf-8") else self.encoding
        size = f"{spaced(self.frame.height)} rows, {self.frame.width} columns"
        return ", ".join(filter(None, (size, self.format, header, encoding, self.compression)))


def read_table(
    source: Path | bytes | BinaryIO | StagedFile, name: str | None = None, options: ReadOptions | None = None
) -> Table:
    """Read a file, or the bytes of an upload called ``name``; the file's rows are never all in memory.

    Raises:
        InputError: one sentence on why this is not a table of at least two columns and two rows.
    """
    shown_name = safe_name(name or (source.name if isinstance(source, Path) else "table"))
    options = (options or ReadOptions()).spelled_out()
    kept = source if isinstance(source, Path | StagedFile) else StagedFile(source)
    path = kept.path if isinstance(kept, StagedFile) else kept
    folder = staging_folder()
    try:
        with ThreadPoolExecutor(1) as pool:
            content_hash = pool.submit(_file_hash, path)
            table = _read(path, folder, shown_name, options)
        _check_height(table)
    except BaseException:
        remove(folder)
        raise
    goes_with(table.frame, folder)
    return replace(table, content_hash=_understood(table, content_hash.result()), source=kept, options=options)


def column_names(path: Path, options: ReadOptions | None = None) -> list[str]:
    """The names of the columns of the table in a file, by its beginning alone where that is enough."""
    options, name = (options or ReadOptions()).spelled_out(), safe_name(path.name)
    with unpacked(path, name) as (stream, compression):
        head = stream.read(HEAD_BYTES)
        if head.startswith(PARQUET_MARK) and compression is None:
            return _clean_names(parquet_columns(path, name))
        if not head.startswith(PARQUET_MARK):
            text = open_text(stream, head, options.encoding, name)
            if options != ReadOptions() or not is_libsvm(text.lines):
                dialect = sniff(text.lines, options.separator, options.quoting, options.has_header)
                return _clean_names(list(dialect.names))
    return read_table(path, options=options).frame.columns


def safe_name(name: str) -> str:
    """The last part of a file name without control characters, shortened; never empty."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(c for c in last if c.isprintable())
    return shorten(kept.strip(". "), 80) or "table"


def _read(path: Path, folder: Path, name: str, options: ReadOptions) -> Table:
    with unpacked(path, name) as (stream, compression):
        head = stream.read(HEAD_BYTES)
        if head.startswith(PARQUET_MARK):
            plain = path if compression is None else _unpacked_copy(stream, head, folder / "unpacked", name)
            table = _read_parquet(plain, folder, name)
        else:
            text = open_text(stream, head, options.encoding, name)
            if options == ReadOptions() and is_libsvm(text.lines):
                table = _read_libsvm(path, folder, name)
            else:
                table = _read_text(text, folder, name, options)
    return replace(table, compression=compression)


def _read_parquet(path: Path, folder: Path, name: str) -> Table:
    columns = _clean_names(_checked_width(parquet_columns(path, name), name))
    target = folder / PARQUET_NAME
    with writing(name):
        copy_parquet(path, target, columns, name)
    return Table(ParquetTable(target), name, "", "Parquet")


def _read_text(text: Text, folder: Path, name: str, options: ReadOptions) -> Table:
    dialect = sniff(text.lines, options.separator, options.quoting, options.has_header)
    names = _clean_names(_checked_width(dialect.names, name))
    odd = OddRows(name)
    decoder = Decoder("utf-8" if text.is_decoded else text.encoding, odd)
    parser = TextParser(dialect, names, decoder, odd)
    is_coded = len(text.head) >= CODED_BYTES
    blocks = line_blocks(text.stream, text.head, dialect.quoting, name)
    frame: Frame
    if is_coded:
        frame = _coded(parser.cells(blocks), names, folder, name)
    else:
        frame = _written(parser.frames(blocks), names, folder, name)
    odd.check(parser.rows)
    return Table(
        frame,
        name,
        "",
        dialect.format,
        dialect.separator,
        dialect.has_header,
        text.encoding or decoder.encoding or "utf-8",
        dialect.quoting,
        notes=odd.notes(),
    )


def _read_libsvm(path: Path, folder: Path, name: str) -> Table:
    """Two passes: the first to see which columns there are."""
    survey, odd = Survey(), OddRows(name)
    for block in _blocks(path, name):
        survey.add(block)
    names = survey.names(name)
    frame = _written(libsvm_frames(_blocks(path, name), survey, names, odd), names, folder, name)
    odd.check(frame.height + sum(odd.counts.values()))
    return Table(frame, name, "", "libsvm", notes=odd.notes())


def _blocks(path: Path, name: str) -> Iterator[bytes]:
    with unpacked(path, name) as (stream, _):
        text = open_text(stream, stream.read(HEAD_BYTES), None, name)
        yield from line_blocks(text.stream, text.head, False, name)


def _written(frames: Iterator[pl.DataFrame], names: list[str], folder: Path, name: str) -> ParquetTable:
    """The frames as one Parquet file; the next is made while one is written."""
    path = folder / PARQUET_NAME
    rows = register_io_source(lambda *_: frames, schema=dict.fromkeys(names, pl.String()))
    try:
        with writing(name):
            rows.sink_parquet(path, compression="lz4", statistics=False)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise InputError("{name} cannot be read as a table: its cells cannot be told apart.", name=name) from error
    return ParquetTable(path)


def _coded(blocks: Iterator[Cells | pl.DataFrame], names: list[str], folder: Path, name: str) -> CodedTable:
    """The blocks as a file of codes; the next is made while one is written."""
    path = folder / CODED_NAME
    with writing(name):
        write_coded(path, names, blocks)
    return CodedTable(path)


def _unpacked_copy(stream: ByteStream, head: bytes, path: Path, name: str) -> Path:
    with writing(name), path.open("wb") as file:
        file.write(head)
        while block := stream.read(BLOCK_BYTES):
            file.write(block)
    return path


def _file_hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _understood(table: Table, content_hash: str) -> str:
    """The hash of the content as it was read: what the user says of a file makes another table of it."""
    if table.separator is None:
        return content_hash
    read_as = f"{content_hash}/{table.separator}/{table.has_header}/{table.encoding}/{table.quoting}"
    return hashlib.sha256(read_as.encode()).hexdigest()


def _checked_width(names: Sequence[str], name: str) -> list[str]:
    if len(names) < 2:
        raise InputError(
            "{name} has only one column; a label and at least one field are needed. Is the separator right?", name=name
        )
    if len(names) > MAX_COLUMNS:
        raise InputError(
            "{name} has {count} columns; at most {most} can be read.",
            name=name,
            count=spaced(len(names)),
            most=spaced(MAX_COLUMNS),
        )
    return list(names)


def _check_height(table: Table) -> None:
    if table.frame.height < 2:
        count = "1 row" if table.frame.height else "no rows"
        raise InputError("{name} has {count}; there is nothing to learn from.", name=table.name, count=count)


def _clean_names(names: list[str]) -> list[str]:
    """Column names on one line, each once, and none that a selection would take for a pattern."""
    cleaned: dict[str, None] = {}
    for position, name in enumerate(names, start=1):
        clean = "".join(c if c.isprintable() else " " for c in name or "")
        clean = " ".join(clean.split())[:MAX_NAME_LENGTH]
        clean = clean.lstrip("^") if clean.endswith("$") else clean
        clean = clean if clean.strip("*") else f"column_{position}"
        numbers = itertools.count(2)
        unique = clean
        while unique in cleaned:
            unique = f"{clean} ({next(numbers)})"
        cleaned[unique] = None
    return list(cleaned)
