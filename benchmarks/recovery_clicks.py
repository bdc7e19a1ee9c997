"""How well the map that the app shows first finds the pairs of F1–F10 from clicks, beside counts without a model.

    python benchmarks/recovery_clicks.py [--quick] [--rows 30000,100000,300000] [--seeds 0,1,2,3,4] [--kept FILE]

The table is printed and written into RESULTS.md beside this file. What is measured is kept line by line in the file
that ``--kept`` names, so that a run that was interrupted goes on, and a longer one only adds.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from itertools import product
from pathlib import Path

import torch
from acceptance import machine, publish
from quality_numbers import marked, shown, wrapped
from recovery import SUITE, Line, Task, chosen, markdown, means, measured, numbers, settings_in_words

from ctr_app.data.synthetic.function_tables import CLICKS
from ctr_app.data.synthetic.functions import FUNCTIONS
from ctr_app.explain.behaviour import NUM_SWAPS
from ctr_app.explain.readouts import readouts_for
from ctr_app.explain.suite import SETTINGS

HEADING = "Recovery from clicks"
BASELINE_MARGIN = 0.02
MODELS = ("DCN-V2", "FM")
RECIPES = (*MODELS, SUITE)
ROWS = (30_000, 100_000, 300_000)
SEEDS = (0, 1, 2, 3, 4)


def tasks(
    functions: Sequence[str], seeds: Sequence[int], rows: Sequence[int], recipes: Sequence[str] = RECIPES
) -> Iterator[Task]:
    """Everything there is to measure, the fewest rows first."""
    for count, seed in product(sorted(rows), seeds):
        yield from (Task(CLICKS, name, count, recipe, seed) for name, recipe in product(functions, recipes))


def columns() -> list[tuple[str, str]]:
    """Models by readouts: what each shows first, then DCN-V2's other one and what was fixed in advance."""
    first = [(model, readouts_for(model)[0]) for model in MODELS]
    return [*first, ("DCN-V2", "weights"), (SUITE, "behaviour"), (SUITE, "weights")]


def section(lines: Sequence[Line], num_wanted: int) -> str:
    """The whole section of RESULTS.md."""
    told = wrapped(
        "F1–F10 with clicks, cut as the app cuts them (80 % to train). Mean pair AUC of the functions with its 95 % "
        "interval over the seeds. DCN-V2 and FM have every setting at its default, as after a press on Train, of "
        "which the reading of numbers as vectors, and which map stands first, were chosen on seed 100; the "
        f"map that the Interactions page shows first is marked with °. {SUITE}: {settings_in_words(SETTINGS[CLICKS])}, "
        f"all else at its default, chosen on seed 100. In bold what is more than {BASELINE_MARGIN} below the counts."
    )
    rows = [_row(count, chosen(lines, rows=count)) for count in sorted({line.task.rows for line in lines})]
    header = ["rows", "functions", "seeds", "counts", *(_title(*column) for column in columns())]
    num_done = len({line.task for line in lines})
    missing = "" if num_done == num_wanted else " What is not there yet is left out."
    note = wrapped(f"`python benchmarks/recovery_clicks.py`: {num_done} of {num_wanted} trainings.{missing}")
    return "\n\n".join([f"## {HEADING}", machine(), told, markdown(header, rows), note]) + "\n"


def _row(count: int, lines: Sequence[Line]) -> list[str]:
    """One number of rows: the functions that DCN-V2 has learned, and the seeds with which it has learned them all."""
    counts = chosen(lines, recipe="DCN-V2", readout="counts")
    functions = {line.task.table for line in counts}
    seeds = [
        seed for seed in sorted({line.task.seed for line in counts}) if len(chosen(counts, seed=seed)) == len(functions)
    ]
    lines = [line for line in lines if line.task.table in functions and line.task.seed in seeds]
    baseline = means(chosen(lines, recipe="DCN-V2", readout="counts"))
    cells = []
    for recipe, readout in columns():
        found = chosen(lines, recipe=recipe, readout=readout)
        cells.append(_beside(means(found), baseline) if len(found) == len(functions) * len(seeds) else "–")
    return [f"{count:,}", str(len(functions)), ", ".join(map(str, seeds)), shown(baseline), *cells]


def _beside(values: Sequence[float], counts: Sequence[float]) -> str:
    return marked(shown(values), sum(values) / len(values) >= sum(counts) / len(counts) - BASELINE_MARGIN)


def _title(recipe: str, readout: str) -> str:
    is_first = recipe in MODELS and readouts_for(recipe)[0] == readout
    return f"{recipe}: {readout}{' °' if is_first else ''}"


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="two functions, one seed; RESULTS.md is left alone")
    parser.add_argument("--functions", metavar="F1,F2", help="by default all ten; with --quick f5,f10")
    parser.add_argument("--models", metavar="A,B", help="DCN-V2, FM, or the fixed recipe (suite); by default all")
    parser.add_argument("--seeds", type=numbers, metavar="0,1", help="by default 0,1,2,3,4; with --quick 0")
    parser.add_argument(
        "--rows", type=numbers, metavar="N,N", help="by default 30000,100000,300000; with --quick 30000"
    )
    parser.add_argument("--only-kept", action="store_true", help="measure nothing, make the table of what --kept holds")
    parser.add_argument("--kept", type=Path, metavar="FILE", help="where to keep what is measured, line by line")
    return parser.parse_args()


def main() -> None:
    """Measure, print, and keep the section unless it is quick."""
    options = arguments()
    torch.set_num_threads(1)
    functions = options.functions.split(",") if options.functions else ("f5", "f10") if options.quick else [*FUNCTIONS]
    seeds, rows = ((0,), ROWS[:1]) if options.quick else (SEEDS, ROWS)
    recipes = [SUITE if name == "suite" else name for name in options.models.split(",")] if options.models else RECIPES
    wanted = list(tasks(functions, options.seeds or seeds, options.rows or rows, recipes))
    text = section(measured(wanted, options.kept, options.only_kept, NUM_SWAPS), len(wanted))
    publish(text, options.quick)


if __name__ == "__main__":
    main()
