"""Does the whole thing reach its targets? Trains through the command line, as a user would, and says so in one table.

    python benchmarks/acceptance.py [--shared DIR] [--quick]

The table is printed and written into RESULTS.md beside this file. Real tables are read from ``--shared`` (by default
``shared/data`` beside the repository); what needs them is left out where they are not.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[1]
RESULTS = Path(__file__).with_name("RESULTS.md")
HEADING = "Acceptance"
SEEDS = (0, 1, 2)
SPLITS = ("train", "valid", "test")
METRICS = ("auc", "logloss", "gauc")


@dataclass(frozen=True)
class Check:
    """One line of the table: what was measured, with how many decimals it is shown, and the target."""

    what: str
    values: Sequence[float]
    target: float
    is_at_least: bool = True
    form: str = ".4f"

    @property
    def is_met(self) -> bool:
        """Whether every value reaches the target."""
        return all(value >= self.target if self.is_at_least else value <= self.target for value in self.values)

    def line(self) -> str:
        """The check as a row of a Markdown table."""
        measured = ", ".join(format(value, self.form) for value in self.values)
        sign = "≥" if self.is_at_least else "≤"
        return f"| {self.what} | {measured} | {sign} {self.target:g} | {'yes' if self.is_met else '**no**'} |"


@dataclass(frozen=True)
class CommandLine:
    """``python -m ctr_app`` with its data sets and runs in one folder."""

    folder: Path

    def __call__(self, *arguments: object) -> Any:
        """The JSON document of one command; ends the program with its words if it fails."""
        done = subprocess.run(
            [sys.executable, "-m", "ctr_app", *map(str, arguments), "--json"],
            cwd=REPOSITORY,
            env=os.environ | {"CTR_LENS_DATA": str(self.folder / "data"), "CTR_LENS_RUNS": str(self.folder / "runs")},
            capture_output=True,
            text=True,
        )
        if done.returncode:
            sys.exit(f"{' '.join(map(str, arguments))}\n{done.stderr}")
        return json.loads(done.stdout)

    def train(self, model: str, *flags: object) -> Any:
        """What ``train --json`` says, with every setting at its default."""
        return self("train", "--model", model, *flags)

    def sample(self, name: str, rows: int, seed: int) -> tuple[list[object], dict[str, Any]]:
        """Flags to train on a planted sample, and its truth."""
        out = self.folder / f"{name}-{rows}-{seed}"
        written = self("sample", name, "--rows", rows, "--seed", seed, "--out", out)
        return ["--data", written["table"], "--schema", written["schema"]], json.loads(
            Path(written["truth"]).read_text()
        )


def frappe(run: CommandLine, shared: Path) -> Iterator[Check]:
    """Test AUC on Frappe_x1 with the published validation and test rows, every setting at its default."""
    files = [shared / "frappe_x1" / f"{split}.csv.gz" for split in SPLITS]
    flags = ["--data", files[0], "--valid", files[1], "--test", files[2]]
    for model, title, target in (("fm", "FM", 0.960), ("dcn-v2", "DCN-V2", 0.975)):
        result = run.train(model, *flags)
        yield Check(f"Frappe_x1, {title}: test AUC", [result["test"]["auc"]], target)


def planted_pairs(run: CommandLine, seeds: Sequence[int]) -> Iterator[Check]:
    """Share of the k planted pairs among the k strongest by the weights readout."""
    samples = [run.sample("planted-clicks", 50_000, seed) for seed in seeds]
    for model, title in (("fm", "FM"), ("dcn-v2", "DCN-V2")):
        found = []
        for flags, truth in samples:
            result = run.train(model, *flags)
            found.append(precision_at_k(run("interactions", result["run"], "--readout", "weights"), truth["pairs"]))
        what = f"Planted clicks, 50,000 rows, {title}: precision@{len(truth['pairs'])} by weights, {_seeds(seeds)}"
        yield Check(what, found, 1.0, form=".2f")


def planted_histories(run: CommandLine, seeds: Sequence[int]) -> Iterator[Check]:
    """DIN's test AUC, and how far that is on the way from 0.5 to the best reachable AUC."""
    reached, shares = [], []
    for seed in seeds:
        flags, truth = run.sample("planted-histories", 100_000, seed)
        auc = run.train("din", *flags)["test"]["auc"]
        reached.append(f"{auc:.4f} of {truth['best_auc']:.4f}")
        shares.append((auc - 0.5) / (truth["best_auc"] - 0.5))
    what = f"Planted histories, 100,000 rows, DIN: share of the way from AUC 0.5 to the best reachable, {_seeds(seeds)}"
    yield Check(f"{what} (test AUC {', '.join(reached)})", shares, 0.95, form=".1%")


