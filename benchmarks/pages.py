"""Do pages stay quick while a model trains? Times reruns on a real server and keeps the table.

    python benchmarks/pages.py [--quick] [--pages Attention,Data]

A server is started on folders of its own that hold a planted table and finished runs. Each page is opened in a tab of
its own and run again and again, as a click does it, first while nothing else happens, then while the server trains
DCN-V2 on that table, begun on the Train page. The clock runs from the request until the last that the page draws has
come over the websocket; drawing it in the browser is not in it. The server's CPU time for a rerun hardly depends on
what else the machine does, where the clock's time does.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from acceptance import REPOSITORY, machine, publish
from browser_tab import Drawn, Tab, open_tab
from peers.tables import markdown
from quality_numbers import marked, wrapped

from ctr_app.data.store import DatasetStore
from ctr_app.training.driver import train_run
from ctr_app.training.launch import new_run
from ctr_app.training.run_store import Run, RunStore

HEADING = "Pages while a model trains"
MOST_SECONDS = 0.3
ROWS, RERUNS, OPENINGS = 200_000, 40, 5
HISTORY_ROWS = 20_000
PAUSES = (0.1, 0.4)  # seconds between two reruns, drawn evenly
START_SECONDS = 120.0
LONG = {"epochs": 10_000, "patience": 1_000}
NOTES = """\
The server and its training share {cores} cores. Milliseconds from a click until everything that the page draws has come
over the websocket, without the drawing in the browser; {reruns} reruns of each page, with pauses of {low:g} to {high:g}
s, the pages in turn. CPU is what the server computes for one rerun, the mean in peace. Opening is the first run in a
new tab, the middle one of {openings}. Table: {rows:,} planted clicks; each finished run is of one epoch. Above target
in bold."""


@dataclass(frozen=True)
class Page:
    """A page as it is measured: its title in the table, its path, and whose run its address names.

    With ``choice``, how the key of a selectbox begins, each rerun chooses another of its options.
    """

    title: str
    path: str
    run: str = ""
    is_fragment: bool = False
    choice: str = ""


PAGES = (
    Page("Home", ""),
    Page("Data", "data"),
    Page("Train, before pressing", "train"),
    Page("Train, watching the run", "train", "long"),
    Page("Train, its live part", "train", "long", is_fragment=True),
    Page("Interactions, FM", "interactions", "fm"),
    Page("Interactions, DCN-V2", "interactions", "dcn-v2"),
    Page("Attention, DIN", "attention", "din"),
    Page("Attention, another candidate", "attention", "din", choice="attention-candidate"),
    Page("Predictions, FM", "predictions", "fm"),
    Page("Runs", "runs"),
)
Times = dict[str, list[float]]  # seconds by the page's title


@dataclass
class Findings:
    """What was measured, in seconds by page: reruns in peace, reruns and openings while a model trains, CPU time."""

    quiet: Times
    busy: Times
    opened: Times
    cpu: Times = field(default_factory=dict)
    rows_per_second: float = 0.0


def prepare(folder: Path, rows: int) -> dict[str, Run]:
    """Data sets and finished runs as the server will find them, by the model's name."""
    datasets, runs = DatasetStore(folder / "data"), RunStore(folder / "runs")
    clicks = datasets.add_sample("planted-clicks", rows=rows)
    histories = datasets.add_sample("planted-histories", rows=min(rows, HISTORY_ROWS))
    finished = {}
    for name, family, settings in (("fm", "fm", {}), ("dcn-v2", "dcn", {"cross": "matrix"}), ("din", "din", {})):
        run = new_run(runs, histories if family == "din" else clicks, family, {**settings, "epochs": 1})
        train_run(run, datasets)
        finished[name] = run
    return finished


@dataclass(frozen=True)
class Server:
    """A server that runs: its address, and its process."""

    url: str
    pid: int

    def cpu_seconds(self) -> float:
        """The CPU time that it has had; nan where the system does not tell."""
        try:
            times = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()[11:13]
        except OSError:
            return math.nan
        return sum(map(int, times)) / os.sysconf("SC_CLK_TCK")


