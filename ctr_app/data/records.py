"""The rows of a text whose cells may be quoted, one by one, where quotation marks and numbers of cells may be wrong.

The fast reader takes blocks in which all is well; a block in which something is not goes through here and comes out
so that it can take it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from .odd_rows import Odd, OddRows

# A cell may hold line ends; one that would hold more than this has lost its closing quotation mark.
MAX_RECORD_LINES = 1000
MAX_CELL_BYTES = 2**27
csv.field_size_limit(MAX_CELL_BYTES)


@dataclass(frozen=True)
class Record:
    """One row: its cells, the position of its first line among the lines given, and how many lines it takes.

    ``is_sound`` is False where quotation marks do not match, so that they are taken as they stand.
    """

    cells: list[str]
    position: int
    num_lines: int
    is_sound: bool


def records(lines: Sequence[str], separator: str, quoting: bool, width: int | None = None) -> Iterator[Record]:
    """The rows that lines hold, blank ones left out.

    A quoted cell goes on over line ends, unless the row would then have more than ``width`` cells.
    """
    position = 0
    while position < len(lines):
        if lines[position] and not lines[position].isspace():
            record = _record(lines, position, separator, quoting, width)
            yield record
            position += record.num_lines
        else:
            position += 1


def split_record(text: str, separator: str, quoting: bool) -> list[str] | None:
    """The cells of one row; None where quotation marks do not match."""
    if not quoting or '"' not in text or len(separator) > 1:
        return text.split(separator)
    try:
        return next(csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True), [])
    except (csv.Error, ValueError):
        return None


def mended(lines: Sequence[str], first_line: int, separator: str, quoting: bool, width: int, odd: OddRows) -> str:
    """The rows of a text with ``width`` cells each, in lines that any reader understands.

    Short rows are filled and counted; rows that are too long are counted and left out, unless what is too much is
    blank; so are rows whose quotation marks do not match, if they do not have ``width`` cells as they stand.
    """
    kept = []
    for record in records(lines, separator, quoting, width):
        cells = _fitted(record, first_line + record.position, width, odd)
        if cells is not None:
            kept.append(
                separator.join(_quoted(cell, separator) for cell in cells) if quoting else separator.join(cells)
            )
    return "\n".join(kept)


def _record(lines: Sequence[str], position: int, separator: str, quoting: bool, width: int | None) -> Record:
    line = lines[position]
    cells = split_record(line, separator, quoting)
    if cells is not None:
        return Record(cells, position, 1, True)
    if line.count('"') % 2 and (end := _closing_line(lines, position)):
        cells = split_record("\n".join(lines[position:end]), separator, quoting)
        if cells is not None and len(cells) <= (width or len(cells)):
            return Record(cells, position, end - position, True)
    return Record(line.split(separator), position, 1, False)


def _closing_line(lines: Sequence[str], position: int) -> int | None:
    """The end of a row that a quoted cell carries over line ends: after the next line with an odd mark."""
    for end in range(position + 1, min(position + MAX_RECORD_LINES, len(lines))):
        if lines[end].count('"') % 2:
            return end + 1
    return None


def _fitted(record: Record, line: int, width: int, odd: OddRows) -> list[str] | None:
    """Exactly ``width`` cells, or None if the row is to be left out."""
    cells, count = record.cells, len(record.cells)
    if not record.is_sound:
        odd.add(Odd.STRAY if count == width else Odd.QUOTES, line)
        return cells if count == width else None
    if count < width:
        odd.add(Odd.SHORT, line, cells=count, width=width)
        return cells + [""] * (width - count)
    if any(cell and not cell.isspace() for cell in cells[width:]):
        odd.add(Odd.LONG, line, cells=count, width=width)
        return None
    return cells[:width]


def _quoted(cell: str, separator: str) -> str:
    if '"' in cell or separator in cell or "\n" in cell:
        return '"' + cell.replace('"', '""') + '"'
    return cell
