"""What reading takes for granted about cells, told: signs of a missing value, and spaces around values."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from .columns import MISSING_TOKENS
from .errors import InputError, join_names, spaced
from .reading import Table
from .sentences import Sentence, say
from .sniffing import split_line
from .texts import HEAD_BYTES, open_text
from .unpacking import unpacked

# As many lines show what the others are like.
LINES = 5000
SIGNS = frozenset(MISSING_TOKENS) - {""}


def cleaned(table: Table) -> tuple[Sentence, ...]:
    """A sentence per sign that is read as missing, and one on spaces, as seen in the first lines of a text file."""
    rows = list(_first_rows(table))
    signs: dict[str, dict[str, None]] = defaultdict(dict)
    spaces: dict[str, None] = {}
    for place, name in enumerate(table.frame.columns):
        for cell in {row[place] for row in rows}:
            bare = cell.strip()
            if bare in SIGNS:
                signs[bare][name] = None
            elif bare and bare != cell:
                spaces[name] = None
    said = [
        say("“{sign}” is read as missing: {columns}.", sign=sign, columns=join_names(list(names)))
        for sign, names in sorted(signs.items())
    ]
    if spaces:
        said.append(say("Spaces around values are left out: {columns}.", columns=join_names(list(spaces))))
    if said and len(rows) == LINES:
        said.append(say("Seen in the first {count} lines.", count=spaced(LINES)))
    return tuple(said)


def _first_rows(table: Table) -> Iterator[list[str]]:
    """The cells of the first lines as they stand in the file, of lines that have one for each column."""
    if table.source is None or table.separator is None:
        return
    path = table.source if isinstance(table.source, Path) else table.source.path
    try:
        with unpacked(path, table.name) as (stream, _):
            text = open_text(stream, stream.read(HEAD_BYTES), table.options.encoding, table.name)
            head = text.head.decode("utf-8" if text.is_decoded else table.encoding or "utf-8", "replace")
    except (InputError, OSError):
        return
    found = 0
    for line in head.splitlines()[int(table.has_header) : -1]:
        cells = split_line(line, table.separator) if line.strip() else []
        if len(cells) == table.frame.width and found < LINES:
            found += 1
            yield cells
