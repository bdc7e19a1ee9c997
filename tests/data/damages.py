"""Tables that somebody damaged, each with what must come of it: made by code, so that there can be hundreds."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

Rows = list[list[str]]
NUM_ROWS = 60


def _clicks(i: int) -> list[str]:
    return [str(i % 2), f"site {i % 7}", f"{i * 0.5}", str(1000 + i)]


def _histories(i: int) -> list[str]:
    return [str(i % 2), f"film-{i % 9}", "/".join(f"film-{(i + k) % 9}" for k in range(i % 4)), f"2024-01-{1 + i % 28}"]


def _cities(i: int) -> list[str]:
    return [
        ("no", "yes")[i % 2],
        ("Zürich", "Łódź", "東京", "القاهرة", "😀 park")[i % 5],
        f"{i * 3}",
        ("ja", "né")[i % 2],
    ]


BASES: dict[str, Rows] = {
    "clicks": [["click", "site", "price", "user"], *(_clicks(i) for i in range(NUM_ROWS))],
    "histories": [["click", "film", "seen", "day"], *(_histories(i) for i in range(NUM_ROWS))],
    "cities": [["bought", "city", "discount", "word"], *(_cities(i) for i in range(NUM_ROWS))],
}
SEPARATORS = (",", "\t", ";", "|", "::")


def text(rows: Rows, separator: str) -> bytes:
    """Rows as they are written, without quotes."""
    return "".join(separator.join(row) + "\n" for row in rows).encode()


@dataclass(frozen=True)
class Damage:
    """What is done to a table and what must come of it.

    ``make(rows, separator)`` gives the bytes. A table that is read has ``rows`` rows more than before (None: any
    number) and a note that holds ``note`` (empty: no note; None: any or none). Of ``quotes`` there is none where two
    signs separate cells, as these need no quotes. Where ``refusal`` is given, a sentence that holds it is all there is.
    """

    make: Callable[[Rows, str], bytes]
    note: str | None = ""
    rows: int | None = 0
    quotes: bool = False
    refusal: str | None = None


def at(*positions: int) -> Callable[[Callable[[str, str], str]], Callable[[Rows, str], bytes]]:
    """Change the lines at these positions (0 is the header); each change gets the line and the separator."""

    def damaged(change: Callable[[str, str], str]) -> Callable[[Rows, str], bytes]:
        def make(rows: Rows, separator: str) -> bytes:
            lines = text(rows, separator).decode().split("\n")
            for position in positions:
                lines[position] = change(lines[position], separator)
            return "\n".join(lines).encode()

        return make

    return damaged


def cells(change: Callable[[int, list[str]], list[str]]) -> Callable[[Rows, str], bytes]:
    """Change the cells of each row; row 0 is the header."""
    return lambda rows, separator: text([change(i, list(row)) for i, row in enumerate(rows)], separator)


def whole(change: Callable[[bytes, str], bytes]) -> Callable[[Rows, str], bytes]:
    """Change the bytes of the file."""
    return lambda rows, separator: change(text(rows, separator), separator)


def names(*given: str) -> Callable[[Rows, str], bytes]:
    """Other names for the columns, quoted where there is a comma between cells."""

    def make(rows: Rows, separator: str) -> bytes:
        header = [f'"{name.replace(chr(34), chr(34) * 2)}"' if separator == "," else name for name in given]
        return text([header, *rows[1:]], separator)

    return make


def _dropped(line: str, separator: str) -> str:
    return line.rsplit(separator, 1)[0]


def _added(line: str, separator: str) -> str:
    return f"{line}{separator}more"


def _opened(line: str, separator: str) -> str:
    first, rest = line.split(separator, 1)
    return f'{first}{separator}"{rest}'


def _with(position: int, value: str) -> Callable[[int, list[str]], list[str]]:
    """Every third row has ``value`` in one place."""
    return lambda i, row: [*row[:position], value, *row[position + 1 :]] if i % 3 == 1 else row


def _as_one(change: Callable[[str], str]) -> Callable[[bytes, str], bytes]:
    return lambda content, _separator: change(content.decode()).encode()


def _other_separator(line: str, separator: str) -> str:
    return line.replace(separator, " ## ")


MANY = tuple(range(5, 45))
THIRD = tuple(range(5, 25))
FEW = (7, 20)
NOT_A_TABLE = "cannot be read as a table: line "
TEXTS: dict[str, Damage] = {
    # Rows that are not as the others
    "a row with too few cells": Damage(
        at(9)(_dropped), "Too few cells, the others missing: 1 row; the first is line 10"
    ),
    "two rows with too few cells": Damage(at(*FEW)(_dropped), "2 rows; the first is line 8, which has 3 cells"),
    "a third of the rows with too few cells": Damage(at(*THIRD)(_dropped), "20 rows; the first is line 6"),
    "most rows with too few cells": Damage(at(*MANY)(_dropped), refusal=f"{NOT_A_TABLE}6 has 3 cells"),
    "a row with too many cells": Damage(at(9)(_added), "Too many cells, left out: 1 row; the first is line 10", -1),
    "two rows with too many cells": Damage(at(*FEW)(_added), "2 rows; the first is line 8, which has 5 cells", -2),
    "a third of the rows with too many cells": Damage(at(*THIRD)(_added), refusal=f"{NOT_A_TABLE}6 has 5 cells"),
    "some rows with other separators": Damage(at(*FEW)(_other_separator), "which has 1 cells"),
    "most rows with other separators": Damage(at(*MANY)(_other_separator), refusal="clicks.csv "),
    "rows that end with a separator": Damage(
        at(*range(1, 40))(lambda line, separator: line + separator), "Too few cells"
    ),
    "all rows end with separators": Damage(at(*range(61))(lambda line, separator: line + separator)),
    "the header ends with a separator": Damage(at(0)(lambda line, separator: line + separator)),
    "blank lines": Damage(at(*MANY)(lambda line, _: f"\n \n{line}\n")),
    "empty rows": Damage(at(*FEW)(lambda line, separator: f"{separator * 3}\n{line}")),
    "a title above the header": Damage(whole(lambda content, _: b"# Clicks of March\n\n" + content)),
    "the separator is announced": Damage(whole(lambda content, _: content)),
    "the file is cut in a row": Damage(whole(lambda content, _: content[: len(content) // 2]), note=None, rows=None),
    "the last row has no end": Damage(whole(lambda content, _: content[:-1])),
    "the table twice": Damage(
        whole(lambda content, _: content + content), "The header again, left out: 1 row; the first is line 62", NUM_ROWS
    ),
    "half of another table follows": Damage(whole(lambda content, sep: content + f"x{sep}y\n".encode()), "Too few", 1),
    # Quotation marks
    "a quote that is never closed": Damage(at(9)(_opened), "Quotation marks", quotes=True),
    "two quotes that are never closed": Damage(at(*FEW)(_opened), "Quotation marks", quotes=True),
    "a quote that opens in the last row": Damage(at(NUM_ROWS)(_opened), "Quotation marks", quotes=True),
    "an inch": Damage(cells(_with(1, '19" wide'))),
    "quotes in the middle": Damage(cells(_with(1, 'the "best" site'))),
    # Bytes
    "a zero byte": Damage(at(9)(lambda line, _: line[:1] + "\0" + line[1:]), "Zero bytes, taken out: 1 row"),
    "two zero bytes": Damage(at(*FEW)(lambda line, _: "\0" + line), "Zero bytes, taken out: 2 rows"),
    "zero bytes everywhere": Damage(whole(lambda content, _: content.replace(b"1", b"\0")), refusal="holds zero bytes"),
    "lines end as on Windows": Damage(whole(_as_one(lambda content: content.replace("\n", "\r\n")))),
    "lines end as on old Macs": Damage(whole(_as_one(lambda content: content.replace("\n", "\r")))),
    "lines end in different ways": Damage(at(*MANY)(lambda line, _: line + "\r")),
    "lines end twice": Damage(whole(_as_one(lambda content: content.replace("\n", "\r\r\n")))),
    "a byte-order mark": Damage(whole(lambda content, _: b"\xef\xbb\xbf" + content)),
    "UTF-16": Damage(whole(lambda content, _: content.decode().encode("utf-16"))),
    "UTF-16 of the other order": Damage(whole(lambda content, _: b"\xfe\xff" + content.decode().encode("utf-16-be"))),
    "UTF-32": Damage(whole(lambda content, _: content.decode().encode("utf-32"))),
    "the end of a file of MS-DOS": Damage(whole(lambda content, _: content + b"\x1a"), "Too few cells", 1),
    "control characters": Damage(cells(_with(1, "a\x01b\x02c\x7f"))),
    "noise at the end": Damage(whole(lambda content, _: content + bytes(range(128, 255))), "Too few cells", 1),
    "pieces of UTF-8": Damage(cells(_with(1, "é" * 3)), ""),
    # Names
    "names that occur twice": Damage(names("click", "click", "click", "x")),
    "names that are empty": Damage(names("click", "", "", "x")),
    "names with dots and brackets": Damage(names("click", "a.b", "x[0]", "c(d)")),
    "names with colons and quotes": Damage(names("click", "a:Q", "it's", 'the "q"')),
    "names of Markdown": Damage(names("click", "![](http://x.y/z.png)", "**bold**", "[a](b)")),
    "names of HTML": Damage(names("click", "<script>alert(1)</script>", "<b>b</b>", "&amp")),
    "names that are patterns": Damage(names("click", "^.*$", "*", "^^$")),
    "names from right to left": Damage(names("click", "מדינה", "\u202egnp.exe", "عمر")),
    "names of emoji": Damage(names("click", "😀", "👩‍👩‍👧", "🇩🇪")),
    "a name of a million letters": Damage(names("click", "n" * 10**6, "b", "c")),
    # Values
    "thousands separators": Damage(cells(_with(2, "1 234.5"))),
    "thousands separators with dots": Damage(cells(_with(2, "1.234,5".replace(",", "'")))),
    "infinities": Damage(
        cells(lambda i, row: [*row[:2], ("inf", "-Infinity", "1e999")[i % 3], *row[3:]] if i else row)
    ),
    "labels missing in some rows": Damage(cells(_with(0, ""))),
    "labels that are question marks": Damage(cells(_with(0, " ? "))),
    "a column of nothing": Damage(cells(lambda i, row: [*row[:3], ""] if i else row)),
    "a cell of a million letters": Damage(at(9)(lambda line, sep: "x" * 10**6 + sep + line.split(sep, 1)[1])),
    "spaces around all cells": Damage(cells(lambda _, row: [f"  {cell} \u00a0" for cell in row])),
    "values of HTML": Damage(cells(_with(1, "<img src=x onerror=alert(1)>"))),
    "formulas": Damage(cells(_with(1, '=HYPERLINK("http://x.y")'.replace('"', "'")))),
    # Too little
    "only a header": Damage(lambda rows, separator: text(rows[:1], separator), refusal="no rows"),
    "only one row": Damage(lambda rows, separator: text(rows[:2], separator), refusal="1 row"),
    "only one column": Damage(lambda rows, separator: text([row[:1] for row in rows], separator), refusal="one column"),
    "only line ends": Damage(lambda _rows, _separator: b"\n\r\n\n", refusal="is empty"),
    "a web page": Damage(lambda rows, sep: b"<html><table>" + text(rows, sep), refusal="is a web page"),
    "JSON": Damage(lambda rows, sep: b'{"rows": "' + text(rows, sep) + b'"}', refusal="is a JSON file"),
    "an XML file": Damage(lambda rows, sep: b"<?xml version='1.0'?>" + text(rows, sep), refusal="is an XML file"),
}


def damaged_texts(name: str) -> Iterator[tuple[str, bytes]]:
    """Each base table with each separator under the damage of that name."""
    for base, rows in BASES.items():
        for separator in SEPARATORS:
            yield f"{name}, {base}, {separator!r}", TEXTS[name].make(rows, separator)
