"""The flags that say how a text table is written, where its reader guesses wrong."""

from __future__ import annotations

import argparse
from pathlib import Path

from ..data.reading import ReadOptions, Table, read_table
from .output import tell


def add_reading_flags(command: argparse.ArgumentParser) -> None:
    """Give a command that reads files the flags for it."""
    flags = command.add_argument_group("how a text table is written, where that is guessed wrong")
    flags.add_argument("--delimiter", metavar="SIGNS", help=r"between cells, such as ';', '\t', '::' or space")
    flags.add_argument("--header", choices=("yes", "no"), help="whether the first line holds names")
    flags.add_argument("--encoding", metavar="NAME", help="such as utf-8, utf-16, cp1252, gb18030")
    flags.add_argument("--quotes", choices=("yes", "no"), help="whether quotation marks hold a cell together")


def read_options(options: argparse.Namespace) -> ReadOptions:
    """What these flags say; what was not given is guessed."""
    yes = {"yes": True, "no": False, None: None}
    return ReadOptions(options.delimiter, yes[options.header], options.encoding, yes[options.quotes])


def read_file(path: Path, options: argparse.Namespace) -> Table:
    """The table in a file; rows that are not as the others are told of."""
    table = read_table(path, options=read_options(options))
    for note in table.notes:
        tell(f"{table.name}: {note}")
    return table
