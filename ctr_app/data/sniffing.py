"""How a text table is written: its separator, whether it has a header, and the names that are known without one."""

from __future__ import annotations

import csv
import math
import re
from collections import Counter

from .columns import MISSING_TOKENS

SNIFFED_SEPARATORS = ("\t", "::", ",", ";", "|")
CRITEO_COLUMNS = ("label", *(f"I{i}" for i in range(1, 14)), *(f"C{i}" for i in range(1, 27)))


def split_line(line: str, separator: str) -> list[str]:
    """The cells of one line."""
    if len(separator) > 1:
        return line.split(separator)
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except (csv.Error, ValueError):
        return line.split(separator)


def sniff_separator(lines: list[str]) -> str:
    """The separator that cuts most lines into one and the same number (over one) of cells."""
    best, best_score = ",", 0.0
    for separator in SNIFFED_SEPARATORS:
        widths = Counter(len(split_line(line, separator)) for line in lines[:100])
        width, lines_of_width = widths.most_common(1)[0]
        score = lines_of_width / sum(widths.values()) if width > 1 else 0.0
        if len(split_line(lines[0], separator)) != width:
            score /= 2
        if score > best_score + 0.05:
            best, best_score = separator, score
    return best


def sniff_header(rows: list[list[str]]) -> bool:
    """A first row is a header when its cells are distinct names over columns that hold something else."""
    if len(rows) < 2:
        return True
    first = [cell.strip() for cell in rows[0]]
    if any(_is_number(cell) for cell in first):
        return False
    body = [row for row in rows[1:] if len(row) == len(first)]
    columns = [[cell for cell in (row[i].strip() for row in body) if not _is_missing(cell)] for i in range(len(first))]
    below = list(zip(first, columns, strict=True))
    if any(cells and all(map(_is_number, cells)) for cell, cells in below if not _is_missing(cell)):
        return True
    if len(set(first)) < len(first):
        return False
    repeated = sum(cell in cells for cell, cells in below)
    return repeated * 2 <= len(first)


def names_without_header(rows: list[list[str]], width: int) -> list[str]:
    """Names for a table without a header; the Criteo files, with or without their label, are known by their shape."""
    hashes = [cell for row in rows for cell in row[-26:] if not _is_missing(cell)]
    if width in (39, 40) and hashes and all(re.fullmatch("[0-9a-f]{8}", cell) for cell in hashes):
        return list(CRITEO_COLUMNS[-width:])
    return [f"column_{i}" for i in range(1, width + 1)]


def _is_number(cell: str) -> bool:
    try:
        return math.isfinite(float(cell)) and "_" not in cell
    except ValueError:
        return False


def _is_missing(cell: str) -> bool:
    return cell.strip() in MISSING_TOKENS
