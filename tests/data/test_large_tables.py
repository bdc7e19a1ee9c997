"""A table of two gigabytes on a machine that has four."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import REPOSITORY

GIGABYTE = 2**30
# Rows that repeat, so that the file is small and quickly made; to the reader they are as any others.
ROWS = "".join(f"{i % 2},user {i % 977},{'Bonn am Rhein ' * 40},{i}.5\n" for i in range(15_000)).encode()
READER = """
import re, resource, sys
from pathlib import Path
resource.setrlimit(resource.RLIMIT_AS, (4 * 2**30, 4 * 2**30))
from ctr_app.data.reading import read_table
table = read_table(Path(sys.argv[1]))
last = table.frame.slice(table.frame.height - 1, 1).row(0)
print(table.frame.height, table.frame.columns, table.notes, last[1], last[3], sep="|")
print(int(re.search("VmHWM:\\\\s*(\\\\d+)", Path("/proc/self/status").read_text())[1]) // 1024)
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read where Linux tells it")
def test_two_gigabytes_of_text_are_read_within_four_of_address_space_and_little_memory(tmp_path):
    copies = 2 * GIGABYTE // len(ROWS) + 1
    with (tmp_path / "clicks.csv.gz").open("wb") as file:
        file.write(gzip.compress(b"click,user,city,price\n"))
        packed = gzip.compress(ROWS, 1)
        for _ in range(copies):
            file.write(packed)
    command = [sys.executable, "-c", READER, str(tmp_path / "clicks.csv.gz")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, check=True)
    said, megabytes = done.stdout.splitlines()
    assert said == f"{copies * 15_000}|['click', 'user', 'city', 'price']|()|user {14_999 % 977}|14999.5"
    assert int(megabytes) < 600
