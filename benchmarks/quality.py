"""How good are the models that the defaults give? Prints the tables and keeps them.

    python benchmarks/quality.py [--quick] [--shared DIR] [--parts frappe,...] [--seeds 0,1,...] [--cache DIR]

Every model is trained with every setting at its default, through the command line; only the seed is set. Peers train in
environments of their own, made under ``--cache`` on the first run. Where all parts were measured on all seeds, the
section of RESULTS.md beside this file is replaced. Real tables are read from ``--shared``.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import quality_evaluation
import quality_frappe
import quality_movielens
from acceptance import RESULTS, machine, with_section
from peers.environments import DEFAULT_CACHE
from quality_runs import Part, Plan, say

REPOSITORY = Path(__file__).resolve().parents[1]
HEADING = "Quality"
SEEDS = (0, 1, 2, 3, 4)
PARTS: dict[str, Callable[[Plan], Part]] = {
    "frappe": quality_frappe.measured,
    "movielens-1m": quality_movielens.measured_1m,
    "movielens-100k": quality_movielens.measured_100k,
    "evaluation": quality_evaluation.measured,
}
FOLDERS = {"frappe": "frappe_x1", "movielens-1m": "movielens_1m_din", "movielens-100k": "movielens_100k"}
NOTES = """\
Every setting at its default; mean over seeds ± half of the 95 % t interval. Targets in brackets, below target in
bold."""


def measure(plan: Plan, names: Sequence[str]) -> list[Part]:
    """The parts of those names; one whose table is not here says so."""
    found = []
    for name in names:
        say(f"{name} …")
        if name in FOLDERS and not (plan.shared / FOLDERS[name]).is_dir():
            reason = f"There is no {FOLDERS[name]} here, so this is left out."
            found.append(Part(name, reason, (reason,)))
        else:
            found.append(PARTS[name](plan))
    return found


def is_whole(plan: Plan, parts: Sequence[Part]) -> bool:
    """Whether nothing is left out, so that the section may be replaced."""
    is_complete = len(parts) == len(PARTS) and len(plan.seeds) >= len(SEEDS) and not plan.is_quick
    return is_complete and not any(part.missing for part in parts)


def section(parts: Sequence[Part], command: str, seconds: float) -> str:
    """The whole section of RESULTS.md."""
    texts = [text for part in parts for text in (f"### {part.title}", part.text)]
    ending = f"`{command}`, {seconds:.0f} s."
    return "\n\n".join([f"## {HEADING}", machine(), NOTES, *texts, ending]) + "\n"


def parts_named(text: str) -> list[str]:
    """An argument's type: names of parts with commas between them."""
    names = text.split(",")
    if unknown := [name for name in names if name not in PARTS]:
        raise argparse.ArgumentTypeError(f"{unknown[0]} is none of {', '.join(PARTS)}")
    return [name for name in PARTS if name in names]


def seeds_named(text: str) -> list[int]:
    """An argument's type: whole numbers with commas between them."""
    try:
        return [int(number) for number in text.split(",")]
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is not a list of whole numbers") from None


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the first seed only: about five minutes")
    parser.add_argument("--shared", type=Path, default=REPOSITORY.parent / "shared", metavar="DIR")
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, metavar="DIR", help="the peers' environments")
    parser.add_argument("--parts", type=parts_named, default=list(PARTS), metavar="NAMES")
    most = f"on Frappe the first {quality_frappe.MOST_SEEDS}"
    parser.add_argument("--seeds", type=seeds_named, default=list(SEEDS), metavar="NUMBERS", help=f"by default {most}")
    return parser.parse_args()


def command_of(options: argparse.Namespace) -> str:
    """The command that gives these tables again."""
    flags = ["--quick"] if options.quick else []
    flags += [f"--parts {','.join(options.parts)}"] if options.parts != list(PARTS) else []
    flags += [f"--seeds {','.join(map(str, options.seeds))}"] if options.seeds != list(SEEDS) else []
    return " ".join(["python benchmarks/quality.py", *flags])


def main() -> None:
    """Measure, print, and keep the section where everything took part."""
    options, started = arguments(), time.perf_counter()
    seeds = options.seeds[:1] if options.quick else options.seeds
    with tempfile.TemporaryDirectory() as name:
        shared, cache = options.shared.resolve() / "data", options.cache.resolve()
        plan = Plan(seeds, shared, cache, Path(name), options.quick)
        parts = measure(plan, options.parts)
    text = section(parts, command_of(options), time.perf_counter() - started)
    print(text)
    if is_whole(plan, parts):
        RESULTS.write_text(with_section(RESULTS.read_text() if RESULTS.exists() else "# Results\n\n", text))


if __name__ == "__main__":
    main()
