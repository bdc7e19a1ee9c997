"""A made-up table read and encoded, so that the first real one does not wait for loops to be compiled."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import polars as pl

from .coded import CodedTable, write_coded
from .coding import cells_of_text
from .filling import SIDE_BY_SIDE, InMemory
from .side_by_side import join

ROWS = 100


def warm_up() -> None:
    """Compile all of ``loops``, or load what an earlier process compiled."""
    text = "".join(f"{row},a long text\n" for row in range(ROWS)).encode()
    cells = cells_of_text(text, ",", 2, "number")
    assert cells is not None
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table"
        write_coded(path, ["number", "text"], [cells, pl.DataFrame({"number": ["1"], "text": ["b"]})])
        table, rows = CodedTable(path), {"train": np.arange(ROWS)}
        table.counts("number", rows["train"])
        for name, (_, dtype) in SIDE_BY_SIDE.items():
            join(table, rows, {"train": InMemory()}, name, [("number", np.zeros(ROWS + 1, dtype))], dtype)
