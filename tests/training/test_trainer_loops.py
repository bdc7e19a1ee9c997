"""Training by compiled loops: beside a plain dense training, in bfloat16, beside another training, and gone wrong."""

from __future__ import annotations

import copy
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from ctr_app.models import kernels
from ctr_app.models.layers import FieldEmbedding, SafeBatchNorm
from ctr_app.models.registry import resolve
from ctr_app.training.trainer import EvalDone, StepDone, Trainer, TrainingFailed, predict

from .examples import trainer

EVERY = ("fm", "dcn-v1", "dcn-v2", "dcn-mix", "din")
STEPS = 30


def trainer_of(name: str, **settings: Any) -> Trainer:
    family, implied = resolve(name)
    return trainer(family.name, **{**implied, **settings})


def losses_of(trained: Trainer) -> Tensor:
    return torch.stack([event.loss for event in trained.run() if isinstance(event, StepDone)])


def by_plain_adam(model: nn.Module, trained: Trainer) -> Tensor:
    """Losses of as many steps on all rows, by torch's operators and torch's Adam on every row of every matrix."""
    config, matrices = trained.config, []
    for module in model.modules():
        matrices += list(module.matrices().values()) if isinstance(module, FieldEmbedding) else []
    others = [parameter for parameter in model.parameters() if all(parameter is not matrix for matrix in matrices)]
    adam = torch.optim.Adam(
        [
            {"params": matrices, "weight_decay": config.embedding_decay},
            {"params": others, "weight_decay": config.weight_decay},
        ],
        config.learning_rate,
    )
    losses = []
    with kernels.switched_off():
        model.train()
        for _ in range(STEPS):
            adam.zero_grad()
            loss = functional.binary_cross_entropy_with_logits(model(trained.train), trained.train.labels)
            loss.backward()
            adam.step()
            losses.append(loss.detach())
    return torch.stack(losses)


def before_batch_norm(model: nn.Module) -> set[str]:
    """Biases that batch norm takes off again, and the running means that follow them: nothing says what they are."""
    names = set()
    for name, module in model.named_modules():
        if isinstance(getattr(module, "norm", None), SafeBatchNorm) and hasattr(module, "linear"):
            names |= {f"{name}.linear.bias", f"{name}.norm.running_mean", f"{name}.norm.num_batches_tracked"}
    return names


@pytest.mark.parametrize("name", EVERY)
def test_where_every_step_touches_every_row_it_ends_where_plain_dense_training_does(name: str) -> None:
    settings = {"epochs": STEPS, "patience": 1000, "batch_size": 256, "averaging": 0.0, "embedding_decay": 1e-3}
    # Where the loss falls fast, a rounding soon decides which side of zero a unit is on, by any way of computing.
    settings |= {} if name == "fm" else {"dropout": 0.0, "learning_rate": 1e-3}
    fast = trainer_of(name, rows=256, **settings)
    plain = copy.deepcopy(fast.model)
    expected = by_plain_adam(plain, fast)
    torch.testing.assert_close(losses_of(fast), expected, rtol=1e-5, atol=0.0)
    assert expected[-1] < 0.97 * expected[0]
    undetermined = before_batch_norm(plain)
    found = fast.model.state_dict()
    for key, tensor in plain.state_dict().items():
        if key not in undetermined and not key.endswith("num_batches_tracked"):
            torch.testing.assert_close(found[key], tensor, rtol=2e-3, atol=2e-4, msg=lambda m, k=key: f"{k}: {m}")


@pytest.mark.parametrize("name", EVERY)
def test_in_bfloat16_every_family_trains_and_its_weights_stay_float32(name: str) -> None:
    lower = trainer_of(name, rows=512, epochs=6, patience=100, batch_size=64, precision="bfloat16")
    losses = losses_of(lower)
    assert losses.isfinite().all()
    assert losses[-8:].mean() < losses[:8].mean()
    assert {tensor.dtype for tensor in lower.best_state.values() if tensor.is_floating_point()} == {torch.float32}
    assert {parameter.dtype for parameter in lower.model.parameters()} == {torch.float32}
    assert predict(lower.model, lower.valid).std() > 0


