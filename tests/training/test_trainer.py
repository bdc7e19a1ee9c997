"""The training loop: what it yields, when it ends, what it keeps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch

from ctr_app.training import trainer as trainer_module
from ctr_app.training.metrics import Metrics
from ctr_app.training.trainer import EpochDone, EvalDone, Finished, StepDone, Trainer, TrainingFailed, predict

from .examples import UNSEEN_ITEM, build, random_batch, trainer


def measured_as(monkeypatch: pytest.MonkeyPatch, *by_epoch: tuple[float | None, float]) -> None:
    """Let the validation metrics (AUC, logloss) of the epochs be these, one after the other."""
    scripted = (Metrics(1, auc, logloss) for auc, logloss in by_epoch)
    monkeypatch.setattr(trainer_module, "measure", lambda *_: next(scripted))


def weights(trained: Trainer) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in trained.model.state_dict().items()}


def assert_same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> None:
    assert a.keys() == b.keys()
    assert all(torch.equal(a[name], b[name]) for name in a)


def test_steps_evaluation_epoch_and_end_come_in_this_order() -> None:
    events = list(trainer(rows=10, batch_size=4, epochs=2).run())
    one_epoch = [StepDone, StepDone, StepDone, EvalDone, EpochDone]
    assert [type(event) for event in events] == [*one_epoch, *one_epoch, Finished]
    steps = [event for event in events if isinstance(event, StepDone)]
    assert [(step.step, step.epoch, step.rows) for step in steps] == [
        (1, 1, 4),
        (2, 1, 4),
        (3, 1, 2),
        (4, 2, 4),
        (5, 2, 4),
        (6, 2, 2),
    ]
    assert [(event.step, event.ends_after) for event in events if isinstance(event, EvalDone)] == [(3, 2), (6, 2)]
    assert all(event.rows == 10 and event.seconds > 0 for event in events if isinstance(event, EpochDone))
    assert isinstance(events[-1], Finished)
    assert events[-1].reason == "epochs"


def test_it_can_be_left_between_any_two_steps() -> None:
    left, whole = trainer(rows=40, batch_size=8), trainer(rows=40, batch_size=8)
    events = left.run()
    assert [next(events).step for _ in range(3)] == [1, 2, 3]  # type: ignore[union-attr]
    events.close()
    after_step_three = next(weights(whole) for event in whole.run() if isinstance(event, StepDone) and event.step == 3)
    assert_same(weights(left), after_step_three)
    assert np.isfinite(predict(left.model, left.valid)).all()


def test_the_best_epoch_is_kept_and_not_the_last(monkeypatch: pytest.MonkeyPatch) -> None:
    measured_as(monkeypatch, (0.6, 1.0), (0.8, 1.0), (0.7, 1.0))
    trained, by_epoch = trainer(epochs=3), {}
    for event in trained.run():
        if isinstance(event, EvalDone):
            by_epoch[event.epoch] = weights(trained)
            assert event.is_best == (event.epoch < 3)
    assert trained.best_epoch == 2
    assert_same(trained.best_state, by_epoch[2])
    assert not torch.equal(trained.best_state["bias"], by_epoch[3]["bias"])


@pytest.mark.parametrize(
    ("settings", "metrics", "best_epoch", "last_epoch"),
    [
        ({"patience": 2}, [(0.8, 1.0), (0.7, 0.9), (0.7, 0.8), (0.9, 0.7)], 1, 3),
        ({"patience": 2, "monitor": "logloss"}, [(0.8, 1.0), (0.7, 0.9), (0.6, 0.95), (0.5, 0.9)], 2, 4),
        ({"patience": 1}, [(0.8, 1.0), (0.8, 0.5)], 1, 2),
        ({"patience": 1}, [(None, 1.0), (None, 0.9), (None, 0.95)], 2, 3),
    ],
    ids=["auc", "logloss", "an equal value is no better one", "logloss where there is no AUC"],
)
def test_patience_counts_epochs_without_a_better_value(
    monkeypatch: pytest.MonkeyPatch,
    settings: dict[str, object],
    metrics: list[tuple[float | None, float]],
    best_epoch: int,
    last_epoch: int,
) -> None:
    measured_as(monkeypatch, *metrics)
    events = list(trainer(epochs=20, **settings).run())
    assert events[-1] == Finished("patience", best_epoch)
    assert [event.ends_after for event in events if isinstance(event, EvalDone)][-1] == last_epoch
    assert [event.epoch for event in events if isinstance(event, EpochDone)][-1] == last_epoch


@pytest.mark.parametrize("family", ["fm", "dcn", "din"])
def test_the_same_seed_gives_the_same_weights_to_the_bit(family: str) -> None:
    first, second, other = (trainer(family, epochs=2, batch_size=16, seed=seed) for seed in (3, 3, 4))
    for event in first.run():
        assert event
    for _ in second.run():
        torch.rand(7)  # a page that draws random numbers meanwhile
    for event in other.run():
        assert event
    assert_same(weights(first), weights(second))
    assert_same(first.best_state, second.best_state)
    assert any(not torch.equal(tensor, weights(other)[name]) for name, tensor in weights(first).items())


def test_a_value_that_no_training_row_has_says_nothing() -> None:
    trained = trainer(epochs=2)
    assert list(trained.run())
    assert not trained.model.factors("item")[UNSEEN_ITEM].any()  # type: ignore[operator]
    assert trained.model.factors("item").any()  # type: ignore[operator]


@pytest.mark.parametrize("family", ["fm", "dcn", "din"])
@pytest.mark.parametrize(("rows", "batch_size"), [(9, 4), (3, 1)])
def test_a_batch_of_one_row_trains(family: str, rows: int, batch_size: int) -> None:
    trained = trainer(family, rows=rows, valid_rows=2, batch_size=batch_size, epochs=1)
    assert all(torch.isfinite(event.loss) for event in trained.run() if isinstance(event, StepDone))
    assert all(torch.isfinite(tensor).all() for tensor in trained.best_state.values())


def test_an_output_that_is_no_number_ends_training_with_advice() -> None:
    trained = trainer(epochs=1)
    torch.nn.init.constant_(trained.model.get_parameter("bias"), float("nan"))
    with pytest.raises(TrainingFailed, match=r"no number any more; try a lower learning rate\.$"):
        list(trained.run())
    assert trained.best_state == {}


def test_predict_gives_every_row_the_logit_that_it_has_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trainer_module, "EVALUATION_ROWS", 4)
    model, batch = build("dcn"), random_batch(10)
    model.train()
    logits = predict(model, batch)
    assert model.training
    assert logits.dtype == np.float64
    alone = [predict(model, batch.select(slice(row, row + 1)))[0] for row in range(10)]
    assert logits == pytest.approx(np.array(alone), abs=1e-6)
    assert predict(model, batch.select(slice(0, 0))).shape == (0,)


def test_predict_puts_the_mode_back_after_an_error() -> None:
    model, batch = build(), random_batch(3)
    model.train()
    with pytest.raises(IndexError):
        predict(model, batch.__class__(batch.numeric, batch.categorical + 100, batch.sequences, batch.labels))
    assert model.training


def test_groups_of_the_validation_rows_give_gauc() -> None:
    plain = trainer(epochs=1)
    grouped = Trainer(
        build(), plain.train, plain.valid, plain.config, torch.device("cpu"), np.arange(len(plain.valid)) % 3
    )
    with_groups = next(event for event in grouped.run() if isinstance(event, EvalDone))
    assert with_groups.metrics.gauc is not None
    assert next(event for event in plain.run() if isinstance(event, EvalDone)).metrics.gauc is None


def weighing(weights_of_rows: torch.Tensor | None, **settings: Any) -> Trainer:
    """A trainer whose training rows have these weights."""
    plain = trainer(**settings)
    rows = replace(plain.train, weights=weights_of_rows)
    return Trainer(plain.model, rows, plain.valid, plain.config, plain.device)


@pytest.mark.parametrize("family", ["fm", "dcn", "din"])
def test_only_how_weights_compare_matters(family: str) -> None:
    drawn = torch.rand(64, generator=torch.Generator().manual_seed(0)) + 0.1
    for some, others in ((None, torch.full((64,), 7.0)), (drawn, 8 * drawn)):
        first, second = (weighing(of_rows, family=family, epochs=1) for of_rows in (some, others))
        for trained in (first, second):
            assert list(trained.run())
        for name, tensor in weights(first).items():
            torch.testing.assert_close(tensor, weights(second)[name], rtol=1e-4, atol=1e-6)


def test_a_row_of_no_weight_to_speak_of_teaches_nothing() -> None:
    of_rows = torch.ones(64)
    of_rows[:32] = 1e-12
    first, second = weighing(of_rows, epochs=1), weighing(of_rows, epochs=1)
    second.train.labels[:32] = 1 - second.train.labels[:32]
    for trained in (first, second):
        assert list(trained.run())
    for name, tensor in weights(first).items():
        torch.testing.assert_close(tensor, weights(second)[name], rtol=1e-4, atol=1e-6)


def test_weights_of_validation_rows_reach_the_metrics(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setattr(trainer_module, "measure", lambda *given: seen.append(given[3]) or Metrics(1, 0.5, 0.5))
    plain = trainer(epochs=1)
    of_rows = torch.rand(len(plain.valid))
    rows = replace(plain.valid, weights=of_rows)
    assert list(Trainer(plain.model, plain.train, rows, plain.config, plain.device).run())
    assert seen[0].tolist() == of_rows.tolist()


def test_labels_may_be_probabilities() -> None:
    plain = trainer(rows=512, valid_rows=512, epochs=30, batch_size=64)
    for rows in (plain.train, plain.valid):
        rows.labels.copy_(0.2 + 0.6 * rows.labels)
    entropy = -(0.2 * np.log(0.2) + 0.8 * np.log(0.8))
    losses = [event.metrics.logloss for event in plain.run() if isinstance(event, EvalDone)]
    assert entropy < min(losses) < losses[0]
