"""How fast does it train, beside the tutorials' loop and three libraries? Prints the tables and keeps them.

    python benchmarks/speed.py [--quick] [--shared DIR] [--models fm,...] [--peers ours,...] [--repeats N] [--rows N]

Every peer trains models of the same sizes on the very same rows, made by code, in an environment of its own; these are
made under ``--cache`` on the first run. One thread each; runs are interleaved; medians are shown. Where all models and
peers take part, the section of RESULTS.md beside this file is replaced. The tutorials' row needs their folder.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from acceptance import RESULTS, machine, with_section
from peers import tables
from peers.environments import DEFAULT_CACHE, NotInstalled, python_of
from peers.pool import PeerFailed, Worker
from peers.recipes import RECIPES, Job, Measurement
from peers.rows import make_clicks, make_histories, write_table

REPOSITORY = Path(__file__).resolve().parents[1]
HEADING = "Training speed"
GROWTH_MODELS, GROWTH_SIZES = ("fm", "dcn-v2"), (10**4, 10**5, 10**6, 10**7)
NOTES = """\
Training loop only, after a warm-up epoch; batch 2048 unless the title says otherwise; one thread, CPU seconds of the
whole process. Clicks: 13 numeric and 26 categorical fields, 419,000 values, embedding 8. Histories: up to 50 of 3,700
items, 6,000 users, embedding 16. Everyone has the tutorials' sizes, and all but us their learning rate; the rest is
each one's own default. The libraries compute no metric in their loops; the tutorials' computes its own in each step.
FM is made of the library's layers where it has none to import (torch-rechub, FuxiCTR; DeepFM without its network for
DeepCTR-Torch), and pairs categorical fields only in DeepCTR-Torch and torch-rechub. FuxiCTR's DCN and DIN are made of
its layers too. DCN is stacked, but parallel in DeepCTR-Torch, which adds a linear part, and for DCN-V1 in torch-rechub.
Below target in bold."""


@dataclass(frozen=True)
class Plan:
    """What is run: rows, repeats (each with its own seed), and the least CPU seconds that a measurement covers."""

    models: Sequence[str]
    peers: Sequence[str]
    rows: int
    repeats: int
    seconds: float

    @property
    def is_whole(self) -> bool:
        """Whether every model and every peer takes part."""
        return set(self.models) == set(RECIPES) and set(self.peers) == set(tables.TITLES)


@dataclass
class Findings:
    """What was measured, and in words what was not."""

    results: tables.Results = field(default_factory=lambda: defaultdict(list))
    growth: dict[tuple[str, int], list[Measurement]] = field(default_factory=lambda: defaultdict(list))
    missing: list[str] = field(default_factory=list)
    versions: dict[str, str] = field(default_factory=dict)


@contextmanager
def workers_for(
    plan: Plan, cache: Path, tutorials: Path, folder: Path, findings: Findings
) -> Iterator[dict[str, Worker]]:
    """The peers that can be started; why another cannot goes to the findings."""
    workers: dict[str, Worker] = {}
    with ExitStack() as stack:
        for peer in plan.peers:
            if peer == "tutorial" and not tutorials.is_dir():
                findings.missing.append("The tutorials are not here, so their row is left out.")
                continue
            try:
                python = python_of(peer, cache)
                worker = Worker(peer, python, folder / f"{peer}.log", {"CTR_LENS_TUTORIALS": str(tutorials)})
            except (NotInstalled, PeerFailed) as error:
                findings.missing.append(f"{tables.TITLES[peer]} is left out: {error}.")
                continue
            stack.callback(worker.close)
            findings.versions |= worker.versions
            workers[peer] = worker
        yield workers


def compare(plan: Plan, workers: dict[str, Worker], folder: Path, findings: Findings) -> None:
    """All models by all peers, once in each repeat."""
    paths = {
        "clicks": write_table(make_clicks(plan.rows), folder / "clicks"),
        "histories": write_table(make_histories(plan.rows // 2), folder / "histories"),
    }
    failed: set[tuple[str, str]] = set()
    for repeat in range(plan.repeats):
        for model in plan.models:
            for peer, worker in workers.items():
                if (model, peer) in failed or (peer == "ours_bfloat16" and not RECIPES[model].cross):
                    continue
                job = Job(model, str(paths[RECIPES[model].table]), repeat, seconds=plan.seconds)
                try:
                    measured = worker.measure(job)
                except PeerFailed as error:
                    failed.add((model, peer))
                    findings.missing.append(f"{tables.TITLES[peer]} could not train {RECIPES[model].title}: {error}.")
                    continue
                findings.results[model, peer].append(measured)
                say(f"{repeat + 1}/{plan.repeats} {model} {peer}", measured)


def grow(plan: Plan, ours: Worker, folder: Path, findings: Findings) -> None:
    """Our time per row on tables of ever more values."""
    paths = {size: write_table(make_clicks(plan.rows, size), folder / f"values-{size}") for size in GROWTH_SIZES}
    for repeat in range(plan.repeats):
        for model in (name for name in GROWTH_MODELS if name in plan.models):
            for size, path in paths.items():
                measured = ours.measure(Job(model, str(path), repeat, seconds=plan.seconds))
                findings.growth[model, size].append(measured)
                say(f"{repeat + 1}/{plan.repeats} {model} with {size:,} values", measured)


def say(what: str, measured: Measurement) -> None:
    """One line on the error stream, to see that it goes on."""
    speed = tables.thousands(measured.rows_per_cpu_second)
    print(f"{what}: {speed} rows per CPU second, AUC {measured.auc:.4f}", file=sys.stderr, flush=True)


def section(plan: Plan, findings: Findings, command: str, seconds: float) -> str:
    """The whole section of RESULTS.md."""
    models, peers = plan.models, plan.peers
    versions = " · ".join(f"{name} {number}" for name, number in findings.versions.items() if name != "torch")
    told = f"{plan.rows:,} rows of clicks and {plan.rows // 2:,} of histories, four fifths to train on"
    ending = f"`{command}`, {told}, {plan.repeats} interleaved repeat{'s'[: plan.repeats > 1]}, {seconds:.0f} s."
    parts = [f"## {HEADING}", machine() + (f" · {versions}" if versions else ""), NOTES, *findings.missing]
    results = findings.results
    parts += ["### Training rows per CPU second", tables.speeds(results, models, peers)]
    if "ours" in peers and len(peers) > 1:
        parts += ["### Ratios", tables.ratios(results, models)]
    parts += ["### Validation AUC after two epochs", tables.aucs(results, models, peers)]
    parts += ["### Rows per wall second and peak memory", tables.costs(results, models, peers)]
    if findings.growth:
        grown = [model for model in GROWTH_MODELS if model in models]
        parts += ["### Our CPU time per row as the table grows", tables.growth(findings.growth, grown, GROWTH_SIZES)]
    return "\n\n".join([*parts, ending]) + "\n"


def plan_of(options: argparse.Namespace) -> Plan:
    """The options, with the defaults of the quick or the full form."""
    rows, repeats, seconds = (32_000, 1, 0.3) if options.quick else (128_000, 3, 1.0)
    return Plan(options.models, options.peers, options.rows or rows, options.repeats or repeats, seconds)


def one_of(known: Sequence[str]) -> Callable[[str], list[str]]:
    """An argument's type: names with commas between them, each one of ``known``."""

    def parse(text: str) -> list[str]:
        names = text.split(",")
        for name in names:
            if name not in known:
                raise argparse.ArgumentTypeError(f"{name} is none of {', '.join(known)}")
        return [name for name in known if name in names]

    return parse


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rows and one repeat: about five minutes")
    parser.add_argument("--shared", type=Path, default=REPOSITORY.parent / "shared", metavar="DIR")
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, metavar="DIR", help="the peers' environments")
    parser.add_argument("--models", type=one_of(list(RECIPES)), default=list(RECIPES), metavar="NAMES")
    parser.add_argument("--peers", type=one_of(list(tables.TITLES)), default=list(tables.TITLES), metavar="NAMES")
    parser.add_argument("--repeats", type=int, metavar="N", help="by default 3, with --quick 1")
    parser.add_argument("--rows", type=int, metavar="N", help="by default 128,000, with --quick 32,000")
    return parser.parse_args()


def main() -> None:
    """Measure, print, and keep the section where everything took part."""
    options = arguments()
    plan, findings, started = plan_of(options), Findings(), time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        folder, tutorials = Path(name), options.shared.resolve() / "tutorials"
        with workers_for(plan, options.cache.resolve(), tutorials, folder, findings) as workers:
            compare(plan, workers, folder, findings)
            if "ours" in workers:
                grow(plan, workers["ours"], folder, findings)
    flags = ["--quick"] if options.quick else []
    flags += [f"--{name} {value}" for name in ("rows", "repeats") if (value := getattr(options, name))]
    text = section(plan, findings, " ".join(["python benchmarks/speed.py", *flags]), time.perf_counter() - started)
    print(text)
    if plan.is_whole:
        RESULTS.write_text(with_section(RESULTS.read_text() if RESULTS.exists() else "# Results\n\n", text))


if __name__ == "__main__":
    main()
