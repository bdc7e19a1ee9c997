"""Label rates by value, against the same by hand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from ctr_app.data.inferring import infer
from ctr_app.data.intervals import wilson
from ctr_app.data.rates import MISSING_NAME, MOST_SHOWN, REST_NAME, label_rates
from ctr_app.data.schema import Role, Schema

ROWS = 600
RANDOM = np.random.default_rng(1)


def rates(values, role: Role | None = None) -> dict[str, tuple[int, float]]:
    """Value -> rows and rate of a column x beside a label that is 1 in every third row."""
    frame = pl.DataFrame({"click": [int(i % 3 == 0) for i in range(ROWS)], "x": values}, strict=False)
    inference = infer(frame, "click")
    column = inference.schema.column("x")
    if role is not None:
        column = type(column)(column.name, role, separator="|")
    found = label_rates(frame, inference.schema, column, inference.facts("x"))
    assert ((found["low"] <= found["rate"]) & (found["rate"] <= found["high"])).all()
    return {value: (rows, rate) for value, rows, rate in found.select("value", "rows", "rate").iter_rows()}


def test_each_value_has_its_rows_and_its_rate_the_most_frequent_first():
    found = rates(["a" if i % 3 == 0 else "b" if i % 3 == 1 else None for i in range(ROWS)])
    assert found == {"a": (200, 1.0), "b": (200, 0.0), MISSING_NAME: (200, 0.0)}


def test_rare_values_are_shown_together():
    found = rates([f"v{min(i % 40, 30)}" for i in range(ROWS)])
    assert len(found) == MOST_SHOWN + 1
    assert next(iter(found)) == "v30"
    assert found[REST_NAME][0] == ROWS - sum(rows for value, (rows, _rate) in found.items() if value != REST_NAME)
    assert sum(rows * rate for rows, rate in found.values()) == pytest.approx(ROWS / 3)


def test_a_number_is_cut_into_parts_of_about_as_many_rows():
    found = rates(RANDOM.permutation(ROWS) / 7)
    assert len(found) == 10
    assert {rows for rows, _rate in found.values()} <= {59, 60, 61}
    assert next(iter(found)).startswith("≤ ")


def test_a_number_that_many_rows_have_is_a_part_of_its_own_and_the_others_are_still_cut():
    found = rates([0.0 if i % 2 else 1 + i / 7 for i in range(ROWS)])
    assert found["≤ 0"][0] == 300
    assert len(found) >= 9
    assert sum(rows for rows, _rate in found.values()) == ROWS


def test_a_history_is_told_by_its_length():
    found = rates(["a|b|a" if i % 2 else "b|c" for i in range(ROWS)], Role.SEQUENCE)
    assert {value: rows for value, (rows, _rate) in found.items()} == {"≤ 2": 300, "2 < … ≤ 3": 300}


def test_rows_without_a_label_are_left_out_and_probabilities_are_averaged():
    frame = pl.DataFrame({"p": [0.25, 0.75, None, 0.5] * 30, "x": ["a", "a", "a", "b"] * 30})
    inference = infer(frame, "p", "0.5")
    schema = Schema(inference.columns, None)
    found = label_rates(frame, schema, schema.column("x"), inference.facts("x"))
    assert found.select("value", "rows", "rate").rows() == [("a", 60, 0.5), ("b", 30, 0.5)]


def test_each_rate_has_its_interval():
    frame = pl.DataFrame({"click": [1, 0, 0] * 40, "x": ["a", "b"] * 60})
    inference = infer(frame, "click")
    schema = Schema(inference.columns, None)
    found = label_rates(frame, schema, schema.column("x"), inference.facts("x"))
    low, high = wilson(found["rate"].to_numpy(), found["rows"].to_numpy())
    assert found["low"].to_list() == low.tolist()
    assert found["high"].to_list() == high.tolist()
