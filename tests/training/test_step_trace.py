"""From the profiler's events to the time of each operator in each step."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from ctr_app.training.step_parts import (
    ARITHMETIC_FORWARD,
    DISPATCH,
    FORWARD_RANGE,
    OPTIMIZER,
    PRODUCTS,
    STEP_RANGE,
)
from ctr_app.training.step_trace import Piece, pieces, traced

CPU = torch.device("cpu")


def event(name: str, start: float, length: float, number: int, kind: str = "cpu_op", thread: int = 1) -> dict[str, Any]:
    """An event as the profiler writes it."""
    place = {"ph": "X", "cat": kind, "name": name, "tid": thread, "ts": start, "dur": length}
    return {**place, "args": {"External id": number}}


def step(start: float, number: int) -> list[dict[str, Any]]:
    """A step of 100 µs in which the forward pass takes 60, of which a linear layer takes 50, 40 for the product."""
    return [
        event(STEP_RANGE, start, 100.0, number, "user_annotation"),
        event("aten::mul", start + 70.0, 20.0, number + 4, thread=2),
        event(FORWARD_RANGE, start + 5.0, 60.0, number + 1, "user_annotation"),
        event("aten::addmm", start + 10.0, 40.0, number + 3),
        event("aten::linear", start + 10.0, 50.0, number + 2),
        {"ph": "s", "cat": "fwdbwd", "name": "fwdbwd", "ts": start},
    ]


def test_each_moment_belongs_to_the_innermost_of_what_ran() -> None:
    found = pieces(step(0.0, 0), [True], on_device=False)
    assert found == [
        Piece(0, DISPATCH, STEP_RANGE, 40.0, True, 10),
        Piece(0, DISPATCH, FORWARD_RANGE, 10.0, True, 1),
        Piece(0, DISPATCH, "aten::linear", 10.0, True, 1),
        Piece(0, PRODUCTS, "aten::addmm", 40.0, True, 0),
        Piece(0, ARITHMETIC_FORWARD, "aten::mul", 20.0, True, 0),
    ]


def test_only_what_began_in_a_step_that_counts_is_kept() -> None:
    between = event("aten::mm", 150.0, 10.0, 99)
    found = pieces([*step(0.0, 10), between, *step(200.0, 20), *step(400.0, 30)], [True, False, True], on_device=False)
    assert {piece.step for piece in found} == {0, 1}
    assert len(found) == 10
    assert sum(piece.microseconds for piece in found if piece.operator == "aten::addmm") == 80.0
    assert not any(piece.operator == "aten::mm" for piece in found)


def test_kernels_belong_to_the_operator_and_the_step_that_launched_them() -> None:
    late = event("sgemm_128x64", 180.0, 7.0, 3, "kernel")
    captured = event("multi_tensor_apply_adam", 190.0, 5.0, 0, "kernel")
    unknown = event("sgemm_of_nobody", 20.0, 5.0, 77, "kernel")
    found = pieces([*step(0.0, 0), late, captured, unknown], [True], on_device=True)
    assert [(piece.part, piece.operator, piece.microseconds) for piece in found] == [
        (PRODUCTS, "aten::addmm", 7.0),
        (OPTIMIZER, "kernel: multi_tensor_apply_adam", 5.0),
    ]


def test_the_profiler_sees_operators_and_writes_nothing_to_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    with traced(CPU) as events:
        torch.ones(3).square()
    assert {"aten::ones", "aten::square"} <= {each["name"] for each in events}
    assert capfd.readouterr() == ("", "")
