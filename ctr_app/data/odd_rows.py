"""Rows of a text that are not as the others: counted by kind, told in sentences, refused where they are too many."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

from .errors import InputError, spaced

HOPELESS_ROWS, HOPELESS_SHARE = 10_000, 0.9


class Odd(Enum):
    """What is odd about a row, with what was done about it; the same of one line; and the share of rows that may be so.

    That share is less where a row is lost or in doubt than where it only lacks something.
    """

    LONG = ("Too many cells, left out", "has {cells} cells where the table has {width} columns", 0.1)
    QUOTES = ("Quotation marks that do not match, left out", "has quotation marks that do not match", 0.1)
    STRAY = ("Quotation marks that do not match, read as they stand", "has quotation marks that do not match", 0.1)
    ZEROS = ("Zero bytes, taken out", "holds zero bytes", 0.1)
    TOKENS = ("Not of the form label index:value, left out", "is not of the form label index:value", 0.1)
    HEADER = ("The header again, left out", "holds the names of the columns", 0.5)
    SHORT = ("Too few cells, the others missing", "has {cells} cells where the table has {width} columns", 0.5)
    BYTES = ("Bytes of another encoding, shown as “\ufffd”", "holds bytes of another encoding", 0.5)

    @property
    def note(self) -> str:
        """What is odd and what was done about it, as the beginning of a sentence."""
        return self.value[0]

    @property
    def template(self) -> str:
        """What is odd, after the number of a line."""
        return self.value[1]

    @property
    def limit(self) -> float:
        """The share of rows that may be so."""
        return self.value[2]


@dataclass
class OddRows:
    """How many rows of the file called ``name`` are odd in which way, and the first line of each kind."""

    name: str
    counts: dict[Odd, int] = field(default_factory=dict)
    firsts: dict[Odd, tuple[int, str]] = field(default_factory=dict)

    def add(self, kind: Odd, line: int, **details: object) -> None:
        """Count a row that begins in line ``line``."""
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if kind not in self.firsts:
            self.firsts[kind] = line, kind.template.format(**details)

    def notes(self) -> tuple[str, ...]:
        """One sentence for each kind of odd row there is."""
        return tuple(self._note(kind) for kind in Odd if kind in self.counts)

    def stop_if_hopeless(self, rows: int) -> None:
        """Raise what ``check`` raises if nearly all of so many rows are odd, rather than go through all the others."""
        if rows > HOPELESS_ROWS and max(self.counts.values(), default=0) > HOPELESS_SHARE * rows:
            self.check(rows)

    def check(self, rows: int) -> None:
        """Raise InputError if too many of the ``rows`` that the file has are odd, naming the first."""
        for kind in Odd:
            count = self.counts.get(kind, 0)
            if count > kind.limit * max(rows, 1):
                line, what = self.firsts[kind]
                raise InputError(
                    "{name} cannot be read as a table: line {line} {what}{more}.",
                    name=self.name,
                    line=line,
                    what=what,
                    more=f", and so it is with {spaced(count)} of {spaced(rows)} rows" if count > 1 else "",
                )

    def _note(self, kind: Odd) -> str:
        line, what = self.firsts[kind]
        count = self.counts[kind]
        rows = "1 row" if count == 1 else f"{spaced(count)} rows"
        return f"{kind.note}: {rows}; the first is line {line}, which {what}."
