"""A text table as a stream: blocks of whole lines go in, frames of clean text cells come out.

At most a few blocks are in memory at a time, so the peak does not depend on the size of the file: about
20 * BLOCK_BYTES over what the libraries themselves take, or as much for each MAX_LINE_BYTES of a longer line.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from typing import Protocol

import polars as pl

from .coding import Cells, Memory, cells_of_text, count_lines
from .columns import MISSING_TOKENS
from .decoding import Decoder
from .errors import InputError
from .odd_rows import Odd, OddRows
from .records import MAX_RECORD_LINES, mended, records
from .sniffing import Dialect

BLOCK_BYTES = 2**22
MAX_LINE_BYTES = 2**26
# How far back a quoted cell may begin that is still open at the end of a block.
MAX_OPEN_BYTES = 2**20
# A block in which something is wrong is cut into parts of about this, so that few rows go the slow way.
PART_BYTES = 2**20
# Stands in for a separator such as "::", which the parser cannot take: a control character made for the purpose.
UNIT_SEPARATOR = "\x1f"


class Readable(Protocol):
    """What gives the next bytes, and none at the end."""

    def read(self, size: int, /) -> bytes:
        """About ``size`` bytes."""


def line_blocks(stream: Readable, head: bytes, quoting: bool, name: str) -> Iterator[bytes]:
    """Blocks of whole lines that end with ``\\n``, the ``head`` that was read already first; other line ends become it.

    Raises:
        InputError: if a line is longer than MAX_LINE_BYTES.
    """
    rest, line = b"", 1
    for chunk in _with_newlines(stream, head, BLOCK_BYTES):
        block, rest = _cut(rest, chunk, quoting)
        if block:
            line += count_lines(block)
            yield block
        elif len(rest) > MAX_LINE_BYTES:
            size = f"{MAX_LINE_BYTES // 2**20} MiB"
            raise InputError("{name} is no table: line {line} is longer than {size}.", name=name, line=line, size=size)
    if rest:
        yield rest


class TextParser:
    """Turns blocks of lines into frames: one text column per name, missing values null, odd rows counted.

    ``rows`` counts the rows of the file, those left out among them.
    """

    def __init__(self, dialect: Dialect, names: list[str], decoder: Decoder, odd: OddRows) -> None:
        self.rows = 0
        self._decoder, self._odd = decoder, odd
        self._schema = dict.fromkeys(names, pl.String())
        header = [name.strip() for name in dialect.names]
        self._header = header if dialect.has_header and all(header) else None
        self._replaced = dialect.separator if len(dialect.separator.encode()) > 1 else None
        self._separator = UNIT_SEPARATOR if self._replaced else dialect.separator
        self._quoting, self._spaced_quotes = dialect.quoting, dialect.spaced_quotes
        self._line, self._skipped = 1, dialect.body
        self._memories = [Memory(), Memory()]

    def frames(self, blocks: Iterator[bytes]) -> Iterator[pl.DataFrame]:
        """A frame for each block that holds rows."""
        for block, first_line in self._bodies(blocks):
            frame = self._parse(block, first_line)
            if frame.height:
                yield frame

    def cells(self, blocks: Iterator[bytes]) -> Iterator[Cells | pl.DataFrame]:
        """The same, but of blocks in which all is well and nothing quoted only where their cells are.

        These cells may have spaces around them, and there may be rows without any value. They hold until the second
        block after theirs is asked for.
        """
        for block, first_line in self._bodies(blocks):
            if (found := self._found(block)) is not None:
                self.rows += found.height
                self._memories.reverse()
                yield found
            elif (frame := self._parse(block, first_line)).height:
                yield frame

    def _bodies(self, blocks: Iterator[bytes]) -> Iterator[tuple[bytes, int]]:
        """Blocks as the reader takes them, each with the number of its first line."""
        for block in blocks:
            block, first_line = self._body(block)
            if block and (plain := self._plain(block, first_line)):
                yield plain, first_line

    def _found(self, block: bytes) -> Cells | None:
        """The cells of a block, if there are no quotes and all is well."""
        if (self._quoting and b'"' in block) or block.startswith(codecs.BOM_UTF8):
            return None
        header = self._header[0] if self._header else None
        return cells_of_text(block, self._separator, len(self._schema), header, self._memories[0])

    def _body(self, block: bytes) -> tuple[bytes, int]:
        """The block without the lines before the first row of values, and the number of its first line."""
        start = 0
        while self._skipped and start < len(block):
            start = block.find(b"\n", start) + 1 or len(block)
            self._skipped -= 1
            self._line += 1
        block, first_line = block[start:] if start else block, self._line
        self._line += count_lines(block)
        return block, first_line

    def _plain(self, block: bytes, first_line: int) -> bytes:
        """The block in UTF-8 with a separator of one byte."""
        if b"\x00" in block:
            for number, line in enumerate(block.split(b"\n"), start=first_line):
                if b"\x00" in line:
                    self._odd.add(Odd.ZEROS, number)
            block = block.replace(b"\x00", b"")
        block = self._decoder(block, first_line)
        if self._replaced:
            return block.replace(self._replaced.encode(), UNIT_SEPARATOR.encode())
        if self._separator == " ":
            return _squeezed(block)
        if self._spaced_quotes:  # the space would make the quotes a part of the cell
            separator = self._separator.encode()
            block = block.replace(separator + b' "', separator + b'"')
        return block

    def _parse(self, block: bytes, first_line: int) -> pl.DataFrame:
        frame = self._sound(block)
        if frame is None:
            parts = list(_parts(block, self._quoting))
            if len(parts) > 1:
                return pl.concat([self._parse(part, first_line + lines) for part, lines in parts])
            frame = self._mended(block, first_line)
        self.rows += frame.height
        return self._without_headers(_clean(frame, block, self._separator), block, first_line)

    def _mended(self, block: bytes, first_line: int) -> pl.DataFrame:
        before = self._left_out()
        lines = block.decode().split("\n")
        text = mended(lines, first_line, self._separator, self._quoting, len(self._schema), self._odd)
        self.rows += self._left_out() - before
        self._odd.stop_if_hopeless(self.rows)
        return self._read(text.encode())

    def _sound(self, block: bytes) -> pl.DataFrame | None:
        """The rows of a block in which all is well."""
        try:
            frame = self._read(block)
            return frame if self._has_all_cells(block, frame) else None
        except (pl.exceptions.PolarsError, pl.exceptions.PanicException, ValueError):
            return None

    def _read(self, block: bytes) -> pl.DataFrame:
        if not block:
            return pl.DataFrame(schema=self._schema)
        return pl.read_csv(
            block,
            separator=self._separator,
            has_header=False,
            schema=self._schema,
            quote_char='"' if self._quoting else None,
            null_values=list(MISSING_TOKENS),
        )

    def _has_all_cells(self, block: bytes, frame: pl.DataFrame) -> bool:
        """Whether each row has all its cells, and no quoted cell swallows a large part of the block."""
        expected = frame.height * (frame.width - 1)
        found = block.count(self._separator.encode())
        if not self._quoting or b'"' not in block:
            return found == expected
        inside = frame.select(pl.all().str.count_matches(self._separator, literal=True).sum()).row(0)
        return found == expected + sum(inside) and block.count(b"\n") - frame.height < MAX_RECORD_LINES

    def _without_headers(self, frame: pl.DataFrame, block: bytes, first_line: int) -> pl.DataFrame:
        """The frame without rows that repeat the names of the columns, as where tables were put one after another."""
        if self._header is None or not (frame.to_series(0) == self._header[0]).any():
            return frame
        lines = block.decode().split("\n")
        for record in records(lines, self._separator, self._quoting):
            if [cell.strip() for cell in record.cells] == self._header:
                self._odd.add(Odd.HEADER, first_line + record.position)
        same = [pl.col(name) == cell for name, cell in zip(frame.columns, self._header, strict=True)]
        return frame.filter(~pl.all_horizontal(same).fill_null(False))

    def _left_out(self) -> int:
        return sum(self._odd.counts.get(kind, 0) for kind in (Odd.LONG, Odd.QUOTES))


def _parts(block: bytes, quoting: bool) -> Iterator[tuple[bytes, int]]:
    """The block in parts of whole rows, each with the number of lines before it."""
    start = lines = 0
    while start < len(block):
        end = start + _end_of_rows(block[start : start + PART_BYTES], quoting)
        end = len(block) if end == start or len(block) - start <= PART_BYTES else end
        yield block[start:end], lines
        lines += block.count(b"\n", start, end)
        start = end


def clean(text: pl.Expr) -> pl.Expr:
    """Text without spaces around it, and null where it is a sign of a missing value."""
    stripped = text.str.strip_chars()
    return pl.when(stripped.is_in(list(MISSING_TOKENS))).then(None).otherwise(stripped).name.keep()


def _clean(frame: pl.DataFrame, block: bytes, separator: str) -> pl.DataFrame:
    """Strip cells, turn the usual signs of a missing value into null, and leave out rows without any value."""
    if _may_have_spaces(block, separator):
        stripped = frame.with_columns(pl.all().str.strip_chars())
        lengths = pl.all().str.len_bytes().sum()
        before, after = frame.select(lengths).row(0), stripped.select(lengths).row(0)
        changed = [name for name, a, b in zip(frame.columns, before, after, strict=True) if a != b]
        frame = stripped.with_columns(_series_without_missing(stripped[name]) for name in changed)
    if frame.height and frame.to_series(0).null_count():
        frame = frame.filter(~pl.all_horizontal(pl.all().is_null()))
    return frame


def _series_without_missing(series: pl.Series) -> pl.Series:
    return series.set(series.is_in(list(MISSING_TOKENS)), None)


def _may_have_spaces(block: bytes, separator: str) -> bool:
    """Whether a cell may begin or end with a space of any kind."""
    if not block.isascii() or b'"' in block:
        return True
    return any(space in block for space in (b" ", b"\t", b"\x0b", b"\x0c") if space != separator.encode())


def _squeezed(block: bytes) -> bytes:
    """One space between cells, none at the ends of lines."""
    while b"  " in block:
        block = block.replace(b"  ", b" ")
    return block.replace(b"\n ", b"\n").replace(b" \n", b"\n").strip(b" ")


def _with_newlines(stream: Readable, head: bytes, size: int) -> Iterator[bytes]:
    """The stream with line ends of Windows and of old Macs as ``\\n``."""
    held = b""
    chunk = head or stream.read(size)
    while chunk:
        chunk = held + chunk
        held = b"\r" if chunk.endswith(b"\r") else b""
        chunk = chunk[: len(chunk) - len(held)]
        yield chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n") if b"\r" in chunk else chunk
        chunk = stream.read(size)
    if held:
        yield b"\n"


def _cut(rest: bytes, chunk: bytes, quoting: bool) -> tuple[bytes, bytes]:
    """The whole rows of what was left and what came then, and what is left now."""
    if quoting and (b'"' in chunk or b'"' in rest):
        both = rest + chunk
        end = _end_of_rows(both, quoting)
        return both[:end], both[end:]
    end = chunk.rfind(b"\n") + 1
    if end == 0:
        return b"", rest + chunk
    return b"".join((rest, memoryview(chunk)[:end])), chunk[end:]


def _end_of_rows(block: bytes, quoting: bool) -> int:
    """The end of the last whole row: a line end that no open quoted cell holds."""
    end = block.rfind(b"\n") + 1
    if not quoting or block.count(b'"', 0, end) % 2 == 0:
        return end
    cut = end
    while cut > max(0, end - MAX_OPEN_BYTES):
        start = block.rfind(b"\n", 0, cut - 1) + 1
        if block.count(b'"', start, cut) % 2:
            return start or end
        cut = start
    return end
