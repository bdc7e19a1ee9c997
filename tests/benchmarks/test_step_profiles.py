"""The table of where a step's time goes."""

from __future__ import annotations

from typing import Any

from step_profiles import column, largest, section

from ctr_app.training.step_parts import DISPATCH, OPTIMIZER, PRODUCTS


def profile(ms: float = 10.0) -> dict[str, Any]:
    """Half of a step in products, the rest in the optimizer and in Python."""

    def part(name: str, share: float, floor: float | None, *operators: tuple[str, float]) -> dict[str, Any]:
        listed = [{"name": operator, "calls": 1.0, "ms": each * ms} for operator, each in operators]
        return {"part": name, "ms": share * ms, "floor_ms": floor and floor * ms, "operators": listed}

    parts = [
        part(PRODUCTS, 0.5, 0.25, ("mm", 0.5)),
        part(OPTIMIZER, 0.3, 0.15, ("rows.adam", 0.16), ("lerp_", 0.14)),
        part(DISPATCH, 0.2, None, ("Python (forward)", 0.08), ("detach", 0.02)),
    ]
    return {"step_ms": ms, "rows": 2000, "parts": parts}


def test_a_column_has_shares_floors_and_the_largest_cost() -> None:
    told = column([profile(8.0), profile(10.0), profile(30.0)], [PRODUCTS, OPTIMIZER, DISPATCH, "dropout"])
    assert told == ["10.00 ms", "200k", "50% (25%)", "**30% (15%)**", "**20%**", "–", "rows.adam 16%"]


def test_no_product_is_the_largest_cost() -> None:
    assert largest(profile()) == "rows.adam 16%"


def test_the_largest_parts_come_first() -> None:
    text = section({"fm": [profile()], "dcn-v2": [profile()]}, 32_000, 5.0)
    lines = [line.split(" | ")[0].strip("| ") for line in text.splitlines() if line.startswith("|")]
    assert lines[2:] == ["a step", "rows a second", PRODUCTS, OPTIMIZER, DISPATCH, "largest single cost"]
    assert "32,000 rows of clicks and 16,000 of histories, 1 repeat, 5 s" in text
