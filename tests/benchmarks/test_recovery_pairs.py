"""The table of planted pairs."""

from __future__ import annotations

from itertools import product

from recovery import Line, Task
from recovery_pairs import COLUMNS, section, tasks


def lines(table: str, seed: int, precision: float) -> list[Line]:
    """What was found with one seed, the same by every readout of both models."""
    found = product(("FM", "DCN-V2"), ("weights", "behaviour", "counts"))
    return [Line(Task("planted", table, 30_000, recipe, seed), readout, 1.0, precision) for recipe, readout in found]


def cells(found: list[Line]) -> list[list[str]]:
    """The rows of the table."""
    drawn = [line.strip("| ").split(" | ") for line in section(found, 9).splitlines() if line.startswith("| ")]
    return drawn[2:]


def test_a_seed_that_misses_a_pair_is_bold_and_one_that_is_not_there_a_dash():
    found = [*lines("disjoint/39/20", 0, 1.0), *lines("disjoint/39/20", 2, 1.0)]
    assert cells(found) == [["disjoint", "39", "20", "30,000", *["1, –, 1"] * len(COLUMNS)]]
    assert cells([*found, *lines("disjoint/39/20", 1, 0.8)])[0][4:] == ["**1, 0.8, 1**"] * len(COLUMNS)


def test_rows_of_the_table_stand_in_the_order_of_their_size():
    found = [line for table in ("hub/39/20", "hub/10/50", "disjoint/39/20", "hub/10/20") for line in lines(table, 0, 1)]
    assert [row[:3] for row in cells(found)] == [
        ["hub and spokes", "10", "20"],
        ["disjoint", "39", "20"],
        ["hub and spokes", "39", "20"],
        ["hub and spokes", "10", "50"],
    ]


def test_every_table_is_learned_by_both_models_with_every_seed():
    wanted = list(tasks((39, 10), (30_000, 100_000), (20,), (0, 1)))
    assert len(wanted) == len(set(wanted)) == 2 * 2 * 2 * 2 * 2
    assert {task.planted().frame.height for task in wanted[:1]} == {30_000}
