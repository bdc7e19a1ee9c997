"""The training loop as a generator of events: no threads, no files, no screen."""

from __future__ import annotations

import math
import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from ..data.batch import Batch
from ..models.layers import Dropout, FieldEmbedding
from .config import TrainingConfig
from .metrics import Metrics, measure
from .optimizer import Adam

EVALUATION_ROWS = 8192


@dataclass(frozen=True)
class StepDone:
    """One optimizer step: its number from 1, the epoch from 1, the mean loss in nats (on the device), its rows."""

    step: int
    epoch: int
    loss: Tensor
    rows: int


@dataclass(frozen=True)
class EvalDone:
    """One evaluation on the validation rows, at the end of an epoch; the model is still as it was validated.

    ``ends_after`` is the epoch that is the last one if none after this one is better.
    """

    step: int
    epoch: int
    metrics: Metrics
    is_best: bool
    ends_after: int


@dataclass(frozen=True)
class EpochDone:
    """The end of one epoch, after its evaluation: training rows and the seconds its steps took."""

    epoch: int
    rows: int
    seconds: float
    is_best: bool


@dataclass(frozen=True)
class Finished:
    """The end: ``reason`` is "epochs" (all of them done) or "patience" (no better value for so many epochs)."""

    reason: str
    best_epoch: int


Event = StepDone | EvalDone | EpochDone | Finished


class TrainingFailed(RuntimeError):
    """The loss is no number any more; the message says what to change."""


class Trainer:
    """Trains ``model`` on whole-tensor batches with Adam; ``run`` may be abandoned between two events.

    ``valid_groups`` (n,) are the group ids of the validation rows, for GAUC. After a run ``best_state`` holds the
    weights of the best epoch by the monitored metric, on the CPU.
    """

    def __init__(
        self,
        model: nn.Module,
        train: Batch,
        valid: Batch,
        config: TrainingConfig,
        device: torch.device,
        valid_groups: np.ndarray | None = None,
    ) -> None:
        self.model = model.to(device)
        self.train, self.valid = _of_mean_weight_one(train).to(device), valid.to(device)
        self.config, self.device, self.valid_groups = config, device, valid_groups
        self.optimizer = Adam(
            self.model,
            self._matrices(),
            config.learning_rate,
            config.weight_decay,
            config.embedding_decay_of(len(train)),
            config.averaging,
        )
        self._dropouts = [module for module in self.model.modules() if isinstance(module, Dropout)]
        self.best_epoch = 0
        self.best_value = -math.inf
        self.best_state: dict[str, Tensor] = {}

    @property
    def steps_per_epoch(self) -> int:
        """Optimizer steps in one epoch."""
        return math.ceil(len(self.train) / self.config.batch_size)

    def run(self) -> Generator[Event, None, None]:
        """Train until the epochs are done or patience is out, yielding what happens.

        Raises:
            TrainingFailed: if the validation loss is no number any more.
        """
        self.optimizer.attach()
        try:
            yield from self._epochs()
        finally:
            self.optimizer.detach()

    def _epochs(self) -> Iterator[Event]:
        generator = torch.Generator().manual_seed(self.config.seed)
        step = 0
        for epoch in range(1, self.config.epochs + 1):
            self.model.train()
            order = torch.randperm(len(self.train), generator=generator).to(self.device)
            seconds = 0.0
            for rows in order.split(self.config.batch_size):
                started = time.perf_counter()
                step += 1
                self._seed_dropout(step)
                loss = self._step(self.train.select(rows))
                seconds += time.perf_counter() - started
                yield StepDone(step, epoch, loss, len(rows))
            with self.optimizer.averaged():
                metrics = self._evaluate()
                is_best = self._keep_if_best(epoch, metrics)
                ends_after = min(self.config.epochs, self.best_epoch + self.config.patience)
                yield EvalDone(step, epoch, metrics, is_best, ends_after)
            yield EpochDone(epoch, len(self.train), seconds, is_best)
            if epoch - self.best_epoch >= self.config.patience:
                yield Finished("patience", self.best_epoch)
                return
        yield Finished("epochs", self.best_epoch)

    def _matrices(self) -> Iterator[tuple[nn.Parameter, Tensor]]:
        """Every embedding matrix of the model, with the share of steps in which each of its rows is touched.

        A value that no training row has gets a vector of zeros: of it nothing can be known.
        """
        chosen = min(1.0, self.config.batch_size / max(1, len(self.train)))
        for module in self.model.modules():
            if isinstance(module, FieldEmbedding):
                occurrences = module.occurrences(self.train)
                for width, matrix in module.matrices().items():
                    with torch.no_grad():
                        matrix[(occurrences[width] == 0).to(self.device)] = 0.0
                    share = 1.0 - (1.0 - chosen) ** occurrences[width].clamp(min=1).double()
                    yield matrix, share.float().to(self.device)

    def _seed_dropout(self, step: int) -> None:
        """Say which units are left out; on the CPU no random number is drawn, of which others may draw meanwhile."""
        seed = 1_000_003 * self.config.seed + 101 * step
        if self.device.type != "cpu":
            torch.manual_seed(seed)
        for place, dropout in enumerate(self._dropouts):
            dropout.seed = (seed + place) % 2**32

    def _step(self, batch: Batch) -> Tensor:
        is_lower = self.config.precision == "bfloat16"
        with torch.autocast(self.device.type, torch.bfloat16, enabled=is_lower):
            logits = self.model(batch)
        loss = functional.binary_cross_entropy_with_logits(logits, batch.labels, batch.weights)
        self.optimizer.clear()
        loss.backward()
        self.optimizer.step()
        return loss.detach()

    def _evaluate(self) -> Metrics:
        logits = predict(self.model, self.valid)
        if not np.isfinite(logits).all():
            raise TrainingFailed("The model's output is no number any more; try a lower learning rate.")
        weights = None if self.valid.weights is None else self.valid.weights.cpu().numpy()
        return measure(self.valid.labels.cpu().numpy(), logits, self.valid_groups, weights)

    def _keep_if_best(self, epoch: int, metrics: Metrics) -> bool:
        value = -metrics.logloss if self.config.monitor == "logloss" or metrics.auc is None else metrics.auc
        if value <= self.best_value:
            return False
        self.best_epoch, self.best_value = epoch, value
        self.best_state = {name: tensor.detach().cpu().clone() for name, tensor in self.model.state_dict().items()}
        return True


def _of_mean_weight_one(rows: Batch) -> Batch:
    """The rows with weights, where they have any, that do not change the size of the mean loss."""
    return rows if rows.weights is None else replace(rows, weights=rows.weights / rows.weights.mean())


@torch.no_grad()
def predict(model: nn.Module, batch: Batch) -> np.ndarray:
    """Logits, float64 (n,), of all rows of ``batch``, in evaluation mode; the model's mode is put back."""
    was_training = model.training
    model.eval()
    try:
        parts = [
            model(batch.select(slice(start, start + EVALUATION_ROWS)))
            for start in range(0, len(batch), EVALUATION_ROWS)
        ]
    finally:
        model.train(was_training)
    return torch.cat(parts).cpu().double().numpy() if parts else np.zeros(0)
