"""Adam on touched rows beside torch's dense Adam."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from ctr_app.models.rows import gather_rows
from ctr_app.training import optimizer
from ctr_app.training.optimizer import Adam, LazyRows


class Table(nn.Module):
    """One embedding matrix and one weight beside it."""

    def __init__(self, rows: int = 6) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.matrix = nn.Parameter(torch.randn(rows, 3, generator=generator))
        self.scale = nn.Parameter(torch.ones(3))

    def forward(self, ids: torch.Tensor) -> torch.Tensor:
        return (gather_rows(self.matrix, ids) * self.scale).square().sum()


def trained(batches: list[torch.Tensor], weight_decay: float, share: float = 1.0) -> Table:
    model = Table()
    adam = Adam(model, [(model.matrix, torch.full((6,), share))], 0.01, weight_decay)
    adam.attach()
    for ids in batches:
        adam.clear()
        model(ids).backward()
        adam.step()
    adam.detach()
    return model


def trained_by_torch(batches: list[torch.Tensor], weight_decay: float) -> Table:
    model = Table()
    adam = torch.optim.Adam(model.parameters(), lr=0.01, weight_decay=weight_decay)
    for ids in batches:
        adam.zero_grad()
        model(ids).backward()
        adam.step()
    return model


@pytest.fixture(params=["dense", "lazy"])
def _rows(request, monkeypatch):
    if request.param == "lazy":
        monkeypatch.setattr(optimizer, "LAZY_FROM", {"cpu": 0})


@pytest.mark.usefixtures("_rows")
@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
def test_where_every_step_touches_every_row_it_is_torchs_adam(weight_decay: float) -> None:
    batches = [torch.tensor([0, 1, 2, 3, 4, 5, step % 6]) for step in range(20)]
    ours, theirs = trained(batches, weight_decay), trained_by_torch(batches, weight_decay)
    torch.testing.assert_close(ours.matrix, theirs.matrix)
    torch.testing.assert_close(ours.scale, theirs.scale)


def test_dense_rows_are_torchs_adam_on_rows_that_few_steps_touch_too() -> None:
    batches = [torch.tensor([step % 3, 4]) for step in range(20)]
    ours, theirs = trained(batches, 0.01), trained_by_torch(batches, 0.01)
    torch.testing.assert_close(ours.matrix, theirs.matrix)


def test_lazy_rows_leave_rows_alone_that_no_step_touches(monkeypatch) -> None:
    monkeypatch.setattr(optimizer, "LAZY_FROM", {"cpu": 0})
    model = trained([torch.tensor([1, 2])] * 5, 0.1)
    before = Table().matrix
    assert torch.equal(model.matrix[[0, 3, 4, 5]], before[[0, 3, 4, 5]])
    assert not torch.equal(model.matrix[[1, 2]], before[[1, 2]])


def test_lazy_decay_takes_off_in_expectation_what_dense_decay_does() -> None:
    decay, share, steps = 0.1, 0.25, 40_000
    matrix = nn.Parameter(torch.ones(1, 1))
    rows = LazyRows(matrix, 0.0, decay, torch.tensor([share]))
    generator = torch.Generator().manual_seed(0)
    pulled = 0.0
    for _ in range(steps):
        rows.clear()
        if torch.rand((), generator=generator) < share:
            rows.add(torch.tensor([0]), torch.zeros(1, 1))
            rows.second.zero_()
            rows.first.zero_()
            rows.step()
            pulled += float(rows.first) / (1 - optimizer.BETAS[0])
    assert pulled / steps == pytest.approx(decay, rel=0.03)


def test_the_same_row_many_times_in_a_batch_is_one_gradient(monkeypatch) -> None:
    monkeypatch.setattr(optimizer, "LAZY_FROM", {"cpu": 0})
    batches = [torch.tensor([2, 2, 2, 5])] * 3
    ours, theirs = trained(batches, 0.0), trained_by_torch(batches, 0.0)
    torch.testing.assert_close(ours.matrix, theirs.matrix)


def test_state_names_every_moment(monkeypatch) -> None:
    model = Table()
    adam = Adam(model, [(model.matrix, torch.ones(6))], 0.01, 0.0)
    model(torch.tensor([0])).backward()
    adam.step()
    assert {"exp_avg.0", "exp_avg_sq.0", "step.0"} <= set(adam.state())
    monkeypatch.setattr(optimizer, "LAZY_FROM", {"cpu": 0})
    lazy = Adam(model, [(model.matrix, torch.ones(6))], 0.01, 0.0)
    assert {"lazy_first.0", "lazy_second.0"} <= set(lazy.state())
