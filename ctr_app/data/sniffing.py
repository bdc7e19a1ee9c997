"""How a text table is written: its separator, quotes and header, guessed from its first lines."""

from __future__ import annotations

import csv
import math
import re
from collections import Counter
from dataclasses import dataclass

from .columns import MISSING_TOKENS
from .records import records

# The last is for one or more spaces; \x01 is what Hive writes.
SNIFFED_SEPARATORS = ("\t", "::", "||", ",", ";", "|", "\x01", "^", "~", " ")
SNIFFED_LINES = 200
# Enough to count cells in: a line may have ten thousand.
SNIFFED_CHARACTERS = 2**18
CRITEO_COLUMNS = ("label", *(f"I{i}" for i in range(1, 14)), *(f"C{i}" for i in range(1, 27)))
COMMENT = re.compile(r"\s*(#|//|%|--)")


@dataclass(frozen=True)
class Dialect:
    """How a text table is written. ``body`` is the line, from 0, in which its first row of values begins.

    ``names`` are the cells of the header, or made up where there is none; one for each column. ``spaced_quotes``
    says that a space stands between a separator and a quotation mark, as in ``1, "a, b"``.
    """

    separator: str
    quoting: bool
    has_header: bool
    names: tuple[str, ...]
    body: int
    spaced_quotes: bool = False

    @property
    def format(self) -> str:
        """What people call such a file."""
        named = {"\t": "TSV", ",": "CSV", " ": "text separated by spaces", "\x01": "text separated by \\x01"}
        return named.get(self.separator, f"text separated by “{self.separator}”")


def sniff(
    lines: list[str], separator: str | None = None, quoting: bool | None = None, has_header: bool | None = None
) -> Dialect:
    """How the table is written that begins with ``lines``, not all of them blank; what is given is not guessed."""
    start, announced = _preamble(lines)
    shown = [line for line in _beginning(lines[start:]) if line.strip()]
    separator = separator or announced or sniff_separator(shown)
    quoting = sniff_quoting(shown, separator) if quoting is None else quoting and len(separator) == 1
    body = [squeeze(line) for line in lines[start:]] if separator == " " else lines[start:]
    rows = list(records(body, separator, quoting))
    spaced_quotes = quoting and any(cell.startswith(' "') for row in rows for cell in row.cells)
    if spaced_quotes:
        rows = list(records([line.replace(f'{separator} "', f'{separator}"') for line in body], separator, quoting))
    cells = [row.cells for row in rows]
    commented = _commented_header(lines[:start], separator, cells)
    if commented and has_header is not False:
        return Dialect(separator, quoting, True, tuple(commented), start, spaced_quotes)
    has_header = sniff_header(cells) if has_header is None else has_header
    if not has_header:
        names = names_without_header(cells, _width(cells, cells[0]))
        return Dialect(separator, quoting, False, tuple(names), start + rows[0].position, spaced_quotes)
    names = _named(cells[0], cells[1:])
    body_start = start + rows[0].position + rows[0].num_lines
    return Dialect(separator, quoting, True, tuple(names), body_start, spaced_quotes)


def squeeze(line: str) -> str:
    """The line with one space wherever there are several, and none at its ends."""
    return re.sub(" +", " ", line.strip(" "))


def split_line(line: str, separator: str) -> list[str]:
    """The cells of one line."""
    line = squeeze(line) if separator == " " else line
    if len(separator) > 1:
        return line.split(separator)
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except (csv.Error, ValueError):
        return line.split(separator)


def sniff_separator(lines: list[str]) -> str:
    """The separator that cuts most lines into one and the same number (over one) of cells.

    Spaces stand in texts of all kinds, so they must cut nearly all lines alike, and nothing else any of them.
    """
    best, best_score = ",", 0.0
    for separator in SNIFFED_SEPARATORS:
        widths = Counter(len(split_line(line, separator)) for line in lines[:100])
        width, lines_of_width = widths.most_common(1)[0]
        score = lines_of_width / sum(widths.values()) if width > 1 else 0.0
        if len(split_line(lines[0], separator)) != width:
            score /= 2
        if separator == " " and (best_score > 0 or score < 0.9):
            break
        if score > best_score + 0.05:
            best, best_score = separator, score
    return best


