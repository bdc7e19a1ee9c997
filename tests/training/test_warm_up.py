"""What a server does in the background, so that the first training waits for nothing."""

from __future__ import annotations

from typing import Any

import numba
import pytest
import torch

from ctr_app.models.kernels import attention, cross, dice, fm, norm, rows
from ctr_app.models.registry import FAMILIES, resolve
from ctr_app.training.warm_up import SETTINGS, warm_up

from .examples import trainer

Called = set[tuple[str, ...]]


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> Called:
    """Every loop that has been called, with the types it was called with: for each of these it is compiled once."""
    seen: Called = set()

    def watched(name: str, loop: Any) -> Any:
        def call(*given: Any) -> Any:
            seen.add((name, *(str(numba.typeof(value)) for value in given)))
            return loop(*given)

        return call

    for module in (attention, cross, dice, fm, norm, rows):
        for name, loop in list(vars(module).items()):
            if hasattr(loop, "py_func") and loop.py_func.__module__ == module.__name__:
                monkeypatch.setattr(module, name, watched(f"{module.__name__}.{name}", loop))
    return seen


@pytest.mark.parametrize("name", [*FAMILIES, "dcn-v1", "dcn-mix"])
def test_a_training_calls_no_loop_that_is_not_compiled_yet(called: Called, name: str) -> None:
    warm_up()
    warmed = set(called)
    called.clear()
    family, implied = resolve(name)
    for _ in trainer(family.name, epochs=1, **implied).run():
        pass
    assert called
    assert called <= warmed


def test_every_family_is_trained() -> None:
    assert {family for family, _ in SETTINGS} == set(FAMILIES)


def test_it_draws_no_random_number_of_which_a_run_may_draw_meanwhile() -> None:
    torch.manual_seed(5)
    expected = torch.rand(4)
    torch.manual_seed(5)
    warm_up()
    assert torch.equal(torch.rand(4), expected)
