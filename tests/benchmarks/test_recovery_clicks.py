"""The table of recovery from clicks."""

from __future__ import annotations

from itertools import product

from recovery import SUITE, Line, Task
from recovery_clicks import columns, section

MODELS = ("DCN-V2", "FM", SUITE)


def lines(rows: int, seed: int, of_models: float, of_counts: float, functions: tuple[str, ...] = ("f1", "f2")):
    """What was found with one seed, the same by both readouts of every model."""
    tasks = [Task("clicks", name, rows, model, seed) for name, model in product(functions, MODELS)]
    aucs = {"weights": of_models, "behaviour": of_models, "counts": of_counts}
    return [Line(task, readout, auc, 0.0) for task in tasks for readout, auc in aucs.items()]


def cells(found: list[Line]) -> list[list[str]]:
    """The rows of the table."""
    drawn = [line.strip("| ").split(" | ") for line in section(found, 6).splitlines() if line.startswith("| ")]
    return drawn[2:]


def test_what_is_more_than_the_margin_below_the_counts_is_bold():
    (near,), (far,) = (cells(lines(30_000, 0, auc, 0.7)) for auc in (0.681, 0.679))
    assert near == ["30,000", "2", "0", "0.7000", *["0.6810"] * len(columns())]
    assert far == ["30,000", "2", "0", "0.7000", *["**0.6790**"] * len(columns())]


def test_a_seed_counts_once_it_has_every_function_and_a_column_once_it_has_every_seed():
    whole = lines(30_000, 0, 0.8, 0.7)
    begun = lines(30_000, 1, 0.9, 0.7, ("f1",))
    of_dcn = [line for line in lines(100_000, 0, 0.6, 0.7) if line.task.recipe == "DCN-V2"]
    first, second = cells([*whole, *begun, *of_dcn])
    assert first[:5] == ["30,000", "2", "0", "0.7000", "0.8000"]
    assert second == ["100,000", "2", "0", "0.7000", "**0.6000**", "–", "**0.6000**", "–", "–"]


def test_the_map_that_is_shown_first_is_marked():
    (header,) = [line for line in section(lines(30_000, 0, 0.8, 0.7), 6).splitlines() if line.startswith("| rows")]
    assert "DCN-V2: behaviour °" in header
    assert "FM: weights °" in header
    assert header.count("°") == 2
