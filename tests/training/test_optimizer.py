"""Adam on touched rows beside torch's dense Adam, in each of the three ways of doing it."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ctr_app.models.rows import gather_rows
from ctr_app.training import optimizer
from ctr_app.training.optimizer import Adam, LoopedRows, MaskedRows, SparseRows, Step

ROWS = 6
WAYS = {"looped": LoopedRows, "masked": MaskedRows, "sparse": SparseRows}


class Table(nn.Module):
    """One embedding matrix and two weights beside it, one of which no gradient reaches."""

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.matrix = nn.Parameter(torch.randn(ROWS, 3, generator=generator))
        self.scale = nn.Parameter(torch.ones(3))
        self.idle = nn.Parameter(torch.ones(2))
        self.register_buffer("seen", torch.zeros(1))

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return (gather_rows(self.matrix, ids) * self.scale).square().sum()


@pytest.fixture(params=list(WAYS), autouse=True)
def way(request, monkeypatch) -> str:
    """Every test here is of all three."""
    monkeypatch.setattr(optimizer, "rows_of", WAYS[request.param])
    return request.param


def steps(model: Table, batches: list[torch.Tensor], **settings: float) -> Adam:
    share = torch.full((ROWS,), settings.pop("share", 1.0))
    adam = Adam(model, [(model.matrix, share)], 0.01, **settings)
    adam.attach()
    for ids in batches:
        adam.clear()
        model(ids).backward()
        adam.step()
    adam.detach()
    return adam


def trained(batches: list[torch.Tensor], decay: float = 0.0) -> Table:
    model = Table()
    steps(model, batches, weight_decay=decay, embedding_decay=decay)
    return model


def trained_by_torch(batches: list[torch.Tensor], decay: float = 0.0) -> Table:
    model = Table()
    adam = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=decay)
    for ids in batches:
        adam.zero_grad()
        model(ids).backward()
        adam.step()
    return model


ALL_ROWS = [torch.tensor([0, 1, 2, 3, 4, 5, step % 6]) for step in range(20)]


@pytest.mark.parametrize("decay", [0.0, 0.1])
def test_where_every_step_touches_every_row_it_is_torchs_adam(decay: float) -> None:
    ours, theirs = trained(ALL_ROWS, decay), trained_by_torch(ALL_ROWS, decay)
    torch.testing.assert_close(ours.matrix, theirs.matrix)
    torch.testing.assert_close(ours.scale, theirs.scale)


def test_rows_that_no_step_touches_stay() -> None:
    model = trained([torch.tensor([1, 2])] * 5, 0.1)
    before = Table().matrix
    assert torch.equal(model.matrix[[0, 3, 4, 5]], before[[0, 3, 4, 5]])
    assert not torch.equal(model.matrix[[1, 2]], before[[1, 2]])


def test_decay_takes_off_in_expectation_what_dense_decay_does(way) -> None:
    decay, share, number = 0.1, 0.25, 8_000
    matrix = nn.Parameter(torch.ones(1, 1))
    rows = WAYS[way](matrix, torch.tensor([1 / share]), False)
    generator = torch.Generator().manual_seed(0)
    step = Step(size=0.0, root=1.0, decay=decay, rate=0.0)  # no step is made: the first moment tells what was pulled
    pulled = 0.0
    for _ in range(number):
        rows.clear()
        if torch.rand((), generator=generator) < share:
            before = float(rows.moments()[0, 0, 0])
            rows.add(torch.tensor([0]), torch.zeros(1, 1))
            rows.step(step)
            gained = float(rows.moments()[0, 0, 0]) - optimizer.BETAS[0] * before
            pulled += gained / (1 - optimizer.BETAS[0])
    assert pulled / number == pytest.approx(decay, rel=0.06)


def test_the_same_row_many_times_in_a_batch_is_one_gradient() -> None:
    batches = [torch.tensor([2, 2, 2, 5])] * 3
    ours, theirs = trained(batches), trained_by_torch(batches)
    torch.testing.assert_close(ours.matrix, theirs.matrix)


def test_gradients_of_two_lookups_add_up() -> None:
    ours, theirs = Table(), Table()
    adam = Adam(ours, [(ours.matrix, torch.ones(ROWS))], 0.01)
    adam.attach()
    (ours(torch.tensor([1, 2])) + ours(torch.tensor([2, 3]))).backward()
    adam.step()
    adam.detach()
    by_torch = torch.optim.Adam(theirs.parameters(), lr=0.01)
    (theirs(torch.tensor([1, 2])) + theirs(torch.tensor([2, 3]))).backward()
    by_torch.step()
    torch.testing.assert_close(ours.matrix, theirs.matrix)


def test_the_average_of_rows_and_weights_is_that_of_every_steps_weights() -> None:
    model = Table()
    slow, seen = Table(), []
    adam = torch.optim.Adam(slow.parameters(), lr=0.01)
    average = {name: value.clone() for name, value in slow.state_dict().items()}
    for number, ids in enumerate(ALL_ROWS, start=1):
        adam.zero_grad()
        slow(ids).backward()
        adam.step()
        for name, value in slow.state_dict().items():
            average[name] += (value - average[name]) / (1 + 0.2 * number)
        seen.append(slow.matrix.detach().clone())
    ours = steps(model, ALL_ROWS, averaging=0.2)
    raw = {name: value.clone() for name, value in model.state_dict().items()}
    with ours.averaged():
        for name, value in model.state_dict().items():
            torch.testing.assert_close(value, average[name])
        assert not torch.equal(model.matrix, raw["matrix"])
    for name, value in model.state_dict().items():
        assert torch.equal(value, raw[name])
    torch.testing.assert_close(raw["matrix"], seen[-1])


def test_a_row_that_is_seldom_touched_is_averaged_over_as_many_steps() -> None:
    model = Table()
    ours = steps(model, [torch.tensor([0])] * 10, averaging=1.0, share=0.05)
    with ours.averaged():
        averaged = model.matrix.detach().clone()
    # One touch stands for 20 steps here, so after 10 of them the average is the last weights.
    assert torch.equal(averaged[0], model.matrix.detach()[0])


def test_without_averaging_nothing_changes_place() -> None:
    model = Table()
    adam = steps(model, ALL_ROWS[:3])
    before = model.matrix.detach().clone()
    with adam.averaged():
        assert torch.equal(model.matrix, before)


def test_a_weight_that_no_gradient_reaches_stays() -> None:
    assert torch.equal(trained(ALL_ROWS[:3]).idle, torch.ones(2))


def test_the_states_names() -> None:
    model = Table()
    adam = steps(model, [torch.tensor([0])], averaging=0.1)
    state = adam.state()
    assert {"weights.exp_avg", "weights.exp_avg_sq", "rows.0", "average.0", "rows_average.0"} <= set(state)
    assert state["rows.0"].shape == (ROWS, 2, 3)
