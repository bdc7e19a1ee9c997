"""Training on CUDA, wherever there is such a device."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from ctr_app.models.registry import FAMILIES, resolve
from ctr_app.training import optimizer
from ctr_app.training.launch import configs_for
from ctr_app.training.optimizer import LoopedRows, MaskedRows, RowAdam, SparseRows, Step
from ctr_app.training.trainer import Finished, StepDone, Trainer, predict

from .examples import LAYOUT, trainer

DEVICE = torch.device("cuda")
EVERY = ("fm", "dcn-v1", "dcn-v2", "dcn-mix", "din")
pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")

every_family = pytest.mark.parametrize("name", EVERY)
every_kind = pytest.mark.parametrize("kind", [MaskedRows, SparseRows])


def trainers(name: str, **settings: Any) -> tuple[Trainer, Trainer]:
    """The same training on the CPU and on CUDA."""
    family, implied = resolve(name)
    here, there = (trainer(family.name, **{**implied, **settings}) for _ in range(2))
    return here, Trainer(there.model, there.train, there.valid, there.config, DEVICE)


def without_dropout(name: str) -> dict[str, float]:
    return {} if name == "fm" else {"dropout": 0.0}


def losses_of(trained: Trainer) -> Tensor:
    return torch.stack([event.loss for event in trained.run() if isinstance(event, StepDone)]).cpu()


@every_family
def test_training_lowers_the_loss_and_keeps_the_best_on_the_cpu(name: str) -> None:
    _, there = trainers(name, rows=512, epochs=8, patience=100, batch_size=64)
    losses = losses_of(there)
    assert losses.isfinite().all()
    assert losses[-8:].mean() < losses[:8].mean()
    assert {tensor.device.type for tensor in there.best_state.values()} == {"cpu"}
    assert {parameter.device.type for parameter in there.model.parameters()} == {DEVICE.type}


@every_family
def test_a_few_steps_without_dropout_are_those_of_the_cpu(name: str) -> None:
    settings = {"rows": 320, "batch_size": 64, "epochs": 2, "patience": 100, "learning_rate": 1e-3}
    here, there = trainers(name, **settings, **without_dropout(name))
    torch.testing.assert_close(losses_of(there), losses_of(here), rtol=1e-4, atol=1e-5)
    found, expected = predict(there.model, there.valid), predict(here.model, here.valid)
    assert (found - expected).std() < 0.05 * expected.std()


@every_family
def test_matrices_too_large_for_a_step_on_all_of_them_train_alike(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"rows": 320, "batch_size": 64, "epochs": 2, "learning_rate": 1e-3}
    _, whole = trainers(name, **settings, **without_dropout(name))
    monkeypatch.setattr(optimizer, "SPARSE_FROM", 0)
    _, sparse = trainers(name, **settings, **without_dropout(name))
    assert {type(rows) for rows in sparse.optimizer.rows} == {SparseRows}
    assert {type(rows) for rows in whole.optimizer.rows} == {MaskedRows}
    torch.testing.assert_close(losses_of(sparse), losses_of(whole), rtol=1e-4, atol=1e-5)


@every_family
def test_with_dropout_and_averages_it_comes_to_its_end(name: str) -> None:
    _, there = trainers(name, rows=256, epochs=3, batch_size=64, averaging=0.5)
    *_, last = there.run()
    assert isinstance(last, Finished)
    assert all(tensor.isfinite().all() for tensor in there.best_state.values() if tensor.is_floating_point())


@every_family
def test_in_bfloat16_the_loss_falls_and_weights_stay_float32(name: str) -> None:
    _, there = trainers(name, rows=512, epochs=8, patience=100, batch_size=64, precision="bfloat16")
    losses = losses_of(there)
    assert losses.isfinite().all()
    assert losses[-8:].mean() < losses[:8].mean()
    assert {parameter.dtype for parameter in there.model.parameters()} == {torch.float32}


@every_family
def test_logits_of_bfloat16_are_float32_and_close_to_those_of_float32(name: str) -> None:
    _, there = trainers(name, rows=512, **without_dropout(name))
    model = there.model.train()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)).to(DEVICE))
        expected = model(there.train)
        with torch.autocast(DEVICE.type, torch.bfloat16):
            logits = model(there.train)
    assert logits.dtype == torch.float32
    assert (logits - expected).norm() < 2e-2 * expected.norm()


def rows_on(kind: type[RowAdam], device: torch.device) -> Any:
    generator = torch.Generator().manual_seed(0)
    matrix = nn.Parameter(torch.randn(40, 5, generator=generator).to(device))
    steps_a_touch = torch.rand(40, generator=generator).add(0.01).reciprocal().to(device)
    return kind(matrix, steps_a_touch, True)  # type: ignore[call-arg]


@every_kind
def test_rows_on_cuda_are_stepped_like_those_on_the_cpu(kind: type[RowAdam]) -> None:
    here, there = rows_on(LoopedRows, torch.device("cpu")), rows_on(kind, DEVICE)
    generator = torch.Generator().manual_seed(1)
    for number in range(1, 31):
        step = Step.number(number, 0.01, 0.02, 0.1)
        here.clear()
        there.clear()
        for count in (7, 30):  # two lookups, rows more than once among them
            ids = torch.randint(0, 38, (count,), generator=generator)
            gradients = torch.randn(count, 5, generator=generator)
            here.add(ids, gradients)
            there.add(ids.to(DEVICE), gradients.to(DEVICE))
        here.step(step)
        there.step(step)
    for found, expected in (
        (there.matrix.detach(), here.matrix.detach()),
        (there.average, here.average),
        (there.moments(), here.moments()),
    ):
        torch.testing.assert_close(found.cpu(), expected, rtol=1e-4, atol=1e-5)
    assert torch.equal(there.matrix.detach()[38:].cpu(), rows_on(LoopedRows, torch.device("cpu")).matrix.detach()[38:])


@every_kind
def test_a_step_that_touches_no_row_changes_none(kind: type[RowAdam]) -> None:
    rows = rows_on(kind, DEVICE)
    before = rows.matrix.detach().clone()
    rows.clear()
    rows.step(Step.number(1, 0.01, 0.1, 0.1))
    assert torch.equal(rows.matrix.detach(), before)


@pytest.mark.filterwarnings("ignore:Synchronization debug mode")
@pytest.mark.parametrize("family", ["fm", "dcn"])
def test_no_step_without_histories_waits_for_the_device(family: str) -> None:
    some, layout = trainer(family, rows=256, batch_size=64, epochs=2), replace(LAYOUT, sequences=())
    model = FAMILIES[family].build(layout, configs_for(family, {})[0])
    train, valid = (replace(batch, sequences={}) for batch in (some.train, some.valid))
    steps = Trainer(model, train, valid, some.config, DEVICE).run()
    for _ in range(2):
        next(steps)  # what is made once may wait
    torch.cuda.synchronize()
    torch.cuda.set_sync_debug_mode("error")
    try:
        third = next(steps)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert isinstance(third, StepDone)
    assert third.loss.isfinite()