def sniff_quoting(lines: list[str], separator: str) -> bool:
    """Whether quotation marks hold cells together: always between commas, else unless many do not match."""
    if len(separator) > 1:
        return False
    if separator == "," or not any('"' in line for line in lines):
        return True
    rows = list(records(lines, separator, True))
    lone = sum(not row.is_sound for row in rows)
    return lone * 10 <= len(rows)


def sniff_header(rows: list[list[str]]) -> bool:
    """A first row is a header when its cells are distinct names over columns that hold something else.

    A name over a column of numbers is one even if it comes again, as where tables were put one after another.
    """
    if len(rows) < 2:
        return True
    first = [cell.strip() for cell in rows[0]]
    if any(_is_number(cell) for cell in first):
        return False
    body = [row for row in rows[1:] if len(row) == len(first)]
    columns = [[cell for cell in (row[i].strip() for row in body) if not _is_missing(cell)] for i in range(len(first))]
    below = list(zip(first, columns, strict=True))
    if any(_is_over_numbers(cell, cells) for cell, cells in below if not _is_missing(cell)):
        return True
    if len(set(filter(None, first))) < len(list(filter(None, first))):
        return False
    repeated = sum(cell in cells for cell, cells in below)
    return repeated * 2 <= len(first)


def names_without_header(rows: list[list[str]], width: int) -> list[str]:
    """Names for a table without a header; the Criteo files, with or without their label, are known by their shape."""
    hashes = [cell for row in rows for cell in row[-26:] if not _is_missing(cell)]
    if width in (39, 40) and hashes and all(re.fullmatch("[0-9a-f]{8}", cell) for cell in hashes):
        return list(CRITEO_COLUMNS[-width:])
    return [f"column_{i}" for i in range(1, width + 1)]


def _is_over_numbers(name: str, cells: list[str]) -> bool:
    others = [cell for cell in cells if cell != name]
    return bool(others) and all(map(_is_number, others))


def _preamble(lines: list[str]) -> tuple[int, str | None]:
    """How many blank lines, comments and announcements of a separator, as Excel writes them, come first."""
    announced = None
    has_comments = sum(COMMENT.match(line) is not None for line in lines) * 2 <= len(lines)
    for position, line in enumerate(lines):
        if found := re.fullmatch(r'"?sep=(.)"?\s*', line):
            announced = found.group(1)
        elif line.strip() and not (has_comments and COMMENT.match(line)):
            return position, announced
    return 0, announced


def _commented_header(preamble: list[str], separator: str, rows: list[list[str]]) -> list[str] | None:
    """The names in a last line of comment that has as many cells as the rows below it."""
    comment = next((line for line in reversed(preamble) if line.strip()), "")
    sign = COMMENT.match(comment)
    cells = split_line(comment[sign.end() :].strip(), separator) if sign else []
    return cells if 1 < len(cells) == _width(rows, rows[0]) else None


def _beginning(lines: list[str]) -> list[str]:
    """The first lines that are enough to count cells in; at least two."""
    characters = 0
    kept: list[str] = []
    for line in lines[:SNIFFED_LINES]:
        if characters > SNIFFED_CHARACTERS and len(kept) > 1:
            break
        characters += len(line)
        kept.append(line)
    return kept


def _width(rows: list[list[str]], first: list[str]) -> int:
    """The number of columns: as many as the first row has, unless more than half of the rows agree on more."""
    width, count = Counter(map(len, rows)).most_common(1)[0] if rows else (0, 0)
    return width if width > len(first) and count * 2 > len(rows) else len(first)


def _named(header: list[str], rows: list[list[str]]) -> list[str]:
    """Names for all columns. A name that a header lacks is in front where rows are numbered, as R writes them."""
    common = Counter(map(len, rows)).most_common(1)[0][0] if rows else len(header)
    while len(header) > max(common, 1) and not header[-1].strip():
        header = header[:-1]
    width = _width(rows, header)
    added = [f"column_{i}" for i in range(len(header) + 1, width + 1)]
    if len(added) == 1 and any(row[-1].strip() for row in rows if len(row) == width):
        return ["column_1", *header]
    return header + added


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell)) and "_" not in cell
    except ValueError:
        return False


def _is_missing(cell: str) -> bool:
    return cell.strip() in MISSING_TOKENS