@contextmanager
def server(folder: Path) -> Iterator[Server]:
    """``streamlit run app.py`` on the data and runs in ``folder``, until the block ends."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    folders = {"CTR_LENS_DATA": str(folder / "data"), "CTR_LENS_RUNS": str(folder / "runs")}
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "streamlit", "run", "app.py", "--server.port", str(port)],
            cwd=REPOSITORY,
            env=os.environ | folders,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _wait_for(url, process, folder / "server.log")
        yield Server(url, process.pid)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            process.kill()


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    give_up = time.monotonic() + START_SECONDS
    while process.poll() is None and time.monotonic() < give_up:
        try:
            with urllib.request.urlopen(f"{url}/_stcore/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.2)
    sys.exit(f"The server did not start:\n{log.read_text(errors='replace')}")


def begin_training(url: str, folder: Path, dataset_id: str) -> Run:
    """Train DCN for as long as the settings allow, by the Train page; returns its run once its first steps are done."""
    store = RunStore(folder / "runs")
    before = {run.id for run in store.list()}
    with open_tab(url, "train") as tab:
        box = tab.first.widget("train-dataset")
        usable = [dataset.id for dataset in DatasetStore(folder / "data").list() if dataset.preparation]
        tab.set(box, string_value=tab.first.options[box][usable.index(dataset_id)])
        drawn = tab.set(tab.first.widget("train-family"), string_array_value=["DCN"])
        for name, value in LONG.items():
            drawn = tab.set(drawn.widget(f"train-dcn-{name}"), double_value=float(value))
        tab.press(drawn.widget("train-start"))
    run = next(run for run in store.list() if run.id not in before)
    if run.spec().dataset_id != dataset_id:
        sys.exit(f"The Train page trains on {run.spec().dataset_id}, not on {dataset_id}.")
    while not any(event["kind"] == "steps" for event in run.history()):
        time.sleep(0.1)
    return run


def opened(url: str, page: Page, runs: Mapping[str, Run]) -> AbstractContextManager[Tab]:
    """The page in a new tab."""
    return open_tab(url, page.path, f"run={runs[page.run].id}" if page.run else "")


def reruns(running: Server, pages: Sequence[Page], runs: Mapping[str, Run], count: int) -> tuple[Times, Times]:
    """Seconds and CPU seconds of ``count`` reruns of each page, the pages in turn."""
    pause = random.Random(0)
    seconds, cpu = ({page.title: list[float]() for page in pages} for _ in range(2))
    with ExitStack() as stack:
        tabs = {page.title: stack.enter_context(opened(running.url, page, runs)) for page in pages}
        for number in range(count):
            for page in pages:
                time.sleep(pause.uniform(*PAUSES))
                before = running.cpu_seconds()
                seconds[page.title].append(_again(tabs[page.title], page, number).seconds)
                cpu[page.title].append(running.cpu_seconds() - before)
    return seconds, cpu


def _again(tab: Tab, page: Page, number: int) -> Drawn:
    if page.choice:
        box = next(id for id in tab.first.options if page.choice in id)
        options = tab.first.options[box]
        return tab.set(box, string_value=options[(number + 1) % len(options)])
    return tab.rerun(tab.first.fragments[0]) if page.is_fragment else tab.rerun()


def openings(url: str, pages: Sequence[Page], runs: Mapping[str, Run], count: int) -> Times:
    """Seconds of the first run of each page in ``count`` new tabs."""
    found = {page.title: list[float]() for page in pages if not page.is_fragment}
    for _ in range(count):
        for page in pages:
            if not page.is_fragment:
                with opened(url, page, runs) as tab:
                    found[page.title].append(tab.first.seconds)
    return found


def measure(folder: Path, rows: int, count: int, pages: Sequence[Page] = PAGES) -> Findings:
    """Everything, on a server of its own."""
    runs = prepare(folder, rows)
    with server(folder) as running:
        still = [page for page in pages if page.run != "long"]
        reruns(running, still, runs, 2)
        quiet, cpu = reruns(running, still, runs, count)
        runs["long"] = begin_training(running.url, folder, runs["fm"].spec().dataset_id)
        opening = openings(running.url, pages, runs, OPENINGS)
        busy, _ = reruns(running, pages, runs, count)
        state, history = runs["long"].status().state, runs["long"].history()
        runs["long"].ask_to_stop()
    if state != "running":
        sys.exit(f"The training was {state} before the pages were measured.")
    last = next(event for event in reversed(history) if event["kind"] == "steps")
    return Findings(quiet, busy, opening, cpu, last["rows"] / last["seconds"])


def percentile(values: Sequence[float], share: float) -> float:
    """The value that ``share`` of them do not exceed."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def table(found: Findings) -> str:
    """One row for each page, in milliseconds."""
    busy = ["while training, p50", f"p95 (< {MOST_SECONDS * 1000:.0f} ms)"]
    return markdown(["", "CPU", "in peace, p50", "p95", *busy, "opening"], [_row(title, found) for title in found.busy])


def _row(title: str, found: Findings) -> list[str]:
    quiet, busy, opening, cpu = found.quiet.get(title), found.busy[title], found.opened.get(title), found.cpu.get(title)
    cells = [_milliseconds(quiet, 0.5), _milliseconds(quiet, 0.95), _milliseconds(busy, 0.5)]
    met = percentile(busy, 0.95) < MOST_SECONDS
    first = f"{1000 * statistics.mean(cpu):.0f}" if cpu and not math.isnan(cpu[0]) else "–"
    last = f"{1000 * statistics.median(opening):.0f}" if opening else "–"
    return [title, first, *cells, marked(_milliseconds(busy, 0.95), met), last]


def _milliseconds(values: Sequence[float] | None, share: float) -> str:
    return f"{1000 * percentile(values, share):.0f}" if values else "–"


def section(found: Findings, rows: int, count: int, seconds: float) -> str:
    """The whole section of RESULTS.md."""
    low, high = PAUSES
    told = {"reruns": count, "low": low, "high": high, "openings": OPENINGS, "rows": rows, "cores": os.cpu_count()}
    speed = f"DCN-V2 trained at {found.rows_per_second:,.0f} rows/s meanwhile."
    ending = f"`python benchmarks/pages.py`, {seconds:.0f} s."
    return "\n\n".join([f"## {HEADING}", machine(), wrapped(NOTES.format(**told)), table(found), speed, ending]) + "\n"


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="8 reruns and 20,000 rows; RESULTS.md is left alone")
    parser.add_argument("--pages", default="", metavar="A,B", help="those that begin so; RESULTS.md is left alone")
    return parser.parse_args()


def main() -> None:
    """Measure, print, and keep the section."""
    options, started = arguments(), time.perf_counter()
    rows, count = (20_000, 8) if options.quick else (ROWS, RERUNS)
    pages = [page for page in PAGES if page.title.startswith(tuple(options.pages.split(",")))]
    with tempfile.TemporaryDirectory() as name:
        found = measure(Path(name), rows, count, pages)
    text = section(found, rows, count, time.perf_counter() - started)
    publish(text, bool(options.quick or options.pages))


if __name__ == "__main__":
    main()
