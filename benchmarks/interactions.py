"""Are interactions measured and drawn quickly enough? Times both and keeps the table.

    python benchmarks/interactions.py [--quick] [--repeats N]

Measured: the swap measure of all 741 pairs of 39 fields (13 numeric, 26 categorical with 5,000 values each), which does
not depend on whether the model is trained. Drawn: a server is started on folders of its own that hold a run of DCN-V2
with 39 fields and one with a W of 1,000 x 1,000, and a real Chromium presses the switch that shows them. The clock runs
from the press until the picture stands in the page, so the server's rerun and the transfer are in it. The first drawing
of each is left out: it builds what later ones find ready.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import numpy as np
import polars as pl
import torch
from acceptance import RESULTS, machine, with_section
from peers.tables import markdown
from playwright.sync_api import Page, sync_playwright
from quality_numbers import marked, wrapped
from torch import nn

from ctr_app.data.batch import Batch, FieldLayout
from ctr_app.data.reading import read_table
from ctr_app.data.schema import Column, Role, Schema
from ctr_app.data.store import DatasetStore, Preparation
from ctr_app.explain.behaviour import by_behaviour
from ctr_app.models.registry import resolve
from ctr_app.training.driver import train_run
from ctr_app.training.launch import new_run
from ctr_app.training.run_store import Run, RunStore
from pages import server

HEADING = "Interactions: drawing and measuring"
NUMBERS, CATEGORIES, VALUES, SWAPS = 13, 26, 5000, 512
MOST_SECONDS = {"swap": 10.0, "map": 1.0, "w": 2.0}
WIDE_FIELDS, EMBEDDING_DIM = 125, 8  # a W of 1,000 x 1,000
PATIENCE_MS = 120_000
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
NOTES = """\
Swap measure of 741 pairs of 39 fields over {swaps} pairs of rows, DCN-V2 and FM at their default settings: wall seconds
and CPU seconds, medians of {repeats}. Drawing in Chromium, from the press of a switch until the picture stands in the
page: median and longest of {presses}. The load of the machine, averaged over a minute before each part, is told, since
other work on it lengthens wall time. Above target in bold."""
# Presses a button and resolves with the milliseconds until the selector finds so many marks and two frames have passed.
PRESS = """async ([button, selector, least]) => {
  const began = performance.now();
  document.querySelector(button).click();
  const frame = () => new Promise(done => requestAnimationFrame(done));
  while (document.querySelectorAll(selector).length < least) {
    if (performance.now() - began > 60000) return -1;
    await frame();
  }
  for (const image of document.querySelectorAll(selector)) {
    const url = image.getAttribute('href') || image.getAttribute('xlink:href') || '';
    if (url.startsWith('data:')) {
      const loaded = new Image();
      loaded.src = url;
      await loaded.decode().catch(() => null);
    }
  }
  await frame(); await frame();
  return performance.now() - began;
}"""


@dataclass(frozen=True)
class Line:
    """One line of the table: what was timed, in which way, in seconds, with the target for the first of them."""

    what: str
    how: str
    seconds: float
    other: str
    target: float
    load: float

    def cells(self) -> list[str]:
        """The line as a row."""
        shown = marked(f"{self.seconds:.2f} s", self.seconds < self.target)
        return [self.what, self.how, shown, self.other, f"< {self.target:g} s", f"{self.load:.1f}"]


def swaps(repeats: int) -> Iterator[Line]:
    """The swap measure by number of threads and model."""
    names = [f"n{i}" for i in range(NUMBERS)], [f"c{i}" for i in range(CATEGORIES)]
    layout = FieldLayout(tuple(names[0]), tuple(names[1]), (), dict.fromkeys(names[1], VALUES + 3))
    drawn, rows = torch.Generator().manual_seed(0), 2 * SWAPS
    ids = torch.randint(3, VALUES + 3, (rows, CATEGORIES), generator=drawn).int()
    batch = Batch(torch.randn(rows, NUMBERS, generator=drawn), ids, {}, torch.zeros(rows))
    for title, name in (("DCN-V2", "dcn-v2"), ("FM", "fm")):
        family, implied = resolve(name)
        model = family.build(layout, family.config.from_mapping(implied)).eval().requires_grad_(False)
        by_behaviour(model, layout, batch, 8)  # compiles what is compiled
        for threads in (1, 2):
            torch.set_num_threads(threads)
            load = os.getloadavg()[0]
            walls, cpus = zip(*(_timed(model, layout, batch) for _ in range(repeats)), strict=True)
            cpu = f"{statistics.median(cpus):.2f} s of CPU"
            how = f"{threads} thread{'s' if threads > 1 else ''}"
            yield Line(f"741 pairs by swap, {title}", how, statistics.median(walls), cpu, MOST_SECONDS["swap"], load)


def _timed(model: nn.Module, layout: FieldLayout, batch: Batch) -> tuple[float, float]:
    """Wall and CPU seconds of one measurement."""
    wall, cpu = time.perf_counter(), time.process_time()
    by_behaviour(model, layout, batch, SWAPS)
    return time.perf_counter() - wall, time.process_time() - cpu


def trained(folder: Path, num_fields: int, rows: int) -> Run:
    """A run of DCN-V2 on random categories, for one epoch."""
    generator = np.random.default_rng(num_fields)
    fields = {f"field {i}": generator.integers(0, 40, rows).astype(str) for i in range(num_fields)}
    frame = pl.DataFrame({"click": generator.integers(0, 2, rows), **fields})
    content = io.BytesIO()
    frame.write_parquet(content)
    table = read_table(content.getvalue(), f"{num_fields} fields.parquet")
    columns = [Column("click", Role.LABEL), *(Column(name, Role.CATEGORICAL) for name in fields)]
    dataset = DatasetStore(folder / "data").add_table({"train": table}, Preparation(Schema(tuple(columns), "1")))
    run = new_run(
        RunStore(folder / "runs"), dataset, "dcn", {"cross": "matrix", "embedding_dim": EMBEDDING_DIM, "epochs": 1}
    )
    train_run(run, DatasetStore(folder / "data"))
    return run


def drawings(folder: Path, presses: int) -> Iterator[Line]:
    """The map of 39 fields, and W of 1,000 x 1,000, in Chromium."""
    runs = trained(folder, NUMBERS + CATEGORIES, 4000), trained(folder, WIDE_FIELDS, 2000)
    with server(folder) as running, chromium() as page:
        few, wide = (run.id for run in runs)
        page.goto(f"{running.url}/interactions?run={few}")
        maps = [
            (f"interactions-readout-dcn-v2 button:nth-of-type({place})", f"interactions-map-{few}-{name}", 39 * 38)
            for place, name in ((1, "weights"), (2, "behaviour"))
        ]
        yield _line("Heatmap of 39 × 39", page, maps, 1, presses, MOST_SECONDS["map"])
        page.goto(f"{running.url}/interactions?run={wide}")
        page.locator(".st-key-interactions-section-dcn-v2").get_by_text("Cross layers").click(timeout=PATIENCE_MS)
        kinds = [
            ("interactions-layer-kind button:nth-of-type(1)", f"interactions-w-{wide}-0", 1),
            ("interactions-layer-kind button:nth-of-type(4)", "interactions-layer-kind", 0),
        ]
        yield _line("W of 1,000 × 1,000", page, kinds, 0, presses, MOST_SECONDS["w"])


def _line(
    what: str, page: Page, switches: Sequence[tuple[str, str, int]], timed: int, presses: int, target: float
) -> Line:
    """Presses two switches in turn and times the one that shows the picture."""
    load, found = os.getloadavg()[0], []
    page.wait_for_selector(f".st-key-{switches[0][0]}", timeout=PATIENCE_MS)
    page.wait_for_timeout(3000)
    for number in range(presses + 1):
        for place in (1 - timed, timed):
            button, key, least = switches[place]
            marks = f".st-key-{key} svg :is(.role-mark path, image)"
            milliseconds = page.evaluate(PRESS, [f".st-key-{button}", marks, least])
            page.wait_for_timeout(800)
            if place == timed and number:
                found.append(milliseconds / 1000)
    if min(found) < 0:
        sys.exit(f"{what} was not drawn.")
    return Line(what, "Chromium", statistics.median(found), f"longest {max(found):.2f} s", target, load)


@contextmanager
def chromium() -> Iterator[Page]:
    found = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if found is None:
        sys.exit("Drawing is timed in a real browser, and none is installed: chromium or google-chrome.")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=CHROMIUM)
        yield browser.new_page(viewport={"width": 1280, "height": 900})
        browser.close()


def section(lines: Sequence[Line], repeats: int, presses: int, seconds: float) -> str:
    """The whole section of RESULTS.md."""
    header = ["", "", "time", "", "target", "load"]
    notes = wrapped(NOTES.format(swaps=SWAPS, repeats=repeats, presses=presses))
    table = markdown(header, [line.cells() for line in lines])
    ending = f"`python benchmarks/interactions.py`, {seconds:.0f} s."
    return "\n\n".join([f"## {HEADING}", machine(), notes, table, ending]) + "\n"


def main() -> None:
    """Measure, print, and keep the section."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="once each; RESULTS.md is left alone")
    parser.add_argument(
        "--repeats", type=int, default=3, help="measurements of swaps (default: 3); presses are twice that"
    )
    options, started = parser.parse_args(), time.perf_counter()
    repeats = 1 if options.quick else options.repeats
    presses = 2 * repeats + 1
    with tempfile.TemporaryDirectory() as name:
        lines = []
        for line in chain(drawings(Path(name), presses), swaps(repeats)):
            print(*line.cells(), sep="  ", file=sys.stderr, flush=True)
            lines.append(line)
    text = section(lines, repeats, presses, time.perf_counter() - started)
    print(text)
    if not options.quick:
        RESULTS.write_text(with_section(RESULTS.read_text() if RESULTS.exists() else "# Results\n\n", text))


if __name__ == "__main__":
    main()
