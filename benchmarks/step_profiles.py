"""Where does the time of a training step go? Profiles every model, prints one table and keeps it.

    python benchmarks/step_profiles.py [--quick] [--cases fm,...] [--rows N]

What ``python -m ctr_app profile`` tells, each case in a process of its own with one thread: the models of speed.py on
its tables, and default settings on the planted samples. Where all cases take part in the full form, the section of
RESULTS.md beside this file is replaced.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from acceptance import machine, publish
from forecast import Case, cases, store_table
from peers.pool import ON_THE_CPU, ONE_THREAD
from peers.rows import make_clicks, make_histories
from peers.tables import markdown
from speed import one_of

from ctr_app.data.catalogue import READY_MADE
from ctr_app.data.store import DatasetStore
from ctr_app.models.registry import resolve
from ctr_app.training.launch import configs_for
from ctr_app.training.step_parts import PRODUCTS
from ctr_app.training.step_profile import StepProfile, profile_steps, trainer_for

HEADING = "Where a step's time goes"
MOST_REMOVABLE = 0.1
NOTES = """\
Per cent of a step's time, one thread, medians of the repeats; in brackets the least that the part could take, where
that is known: its bytes at the rate of a copy, its operations at the rate of a large matrix product, both measured
there and then. A part that is no product and takes more than 10 % beyond that is in bold: FM's are rows read and
written at random in tables larger than the cache, which a copy is not; Python is many short stretches. Last the
largest single operator, loop or stretch of Python that is no matrix product."""
Profile = Mapping[str, Any]


def measure(case: Case, folder: Path) -> StepProfile:
    """Profile one case; in a process that does nothing else."""
    torch.set_num_threads(1)
    dataset = next(dataset for dataset in DatasetStore(folder).list() if dataset.name == case.data)
    family, implied = resolve(case.model)
    model, training = configs_for(family.name, {**implied, **case.settings})
    return profile_steps(trainer_for(dataset.encoded(), family.name, model, training, torch.device("cpu")))


def in_a_process(name: str, folder: Path) -> Profile:
    """What a process of its own measured."""
    command = [sys.executable, __file__, "--folder", str(folder), "--cases", name]
    done = subprocess.run(command, env=os.environ | ONE_THREAD | ON_THE_CPU, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{name}\n{done.stderr}")
    found: Profile = json.loads(done.stdout)
    print(f"{name}: {found['step_ms']:.2f} ms", file=sys.stderr, flush=True)
    return found


def column(found: Sequence[Profile], parts: Sequence[str]) -> list[str]:
    """One case: its step, every part's share of it, and its largest single cost."""
    step = statistics.median(one["step_ms"] for one in found)
    middle = min(found, key=lambda one: abs(one["step_ms"] - step))
    return [
        f"{step:.2f} ms",
        f"{found[0]['rows'] / step:.0f}k",
        *(_cell(found, part) for part in parts),
        largest(middle),
    ]


def _cell(found: Sequence[Profile], name: str) -> str:
    """A part's share and that of its floor."""
    timed = [(part, one["step_ms"]) for one in found for part in one["parts"] if part["part"] == name]
    if not timed:
        return "–"
    share = statistics.median(part["ms"] / step for part, step in timed)
    floor = statistics.median((part["floor_ms"] or 0.0) / step for part, step in timed)
    text = f"{share:.0%}" + (f" ({floor:.0%})" if timed[0][0]["floor_ms"] is not None else "")
    return f"**{text}**" if name != PRODUCTS and share - floor > MOST_REMOVABLE else text


def largest(found: Profile) -> str:
    """The operator or stretch of Python outside matrix products that takes the most of a step."""
    others = [operator for part in found["parts"] if part["part"] != PRODUCTS for operator in part["operators"]]
    most = max(others, key=lambda operator: operator["ms"])
    return f"{most['name'].replace('_', ' ').strip()} {most['ms'] / found['step_ms']:.0%}"


def section(found: Mapping[str, Sequence[Profile]], rows: int, seconds: float) -> str:
    """The whole section of RESULTS.md: a line for each part, a column for each case."""
    total: dict[str, float] = {}
    for profile in (one for ones in found.values() for one in ones):
        for part in profile["parts"]:
            total[part["part"]] = total.get(part["part"], 0.0) + part["ms"] / profile["step_ms"]
    parts = sorted(total, key=lambda name: -total[name])
    known = cases()
    columns = [
        ["a step", "rows a second", *parts, "largest single cost"],
        *(column(ones, parts) for ones in found.values()),
    ]
    table = markdown(["", *(known[name].title for name in found)], [list(line) for line in zip(*columns, strict=True)])
    repeats = max(len(ones) for ones in found.values())
    times = f"{repeats} repeat{'s' if repeats > 1 else ''}"
    told = f"{rows:,} rows of clicks and {rows // 2:,} of histories, {times}, {seconds:.0f} s"
    command = "`python benchmarks/step_profiles.py`"
    return "\n\n".join([f"## {HEADING}", machine(), NOTES, table, f"{command}: {told}."]) + "\n"


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer rows and one repeat; RESULTS.md is left alone")
    parser.add_argument("--cases", type=one_of(list(cases())), default=list(cases()), metavar="NAMES")
    parser.add_argument("--rows", type=int, metavar="N", help="by default 128,000, with --quick 32,000")
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    return parser.parse_args()


def main() -> None:
    """Profile, print, and keep the section where everything took part."""
    options = arguments()
    if options.folder is not None:
        (name,) = options.cases
        print(json.dumps(asdict(measure(cases()[name], options.folder))))
        return
    rows, repeats = options.rows or (32_000 if options.quick else 128_000), 1 if options.quick else 3
    started = time.perf_counter()
    with tempfile.TemporaryDirectory() as name:
        store = DatasetStore(Path(name))
        store_table(make_clicks(rows), "clicks", store)
        store_table(make_histories(rows // 2), "histories", store)
        for sample in READY_MADE:
            store.add_sample(sample).encoded()
        found: dict[str, list[Profile]] = {case: [] for case in options.cases}
        for case in options.cases * repeats:
            found[case].append(in_a_process(case, Path(name)))
    text = section(found, rows, time.perf_counter() - started)
    publish(text, options.quick or set(options.cases) != set(cases()))


if __name__ == "__main__":
    main()
