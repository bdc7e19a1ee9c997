"""From a file to encoded arrays, how fast and in how much memory? Prints one table and keeps it.

    python benchmarks/tables.py [--quick]

Criteo-shaped rows made by code: a label, 13 numeric columns with gaps, 26 columns of hashed values by Zipf's law.
Every figure is measured in a process of its own; what is imported or compiled is there before its clock starts. The
table replaces its section of RESULTS.md beside this file.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from acceptance import REPOSITORY, RESULTS, machine, with_section
from browser_tab import open_tab
from peers.tables import markdown
from quality_numbers import marked, wrapped
from table_parts import Cost, write_file

from ctr_app.data.store import DatasetStore
from pages import server

HEADING = "Tables: reading, encoding, opening"
ROWS, LARGE_BYTES, LARGE_LIMIT = 1_000_000, 2 * 2**30, 4 * 2**30
PAIRS, RERUNS = 5, 20
LEAST_TIMES, MOST_SHARE, MOST_SECONDS = 8.0, 0.5, 0.5
NOTES = """\
The usual way is pandas' read_csv, a LabelEncoder for each categorical column, one QuantileTransformer and one array
saved, on all rows; ours fits on the training rows, keeps the table as well, and counts the file's hash. Both in turn,
{pairs} times; medians. Wall seconds are of {cores}, CPU seconds of all cores together. Memory is the highest beyond
interpreter and libraries, arrays mapped from disk included. The large file is read and encoded in {limit:g} GB of
address space, libraries included. Pages are run again as a click does it, the middle one of {reruns} (the stored table
on a real server, the draft in Streamlit's AppTest). Below target in bold."""


@dataclass(frozen=True)
class Findings:
    """What was measured; ``large`` is None where the large file was left out."""

    rows: int
    ours: Cost
    usual: Cost
    opening: Cost
    stored_page: float
    draft_page: Cost
    large: tuple[int, int, Cost] | None


def part(name: str, file: Path, folder: Path, *options: str) -> Cost:
    """One part of table_parts.py in a process of its own."""
    folder.mkdir(exist_ok=True)
    script = str(Path(__file__).with_name("table_parts.py"))
    command = [sys.executable, script, name, str(file), str(folder), *options]
    done = subprocess.run(command, stdout=subprocess.PIPE, cwd=REPOSITORY, check=True)
    return Cost(**json.loads(done.stdout.splitlines()[-1]))


def stored_page(folder: Path) -> float:
    """Seconds of one more run of the Data page on the newest data set in ``folder``."""
    dataset = DatasetStore(folder / "data").list()[0]
    with server(folder) as running, open_tab(running.url, "data") as tab:
        box = tab.first.widget("data-stored")
        shown = next(option for option in tab.first.options[box] if option.startswith(dataset.name))
        tab.set(box, string_value=shown)
        return statistics.median(tab.rerun().seconds for _ in range(RERUNS))


def large_file(folder: Path) -> tuple[int, int, Cost]:
    """The size and the rows of a large file, and what it cost in little memory."""
    file = folder / "large.tsv"
    rows = write_file(file, size=LARGE_BYTES)
    try:
        return file.stat().st_size, rows, part("ours", file, folder / "large", f"--most-memory={LARGE_LIMIT}")
    finally:
        file.unlink()


def in_turn(file: Path, data: Path, usual: Path) -> tuple[Cost, Cost]:
    """Our way and then the usual one, each with nothing there before."""
    for folder in (data, usual):
        shutil.rmtree(folder, ignore_errors=True)
    costs = part("ours", file, data), part("usual", file, usual)
    print(*(f"{cost.wall:.2f} s ({cost.cpu:.2f} s CPU)" for cost in costs), file=sys.stderr, flush=True)
    return costs


def middle(costs: Sequence[Cost]) -> Cost:
    """The median of each figure; no memory where it was not told."""
    told = [cost.megabytes for cost in costs if cost.megabytes is not None]
    wall, cpu = statistics.median(cost.wall for cost in costs), statistics.median(cost.cpu for cost in costs)
    return Cost(wall, cpu, statistics.median(told) if told else None)


def measure(folder: Path, rows: int, with_large: bool) -> Findings:
    """Everything, one after the other."""
    file, data = folder / "clicks.tsv", folder / "data"
    write_file(file, rows)
    pairs = [in_turn(file, data, folder / "usual") for _ in range(PAIRS)]
    return Findings(
        rows,
        *(middle(costs) for costs in zip(*pairs, strict=True)),
        part("opening", file, data),
        stored_page(folder),
        part("draft", file, folder / "draft"),
        large_file(folder) if with_large else None,
    )


def table(found: Findings) -> str:
    """One row for each figure with its target."""
    times = found.usual.wall / found.ours.wall
    share = found.ours.megabytes / found.usual.megabytes if found.ours.megabytes and found.usual.megabytes else None
    lines = [
        ["from TSV to arrays, the usual way", _cost(found.usual), "", ""],
        ["from TSV to arrays, ours", _cost(found.ours), "", ""],
        ["so many times as fast, by the clock", f"{times:.1f}×", f"≥ {LEAST_TIMES:g}×", times >= LEAST_TIMES],
        ["so many times as fast, by CPU", f"{found.usual.cpu / found.ours.cpu:.1f}×", "", ""],
        ["share of its peak memory", f"{share:.2f}" if share else "?", f"≤ {MOST_SHARE}", bool(share) and share <= 0.5],
        ["opening what is stored", _cost(found.opening), f"< {MOST_SECONDS} s", found.opening.wall < MOST_SECONDS],
        _page("Data page of the stored table, run again", found.stored_page),
        _page("Data page of its draft, run again", found.draft_page.wall),
    ]
    if found.large:
        size, rows, cost = found.large
        told = f"a file of {size / 2**30:.1f} GB, {rows:,} rows, on {LARGE_LIMIT / 2**30:g} GB"
        lines.append([told, _cost(cost), "passes", True])
    return markdown(["what", "measured", "target", "met"], [_line(line) for line in lines])


def _page(title: str, seconds: float) -> list[object]:
    return [title, f"{1000 * seconds:.0f} ms", f"< {MOST_SECONDS} s", seconds < MOST_SECONDS]


def _cost(cost: Cost) -> str:
    memory = "" if cost.megabytes is None else f", {cost.megabytes:.0f} MB"
    return f"{cost.wall:.2f} s ({cost.cpu:.2f} s CPU{memory})"


def _line(cells: Sequence[object]) -> list[str]:
    what, measured, target, met = cells
    if met == "":
        return [str(what), str(measured), "", ""]
    return [str(what), marked(str(measured), bool(met)), str(target), "yes" if met else "no"]


def section(found: Findings, seconds: float) -> str:
    """The whole section of RESULTS.md."""
    told = NOTES.format(cores="the machine", pairs=PAIRS, limit=LARGE_LIMIT / 2**30, reruns=RERUNS)
    title = f"{found.rows:,} rows × 40 columns."
    ending = f"`python benchmarks/tables.py`, {seconds:.0f} s."
    return "\n\n".join([f"## {HEADING}", machine(), wrapped(f"{title} {told}"), table(found), ending]) + "\n"


def main() -> None:
    """Measure, print, and keep the section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="50,000 rows, no large file; RESULTS.md is left alone")
    options, started = parser.parse_args(), time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        found = measure(Path(name), 50_000 if options.quick else ROWS, with_large=not options.quick)
    text = section(found, time.perf_counter() - started)
    print(text)
    if not options.quick:
        RESULTS.write_text(with_section(RESULTS.read_text() if RESULTS.exists() else "# Results\n\n", text))


if __name__ == "__main__":
    main()