@pytest.mark.parametrize("is_looped", [True, False], ids=["loops", "torch"])
@pytest.mark.parametrize("name", EVERY)
def test_logits_of_bfloat16_are_float32_and_close_to_those_of_float32(name: str, is_looped: bool) -> None:
    settings = {} if name == "fm" else {"dropout": 0.0}
    model, batch = (some := trainer_of(name, rows=512, **settings)).model.train(), some.train
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1)))
    lower, full = copy.deepcopy(model), copy.deepcopy(model)
    with as_wanted(is_looped):
        with torch.autocast("cpu", torch.bfloat16):
            logits = lower(batch)
        expected = full(batch)
        gradients = [of_loss(of, given, batch.labels) for of, given in ((lower, logits), (full, expected))]
    assert logits.dtype == torch.float32
    assert (logits - expected).norm() < 2e-2 * expected.norm()
    assert {gradient.dtype for gradient in gradients[0]} == {torch.float32}
    together, expected_together = (torch.cat([gradient.flatten() for gradient in of]) for of in gradients)
    assert (together - expected_together).norm() < 5e-2 * expected_together.norm()


@contextmanager
def as_wanted(is_looped: bool) -> Iterator[None]:
    if is_looped:
        yield
    else:
        with kernels.switched_off():
            yield


def of_loss(model: nn.Module, logits: Tensor, labels: Tensor) -> list[Tensor]:
    functional.binary_cross_entropy_with_logits(logits, labels).backward()
    return [parameter.grad for parameter in model.parameters() if parameter.grad is not None]


def test_bfloat16_changes_what_is_computed_where_there_are_matrix_products() -> None:
    lower, full = (losses_of(trainer_of("dcn-v2", precision=name)) for name in ("bfloat16", "float32"))
    assert not torch.equal(lower, full)


@pytest.mark.parametrize("name", ["dcn-v2", "din"])
def test_another_training_at_the_same_time_changes_no_bit(name: str) -> None:
    settings = {"rows": 512, "epochs": 4, "patience": 100, "batch_size": 64, "dropout": 0.3}
    alone = trainer_of(name, **settings)
    expected = losses_of(alone)
    is_over, others = threading.Event(), []

    def train_others() -> None:
        while not is_over.is_set() or not others:
            others.append(losses_of(trainer_of("din", rows=128, epochs=1, seed=len(others) + 1)))

    watched = trainer_of(name, **settings)
    thread = threading.Thread(target=train_others)
    thread.start()
    try:
        found = losses_of(watched)
    finally:
        is_over.set()
        thread.join()
    assert torch.equal(found, expected)
    assert all(torch.equal(watched.best_state[key], tensor) for key, tensor in alone.best_state.items())


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("name", EVERY)
def test_one_number_that_is_none_ends_training_in_words(name: str, odd: float) -> None:
    some = trainer_of(name, epochs=3)
    some.train.numeric[5, 0] = odd
    with pytest.raises(TrainingFailed, match="no number any more"):
        list(some.run())
    assert some.best_state == {}


@pytest.mark.parametrize("name", EVERY)
def test_an_id_beyond_its_vocabulary_is_refused_before_anything_is_written(name: str) -> None:
    some = trainer_of(name)
    events = some.run()
    next(events)
    before = {key: tensor.clone() for key, tensor in some.model.state_dict().items() if "running" not in key}
    some.train.categorical.fill_(10_000)
    with pytest.raises(IndexError):
        some._step(some.train)
    after = some.model.state_dict()
    assert all(torch.equal(after[key], tensor) for key, tensor in before.items() if "num_batches" not in key)


@pytest.mark.parametrize("name", EVERY)
def test_what_is_evaluated_is_finite_from_the_first_epoch_with_all_defaults(name: str) -> None:
    evaluated = [event.metrics.logloss for event in trainer_of(name, epochs=2).run() if isinstance(event, EvalDone)]
    assert len(evaluated) == 2
    assert all(0 < logloss < 2 for logloss in evaluated)
