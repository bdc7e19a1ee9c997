"""How long is the way from Home to a picture? Presses each of its three buttons in a real browser and keeps the table.

    python benchmarks/tours.py [--quick] [--repeats N]

Each time a server is started on empty folders, as a new user finds it. The clock runs from the press until the picture
stands in the page: making the sample, encoding, training and drawing are in it. The section of RESULTS.md beside this
file is replaced.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from acceptance import machine, publish
from interactions import PATIENCE_MS, chromium
from peers.tables import markdown
from playwright.sync_api import Page
from quality_numbers import marked, wrapped

from pages import server

HEADING = "From Home to a picture"
MOST_SECONDS = 60.0
TOURS = {"fm": ("FM", "interactions"), "dcn": ("DCN-V2", "interactions"), "din": ("DIN", "attention")}
NOTES = """\
Seconds from the press of a button on Home until its picture stands in the page, in Chromium on the same cores, on a
server with empty folders: making the sample, encoding, training with default settings, drawing. Medians of {repeats};
the load of the machine, averaged over a minute before, is the highest of them. Above target in bold."""


def pressed(page: Page, url: str, tour: str) -> float:
    """Seconds from the press of a tour's button until the chart at its end is drawn."""
    page.goto(url)
    button = page.locator(f".st-key-home-tour-{tour} button")
    button.wait_for(timeout=PATIENCE_MS)
    started = time.perf_counter()
    button.click()
    page.wait_for_url(re.compile(rf"/{TOURS[tour][1]}\?run="), timeout=5 * PATIENCE_MS)
    page.locator("[data-testid=stVegaLiteChart] svg .role-mark path").first.wait_for(timeout=PATIENCE_MS)
    return time.perf_counter() - started


def measure(tours: Sequence[str], repeats: int) -> dict[str, list[tuple[float, float]]]:
    """Seconds and the load before of every press, a server of its own for each; the repeats are interleaved."""
    found: dict[str, list[tuple[float, float]]] = {tour: [] for tour in tours}
    for tour in [*tours] * repeats:
        load = os.getloadavg()[0]
        with tempfile.TemporaryDirectory() as name, server(Path(name)) as running, chromium() as page:
            found[tour].append((pressed(page, running.url, tour), load))
        print(f"{tour}: {found[tour][-1][0]:.1f} s", file=sys.stderr, flush=True)
    return found


def section(found: Mapping[str, Sequence[tuple[float, float]]], seconds: float) -> str:
    """The whole section of RESULTS.md."""
    lines = []
    for tour, presses in found.items():
        times = [took for took, _ in presses]
        middle = statistics.median(times)
        load = max(load for _, load in presses)
        cells = [marked(f"{middle:.1f} s", middle < MOST_SECONDS), f"{max(times):.1f} s"]
        lines.append([TOURS[tour][0], *cells, f"< {MOST_SECONDS:.0f} s", f"{load:.1f}"])
    notes = wrapped(NOTES.format(repeats=max(map(len, found.values()))))
    table = markdown(["tour", "median", "longest", "target", "load"], lines)
    return (
        "\n\n".join([f"## {HEADING}", machine(), notes, table, f"`python benchmarks/tours.py`, {seconds:.0f} s."])
        + "\n"
    )


def main() -> None:
    """Measure, print, and keep the section unless it is quick."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="once each; RESULTS.md is left alone")
    parser.add_argument("--repeats", type=int, default=3, metavar="N", help="presses of each button (default: 3)")
    options, started = parser.parse_args(), time.perf_counter()
    found = measure(list(TOURS), 1 if options.quick else options.repeats)
    publish(section(found, time.perf_counter() - started), options.quick)


if __name__ == "__main__":
    main()
