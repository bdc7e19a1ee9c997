"""How well the readouts of FM and DCN-V2 find planted pairs, every setting at its default.

    python benchmarks/recovery_pairs.py [--quick] [--fields 39,20,10] [--rows 30000,100000] [--values 20,50]
                                        [--seeds 0,1,2,3,4] [--kept FILE]

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
from quality_numbers import marked, wrapped
from recovery import LAYOUTS, NUM_PAIRS, PLANTED, RECIPES, SHAPES, Line, Task, chosen, markdown, measured, numbers

from ctr_app.explain.behaviour import NUM_SWAPS

HEADING = "Recovery of planted pairs"
FIELDS, ROWS, VALUES, SEEDS = (39, 20, 10), (30_000, 100_000), (20, 50), (0, 1, 2, 3, 4)
# What the target is for; the others stand beside them.
COLUMNS = {
    ("FM", "weights"): "FM: weights",
    ("DCN-V2", "weights"): "DCN-V2: weights",
    ("FM", "behaviour"): "FM: swap",
    ("DCN-V2", "behaviour"): "DCN-V2: swap",
    ("FM", "counts"): "counts",
}


def tasks(fields: Sequence[int], rows: Sequence[int], values: Sequence[int], seeds: Sequence[int]) -> Iterator[Task]:
    """Everything there is to measure: the fewest values and rows first, then the most fields."""
    for of_values, count, of_fields, seed in product(sorted(values), sorted(rows), fields, seeds):
        tables = [f"{layout}/{of_fields}/{of_values}" for layout in LAYOUTS]
        yield from (Task(PLANTED, table, count, recipe, seed) for table, recipe in product(tables, RECIPES))


def section(lines: Sequence[Line], num_wanted: int) -> str:
    """The whole section of RESULTS.md."""
    kinds = sorted({(line.task.table, line.task.rows) for line in lines}, key=_order)
    rows = [_row(table, count, chosen(lines, table=table, rows=count)) for table, count in kinds]
    told = wrapped(
        f"{NUM_PAIRS} planted pairs of .75 logits each, main effects of .35, clicks; “values” are how many each "
        "categorical field has; a fifth to a third of the fields are numbers; every setting at its default. "
        f"Precision@{NUM_PAIRS} seed by seed, target 1; in bold where a seed misses it. Swap is between {NUM_SWAPS} "
        "pairs of rows. The way in which vectors begin, and that in which DCN-V2's weights are read, were found on "
        "seeds of 100 and more, of which none stands here. "
        "At random, as vectors began before: .4 by FM, .6 by DCN-V2 (disjoint, 39 fields, 20 values, 30,000 rows, seed "
        "0)."
    )
    num_done = len({line.task for line in lines})
    missing = "" if num_done == num_wanted else " What is not there yet is left out: rows of the table, or seeds."
    note = wrapped(f"`python benchmarks/recovery_pairs.py`: {num_done} of {num_wanted} trainings.{missing}")
    header = ["layout", "fields", "values", "rows", *COLUMNS.values()]
    return "\n\n".join([f"## {HEADING}", machine(), told, markdown(header, rows), note]) + "\n"


def _order(of: tuple[str, int]) -> tuple[int, int, int, str]:
    layout, fields, values = of[0].split("/")
    return int(values), of[1], int(fields), layout


def _row(table: str, count: int, lines: Sequence[Line]) -> list[str]:
    layout, fields, values = table.split("/")
    cells = [_precisions(chosen(lines, recipe=recipe, readout=readout)) for recipe, readout in COLUMNS]
    return [LAYOUTS[layout], fields, values, f"{count:,}", *cells]


def _precisions(lines: Sequence[Line]) -> str:
    """Seed by seed; a seed that is not there yet is a dash, unless it is one of the last."""
    by_seed = {line.task.seed: line.precision for line in lines}
    if not by_seed:
        return "–"
    found = [by_seed.get(seed) for seed in range(max(by_seed) + 1)]
    text = ", ".join("–" if precision is None else f"{precision:g}" for precision in found)
    return marked(text, all(precision == 1 for precision in by_seed.values()))


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="one seed, 10 fields, few rows; RESULTS.md is left alone")
    parser.add_argument("--fields", type=numbers, metavar="N,N", help="of 10, 20 and 39; by default all")
    parser.add_argument("--rows", type=numbers, metavar="N,N", help="by default 30000,100000; with --quick 30000")
    parser.add_argument("--values", type=numbers, metavar="N,N", help="by default 20,50; with --quick 20")
    parser.add_argument("--seeds", type=numbers, metavar="0,1", help="by default 0,1,2,3,4; with --quick 0")
    parser.add_argument("--only-kept", action="store_true", help="measure nothing, make the table of what --kept holds")
    parser.add_argument("--kept", type=Path, metavar="FILE", help="where to keep what is measured, line by line")
    options = parser.parse_args()
    if unknown := set(options.fields or ()) - set(SHAPES):
        parser.error(f"there are tables of {', '.join(map(str, SHAPES))} fields, none of {min(unknown)}")
    return options


def main() -> None:
    """Measure, print, and keep the section unless it is quick."""
    options = arguments()
    torch.set_num_threads(1)
    fields, rows, values, seeds = (
        ((10,), ROWS[:1], VALUES[:1], (0,)) if options.quick else (FIELDS, ROWS, VALUES, SEEDS)
    )
    wanted = list(
        tasks(options.fields or fields, options.rows or rows, options.values or values, options.seeds or seeds)
    )
    text = section(measured(wanted, options.kept, options.only_kept, NUM_SWAPS), len(wanted))
    publish(text, options.quick)


if __name__ == "__main__":
    main()
