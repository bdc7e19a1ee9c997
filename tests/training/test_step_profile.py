"""The profile of a trainer's steps."""

from __future__ import annotations

import sys
from contextlib import AbstractContextManager, nullcontext
from types import ModuleType
from typing import Any

import numpy as np
import pytest
import torch

from ctr_app.data.batch import Batch
from ctr_app.data.store import DataSet
from ctr_app.training.launch import configs_for
from ctr_app.training.step_parts import COLLECTING, DISPATCH, OPTIMIZER, OTHER, PRODUCTS
from ctr_app.training.step_profile import StepProfile, profile_steps, trainer_for
from ctr_app.training.step_ranges import watched
from ctr_app.training.trainer import Trainer

from .examples import trainer

FAMILIES: dict[str, dict[str, Any]] = {
    "fm": {},
    "dcn": {"cross": "vector", "dropout": 0.5},
    "dcn ": {"cross": "matrix", "structure": "stacked"},
    "dcn  ": {"cross": "mix", "rank": 3},
    "din": {},
    "din ": {"attention_weights": "softmax", "attention_activation": "prelu", "mlp_activation": "relu"},
}


@pytest.fixture(autouse=True)
def _quick_rates(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctr_app.training.step_floor.COPY_NUMBERS", 1000)
    monkeypatch.setattr("ctr_app.training.step_floor.PRODUCT_SHAPE", {"cpu": (4, 3, 2)})
    monkeypatch.setattr("ctr_app.training.step_floor.MEASURING_SECONDS", 0.0)


def profiled(family: str, steps: int = 4, **settings: Any) -> StepProfile:
    return profile_steps(trainer(family, **{"rows": 70, "batch_size": 32, **settings}), steps)


def operations(found: StepProfile) -> float:
    return next(part.operations for part in found.parts if part.part == PRODUCTS)


@pytest.mark.parametrize("name", FAMILIES)
def test_the_parts_of_every_family_have_names_and_add_up_to_the_step(name: str) -> None:
    found = profiled(name.strip(), **FAMILIES[name])
    assert (found.rows, found.steps) == (32, 4)
    assert sum(part.ms for part in found.parts) == pytest.approx(found.step_ms)
    for part in found.parts:
        assert sum(operator.ms for operator in part.operators) == pytest.approx(part.ms)
        assert part.ms >= 0
    by_name = {part.part: part for part in found.parts}
    assert by_name.keys() >= {COLLECTING, OPTIMIZER, DISPATCH}
    assert (PRODUCTS in by_name) == (name != "fm")
    assert by_name[DISPATCH].floor_ms is None
    assert by_name[COLLECTING].floor_ms
    others = by_name[OTHER].operators if OTHER in by_name else ()
    assert len(others) < 0.1 * sum(len(part.operators) for part in found.parts), others


def test_a_product_is_counted_forward_and_twice_backward() -> None:
    width = 64  # a number and three vectors of 21; of this width no product needs padding
    one, three = (operations(profiled("dcn", embedding_dim=21, num_cross_layers=layers)) for layers in (1, 3))
    assert three - one == 2 * 3 * 2 * 32 * width * width


def test_steps_on_part_of_a_batch_and_evaluations_are_not_of_the_profile() -> None:
    whole, with_rest = (profiled("fm", rows=rows, batch_size=32) for rows in (32, 33))
    collected = [part.num_bytes for found in (whole, with_rest) for part in found.parts if part.part == COLLECTING]
    assert collected[0] == pytest.approx(collected[1], abs=8)  # the order of 33 rows is one number longer
    operators = {operator.name: operator.calls for part in with_rest.parts for operator in part.operators}
    assert operators["binary_cross_entropy_with_logits"] == 1.0
    assert "Python (collect)" in operators


def test_a_table_smaller_than_a_batch_is_profiled_as_a_whole() -> None:
    assert profiled("fm", rows=9, batch_size=32).rows == 9


def test_nothing_is_left_replaced() -> None:
    select, backward, one = Batch.select, torch.Tensor.backward, trainer("fm")
    profile_steps(one, 2)
    assert (Batch.select, torch.Tensor.backward) == (select, backward)
    assert "forward" not in vars(one.model)
    assert not {"step", "clear"} & vars(one.optimizer).keys()


def test_a_failed_step_leaves_nothing_replaced() -> None:
    select, one = Batch.select, trainer("fm")

    class Broken:
        def inside(self, name: str) -> AbstractContextManager[Any]:
            raise ValueError(name)

        call = None

    with pytest.raises(ValueError, match="range"), watched(one, Broken()):  # type: ignore[arg-type]
        next(iter(one.run()))
    assert Batch.select is select


def test_compiled_loops_are_told_of_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    numba = pytest.importorskip("numba")
    loops = ModuleType("ctr_app.loops_of_a_test")
    loops.total = loop = numba.njit(total)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, loops.__name__, loops)
    told = []

    class Listener:
        def inside(self, _name: str) -> AbstractContextManager[Any]:
            return nullcontext()

        def call(self, name: str, loop: Any, arguments: tuple[Any, ...]) -> Any:
            told.append(name)
            return loop(*arguments)

    with watched(trainer("fm"), Listener()):
        assert loops.total(np.ones(3)) == 3.0  # type: ignore[attr-defined]
    assert told == ["loop: test_step_profile.total"]
    assert loops.total is loop  # type: ignore[attr-defined]


def total(numbers: np.ndarray) -> float:
    """What a loop of the test does."""
    found = 0.0
    for number in numbers:
        found += number
    return found


def test_the_trainer_of_a_stored_data_set_is_that_of_a_run_without_end(clicks: DataSet) -> None:
    model, training = configs_for("dcn", {"epochs": 1, "batch_size": 256, "seed": 3})
    made: Trainer = trainer_for(clicks.encoded(), "dcn", model, training, torch.device("cpu"))
    assert (made.config.epochs, made.config.seed, len(made.valid)) == (10_000, 3, 1)
    assert profile_steps(made, 3).rows == 256


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")
def test_the_parts_on_cuda_add_up_to_the_step() -> None:
    on_cpu = trainer("dcn", rows=70, batch_size=32)
    on_cuda = Trainer(on_cpu.model, on_cpu.train, on_cpu.valid, on_cpu.config, torch.device("cuda"))
    found = profile_steps(on_cuda, 4)
    assert sum(part.ms for part in found.parts) == pytest.approx(found.step_ms)
    assert {part.part for part in found.parts} >= {PRODUCTS, OPTIMIZER, DISPATCH}
