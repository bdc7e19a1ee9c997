"""A table that is larger than the memory that encoding it takes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from tests.paths import REPOSITORY

ROWS, COLUMNS = 400_000, 80
# In memory a text takes 16 bytes at least, so the table would take twice as much.
MOST_BYTES = ROWS * COLUMNS * 16 // 2
CHILD = """
import sys
from pathlib import Path
from ctr_app.data.dataset import DataSet, Preparation
from ctr_app.data.schema import Column, Role, Schema

def resident(name):
    line = next(line for line in open("/proc/self/status") if line.startswith(name))
    return 1024 * int(line.split()[1])

folder = Path(sys.argv[1])
names = DataSet(folder, "id", "name", "", "", 0, 0.0, None).frame.columns
schema = Schema(tuple(Column(n, Role.LABEL if n == "click" else Role.CATEGORICAL) for n in names), "1")
dataset = DataSet(folder, "id", "name", "", "", 0, 0.0, Preparation(schema))
before = resident("VmRSS")
rows = sum(len(dataset.encoded().rows(split)) for split in ("train", "valid", "test"))
print(rows, resident("VmHWM") - before)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is known on Linux only")
def test_a_table_is_encoded_in_much_less_memory_than_it_has_cells(tmp_path):
    texts = pl.Series([f"{i * 2_654_435_761 % 5_000:09d}" for i in range(ROWS)])
    columns = {"click": pl.Series([str(i % 2) for i in range(ROWS)])} | {f"C{i}": texts for i in range(COLUMNS)}
    pl.DataFrame(columns).write_parquet(tmp_path / "table.parquet", row_group_size=100_000)
    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path)], cwd=REPOSITORY, stdout=subprocess.PIPE, check=True, text=True
    )
    rows, grown = map(int, child.stdout.split())
    assert rows == ROWS
    print(grown >> 20)
    assert grown < MOST_BYTES