def measured_again(run: CommandLine, shared: Path) -> Iterator[Check]:
    """Largest difference between the stored metrics and those of ``evaluate`` from the run's folder alone."""
    criteo, movielens = shared / "criteo", shared / "movielens_1m_din"
    for what, model, table, test, flags in (
        ("Criteo", "dcn-v2", criteo / "train.tsv", criteo / "test.tsv", []),
        ("Adult", "fm", shared / "tabular" / "adult.csv", None, []),
        ("MovieLens-1M", "din", movielens / "train.csv", movielens / "test.csv", ["--ignore", "ratting"]),
    ):
        result = run.train(model, "--data", table, *(["--test", test] if test else []), *flags)
        again = run("evaluate", result["folder"])
        differences = [largest_difference(result[split], again[split]) for split in SPLITS]
        if test:
            differences.append(largest_difference(result["test"], run("evaluate", result["folder"], "--data", test)))
        title = f"{what}, {result['model']}, test AUC {result['test']['auc']:.4f}: difference when measured again"
        yield Check(title, [max(differences)], 1e-6, is_at_least=False, form=".1e")


def measured(run: CommandLine, shared: Path, quick: bool) -> Iterator[Check]:
    """Every check that can be made here."""
    if not shared.is_dir():
        print(f"There are no real tables in {shared}; only what is planted is measured.", file=sys.stderr)
    elif not quick:
        yield from frappe(run, shared)
    seeds = SEEDS[:1] if quick else SEEDS
    yield from planted_pairs(run, seeds)
    yield from planted_histories(run, seeds)
    if shared.is_dir():
        yield from measured_again(run, shared)


def precision_at_k(readout: dict[str, Any], truth: list[list[str]]) -> float:
    """Share of the k true pairs among the k strongest."""
    strongest = {frozenset((pair["field_a"], pair["field_b"])) for pair in readout["pairs"][: len(truth)]}
    return len(strongest & set(map(frozenset, truth))) / len(truth)


def largest_difference(a: dict[str, float], b: dict[str, float]) -> float:
    """Over the metrics that ``a`` has."""
    return max(abs(a[metric] - b[metric]) for metric in METRICS if metric in a)


def _seeds(seeds: Sequence[int]) -> str:
    return f"seed {seeds[0]}" if len(seeds) == 1 else f"seeds {', '.join(map(str, seeds))}"


def machine() -> str:
    """Date, processor, cores and versions, in one line."""
    import torch

    cpuinfo = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.+)", cpuinfo.read_text()) if cpuinfo.exists() else []
    processor = names[0] if names else platform.processor() or platform.machine()
    return (
        f"{time.strftime('%Y-%m-%d')} · {processor}, {os.cpu_count()} cores · "
        f"Python {platform.python_version()} · torch {torch.__version__}"
    )


def section(checks: Sequence[Check], seconds: float) -> str:
    """The whole section of RESULTS.md."""
    lines = ["| what | measured | target | met |", "|---|---|---|---|", *(check.line() for check in checks)]
    note = f"Every setting at its default. `python benchmarks/acceptance.py`, {seconds:.0f} s in all."
    return "\n".join([f"## {HEADING}", "", machine(), "", *lines, "", note, ""])


def with_section(text: str, new: str) -> str:
    """``text`` with the section of the same heading replaced, or with ``new`` at its end."""
    heading = new.split("\n", 1)[0]
    parts = re.split(r"(?m)^(?=## )", text)
    kept = [new.rstrip() + "\n\n" if part.split("\n", 1)[0] == heading else part for part in parts]
    if kept == parts and new.rstrip() not in text:
        kept.append(("" if text.endswith("\n\n") or not text else "\n") + new)
    return "".join(kept).rstrip() + "\n"


def publish(section: str, is_quick: bool) -> None:
    """Print a section, and keep it in RESULTS.md unless it is quick."""
    print(section)
    if not is_quick:
        RESULTS.write_text(with_section(RESULTS.read_text() if RESULTS.exists() else "# Results\n\n", section))


def main() -> int:
    """Run every check that can be run here; returns 1 if one misses its target."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=REPOSITORY.parent / "shared" / "data", metavar="DIR")
    parser.add_argument("--quick", action="store_true", help="one seed and no Frappe; RESULTS.md is left alone")
    options = parser.parse_args()
    shared = options.shared.resolve()
    started, checks = time.perf_counter(), []
    with tempfile.TemporaryDirectory() as folder:
        for check in measured(CommandLine(Path(folder)), shared, options.quick):
            print(f"{check.what}: {'met' if check.is_met else 'missed'}", file=sys.stderr)
            checks.append(check)
    text = section(checks, time.perf_counter() - started)
    publish(text, options.quick)
    return 0 if all(check.is_met for check in checks) else 1


if __name__ == "__main__":
    sys.exit(main())
