"""What operators and compiled loops must move and compute, and what the machine can."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from ctr_app.training.step_floor import Counter, Rates, Work, loop_bytes, measured_rates
from ctr_app.training.step_parts import (
    ARITHMETIC_BACKWARD,
    ARITHMETIC_FORWARD,
    BACKWARD_RANGE,
    FORWARD_RANGE,
    PRODUCTS,
)

from .examples import build

FLOAT, LONG = 4, 8
ROWS, WIDTH = 6, 5


def counted(run: Callable[[], object]) -> list[Work]:
    counter = Counter(nn.Identity())
    with counter, counter.inside(FORWARD_RANGE):
        run()
    return counter.work


def total_bytes(run: Callable[[], object]) -> float:
    return sum(each.num_bytes for each in counted(run))


def numbers(*shape: int) -> Tensor:
    return torch.arange(float(np.prod(shape))).view(shape)


@pytest.mark.parametrize("sizes", [(3, 1), (7, 4, 2, 1)])
def test_products_of_a_network_cost_three_times_two_operations_a_weight_and_row(sizes: tuple[int, ...]) -> None:
    network = nn.Sequential(*(nn.Linear(a, b) for a, b in pairwise(sizes)))
    x = numbers(ROWS, sizes[0]).requires_grad_()
    weights = sum(a * b for a, b in pairwise(sizes))
    products = [each for each in counted(lambda: network(x).sum().backward()) if each.part == PRODUCTS]
    assert sum(each.operations for each in products) == 3 * 2 * ROWS * weights
    assert {each.dtype for each in products} == {"float32"}


def test_products_of_a_batch_of_matrices_and_of_other_numbers_are_counted() -> None:
    a, b = numbers(3, ROWS, WIDTH), numbers(3, WIDTH, 2)
    (bmm,) = counted(lambda: torch.bmm(a, b))
    assert bmm.operations == 2 * 3 * ROWS * WIDTH * 2
    (half,) = counted(lambda: torch.mv(a[0].bfloat16(), b[0, :, 0].bfloat16()))[-1:]
    assert (half.operations, half.dtype) == (2 * ROWS * WIDTH, "bfloat16")


def test_an_operator_reads_its_inputs_and_writes_its_results_once() -> None:
    a, b = numbers(ROWS, WIDTH), numbers(ROWS, WIDTH)
    size = ROWS * WIDTH * FLOAT
    assert total_bytes(lambda: a + b) == 3 * size
    assert total_bytes(lambda: a.mul_(b)) == 3 * size
    assert total_bytes(lambda: a.zero_()) == size
    assert total_bytes(lambda: a.copy_(b)) == 2 * size
    assert total_bytes(lambda: torch.cat([a, b])) == 4 * size
    assert total_bytes(lambda: a.sum(dim=0)) == size + WIDTH * FLOAT


def test_what_is_only_repeated_or_viewed_is_not_moved() -> None:
    a, row = numbers(ROWS, WIDTH), numbers(WIDTH)
    assert total_bytes(lambda: a.view(WIDTH, ROWS).T[1:]) == 0
    assert total_bytes(lambda: torch.empty(1000)) == 0
    assert total_bytes(lambda: a + row.expand(ROWS, WIDTH)) == 2 * ROWS * WIDTH * FLOAT + WIDTH * FLOAT


def test_of_a_table_only_the_rows_count_that_are_reached() -> None:
    table, ids, rows = numbers(1000, WIDTH), torch.tensor([1, 7, 7]), numbers(3, WIDTH)
    row_bytes, id_bytes = 3 * WIDTH * FLOAT, 3 * LONG
    assert total_bytes(lambda: table.index_select(0, ids)) == id_bytes + 2 * row_bytes
    assert total_bytes(lambda: table[ids]) == id_bytes + 2 * row_bytes
    assert total_bytes(lambda: table.index_add_(0, ids, rows)) == id_bytes + 3 * row_bytes
    assert total_bytes(lambda: table.index_copy_(0, ids, rows)) == id_bytes + 2 * row_bytes


def test_a_fused_optimizer_reads_four_and_writes_three_numbers_a_weight() -> None:
    weights = nn.Parameter(numbers(ROWS, WIDTH))
    optimizer = torch.optim.Adam([weights], fused=True)
    weights.grad = torch.ones_like(weights)
    optimizer.step()
    step_counts = 2 * 2 * FLOAT  # the number of the step is counted up, then read
    assert total_bytes(optimizer.step) == pytest.approx(7 * ROWS * WIDTH * FLOAT, abs=step_counts)


def test_work_is_of_the_direction_in_which_it_is_done() -> None:
    counter = Counter(nn.Identity())
    x = numbers(3).requires_grad_()
    with counter:
        with counter.inside(FORWARD_RANGE):
            loss = x.square().sum()
        with counter.inside(BACKWARD_RANGE):
            loss.backward()
    assert {each.part for each in counter.work} >= {ARITHMETIC_FORWARD, ARITHMETIC_BACKWARD}


def test_what_was_counted_before_is_forgotten_when_it_begins_afresh() -> None:
    counter = Counter(nn.Identity())
    with counter:
        numbers(3).square()
        with counter.afresh():
            numbers(4)
    assert [each.num_bytes for each in counter.work] == [4 * FLOAT]


def test_a_loop_moves_what_it_reads_and_the_rows_it_changes() -> None:
    read, out = np.ones((ROWS, WIDTH), np.float32), np.zeros((ROWS, WIDTH), np.float32)
    after = out.copy()
    after[:2] = 1.0
    assert loop_bytes([read, out], [read, after], set()) == (ROWS + 2) * WIDTH * FLOAT


def test_a_loop_reaches_as_many_rows_of_a_table_as_there_are_ids() -> None:
    table, ids = np.ones((1000, WIDTH), np.float32), np.array([[3, 4], [5, 0]])
    assert loop_bytes([table, ids], [table, ids], {1000}) == ids.nbytes + 3 * WIDTH * FLOAT
    after = table.copy()
    after[7] = 2.0
    assert loop_bytes([table, ids], [after, ids], {1000}) == ids.nbytes + 2 * WIDTH * FLOAT


def test_a_loop_is_called_and_counted_with_the_tables_of_the_model() -> None:
    model = build("fm")
    (table,) = (len(parameter) for name, parameter in model.named_parameters() if "tables" in name)
    counter = Counter(model)

    def gather(matrix: np.ndarray, ids: np.ndarray) -> float:
        return float(matrix[ids].sum())

    assert counter.call("loop: rows.gather", gather, (np.ones((table, 2), np.float32), np.array([1, 2]))) == 4.0
    assert [each.num_bytes for each in counter.work] == [2 * LONG + 2 * 2 * FLOAT]


def test_the_floor_is_the_longer_of_moving_and_multiplying() -> None:
    rates = Rates(copied=100.0, multiplied={"float32": 10.0, "bfloat16": 20.0})
    assert Work(PRODUCTS, 50.0, 40.0).seconds(rates) == 4.0
    assert Work(PRODUCTS, 50.0, 40.0, "bfloat16").seconds(rates) == 2.0
    assert Work(PRODUCTS, 500.0, 40.0).seconds(rates) == 5.0


def test_the_rates_are_measured_for_every_type_that_is_multiplied(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ctr_app.training.step_floor.COPY_NUMBERS", 1000)
    monkeypatch.setattr("ctr_app.training.step_floor.PRODUCT_SHAPE", {"cpu": (4, 3, 2)})
    monkeypatch.setattr("ctr_app.training.step_floor.MEASURING_SECONDS", 0.0)
    rates = measured_rates(torch.device("cpu"), {"bfloat16"})
    assert rates.copied > 0
    assert rates.multiplied.keys() == {"float32", "bfloat16"}
    assert min(rates.multiplied.values()) > 0
