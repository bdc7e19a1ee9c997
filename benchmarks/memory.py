"""How much memory does training on a million rows take? Prints one table and keeps it.

    python benchmarks/memory.py [--rows N] [--models fm,...]

Criteo-shaped rows, 13 numeric and 26 categorical fields, as in speed.py; peak of the whole process in two epochs,
beyond what interpreter and libraries take before. The table replaces its section of RESULTS.md beside this file.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from acceptance import RESULTS, machine, with_section
from peers import tables
from peers.pool import Worker
from peers.recipes import RECIPES, Job, Measurement
from peers.rows import make_clicks, write_table
from speed import one_of

HEADING = "Memory for a million rows"
MOST_MEGABYTES = 600.0
ROWS = 1_000_000


def measure(models: list[str], rows: int, folder: Path) -> dict[str, Measurement]:
    """One training of each model, each in a process of its own; what is compiled is there before."""
    table = str(write_table(make_clicks(rows), folder / "clicks"))
    few = str(write_table(make_clicks(5_000), folder / "few"))
    found = {}
    for model in models:
        worker = Worker("ours", sys.executable, folder / f"{model}.log")
        try:
            worker.measure(Job(model, few, seed=0))
            found[model] = worker.measure(Job(model, table, seed=0))
        finally:
            worker.close()
    return found


def section(found: dict[str, Measurement], rows: int) -> str:
    """The whole section of RESULTS.md."""
    header = ["model", "parameters", "peak memory", "target", "met"]
    lines = []
    for model, measured in found.items():
        peak = measured.megabytes
        said = "not known here" if peak is None else f"{peak:.0f} MB"
        is_met = peak is not None and peak < MOST_MEGABYTES
        parameters = f"{measured.parameters:,}"
        lines.append([RECIPES[model].title, parameters, said, f"< {MOST_MEGABYTES:.0f} MB", "yes" if is_met else "no"])
    told = f"{rows:,} rows, four fifths to train on, beyond interpreter and libraries. `python benchmarks/memory.py`."
    return "\n\n".join([f"## {HEADING}", machine(), tables.markdown(header, lines), told]) + "\n"


def main() -> None:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    clicks = [name for name, recipe in RECIPES.items() if recipe.table == "clicks"]
    parser.add_argument("--rows", type=int, default=ROWS, metavar="N")
    parser.add_argument("--models", type=one_of(clicks), default=["fm", "dcn-v2"], metavar="NAMES")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        text = section(measure(options.models, options.rows, Path(name)), options.rows)
    print(text)
    if options.rows == ROWS:
        RESULTS.write_text(with_section(RESULTS.read_text() if RESULTS.exists() else "# Results\n\n", text))


if __name__ == "__main__":
    main()
