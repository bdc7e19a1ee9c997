"""Doing one stored run from start to end: trains, and writes what happens into the run's folder."""

from __future__ import annotations

import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from ..data.batch import Batch
from ..data.dataset import EncodedDataset
from ..data.errors import InputError
from ..data.files import new_folder, write_json
from ..data.store import DatasetStore
from ..models.registry import FAMILIES
from .device import choose_device, out_of_memory
from .metrics import measure
from .null_labels import null_labels
from .pair_directions import begin_from_pairs
from .run_store import Run
from .showing import AtEpoch, Showing
from .trainer import EpochDone, EvalDone, Event, Finished, StepDone, Trainer, TrainingFailed, predict

logger = logging.getLogger(__name__)

WRITE_SECONDS = 0.2
HEARTBEAT_SECONDS = 10.0
NO_MEMORY = "There is not enough memory; try a smaller batch size or smaller vectors."
STOPPED_BY_HAND = "Stopped by hand."


@dataclass(frozen=True)
class Progress:
    """How far a run is, for a line on a terminal: the event as it was written to the history."""

    kind: str
    values: dict[str, Any]


def train_run(
    run: Run,
    datasets: DatasetStore,
    on_progress: Callable[[Progress], None] | None = None,
    at_epoch: AtEpoch | None = None,
) -> None:
    """Train ``run`` in this thread until it is done, stopped or failed; its status says which, in words.

    ``at_epoch`` is shown the model before training, as epoch 0, and after evaluations as it was validated: all of
    them, or those that a small share of the training's time is enough for (``Showing``).

    Raises:
        KeyboardInterrupt: after the status says that the run was stopped.
        Exception: what is not the user's to mend, after the status says that the run failed.
    """
    carry_out(run, lambda: _Driver(run, datasets, on_progress, at_epoch).train())


def carry_out(run: Run, work: Callable[[], tuple[str, str]]) -> None:
    """Do ``work``, which returns the state that it ended in and why; the run's status says that, or what went wrong.

    Raises:
        KeyboardInterrupt: after the status says that the run was stopped.
        Exception: what is not the user's to mend, after the status says that the run failed.
    """
    run.set_status("running")
    try:
        with _signs_of_life(run):
            state, reason = work()
        run.set_status(state, reason)
    except KeyboardInterrupt:
        run.set_status("stopped", STOPPED_BY_HAND)
        raise
    except Exception as error:
        reason, is_expected = _reason(error)
        run.set_status("failed", reason)
        if not is_expected:
            raise


def _reason(error: Exception) -> tuple[str, bool]:
    """Why a run failed, in words, and whether that is no fault of the program."""
    if out_of_memory(error):
        return NO_MEMORY, True
    if isinstance(error, InputError | TrainingFailed):
        return str(error), True
    if isinstance(error, OSError):
        return f"{error.filename or 'A file'} cannot be read or written: {error.strerror or error}.", True
    return f"An error that should not happen: {type(error).__name__}: {error}", False


@contextmanager
def _signs_of_life(run: Run) -> Iterator[None]:
    """Renew the run's status every few seconds, also while a table is encoded or a large split is measured."""
    has_ended = threading.Event()

    def renew() -> None:
        while not has_ended.wait(HEARTBEAT_SECONDS):
            try:
                run.set_status("running")
            except OSError:
                continue  # a full disk is the run's to report

    thread = threading.Thread(target=renew, name=f"ctr-lens-life-{run.id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        has_ended.set()
        thread.join()


class _Driver:
    """Turns a trainer's events into the lines and files of one run."""

    def __init__(
        self,
        run: Run,
        datasets: DatasetStore,
        on_progress: Callable[[Progress], None] | None,
        at_epoch: AtEpoch | None,
    ) -> None:
        self.run, self.datasets, self.on_progress, self.at_epoch = run, datasets, on_progress, at_epoch
        self.losses: list[torch.Tensor] = []
        self.rows = 0
        self.epochs = 0
        self.training_seconds = 0.0
        self.training_rows = 0
        self.last_write = time.monotonic()
        self.started = time.perf_counter()
        self.is_resumable = True
        self.labels: dict[str, np.ndarray] = {}  # by split, where they are others than the data set's

    def train(self) -> tuple[str, str]:
        """The whole run; returns the state it ended in and why."""
        trainer, dataset = self._prepare()
        try:
            state, reason = self._train(trainer, dataset)
        except KeyboardInterrupt:
            self._finish(trainer, dataset, "stopped", STOPPED_BY_HAND)
            raise
        self._finish(trainer, dataset, state, reason)
        return state, reason

    def _train(self, trainer: Trainer, dataset: EncodedDataset) -> tuple[str, str]:
        show = Showing(self.run, self.at_epoch, dataset)
        show(0, trainer.model)
        with closing(trainer.run()) as events:
            for event in events:
                self._write(event, trainer)
                if isinstance(event, Finished):
                    return "done", self._why_early(trainer) if event.reason == "patience" else ""
                if isinstance(event, EvalDone):
                    show(event.epoch, trainer.model, event.ends_after)
                elif not self.losses and (asked := self.run.stop_request()):  # an epoch counts when its speed is known
                    return asked
        raise AssertionError("a trainer always ends with Finished")

    def _prepare(self) -> tuple[Trainer, EncodedDataset]:
        spec = self.run.spec()
        device = choose_device(spec.device)
        dataset = self.datasets.get(spec.dataset_id).encoded(spec.preparation)
        torch.manual_seed(spec.training_config.seed)
        model = FAMILIES[spec.family].build(dataset.encoder.layout, spec.model_config)
        with new_folder(self.run.folder / "encoder") as folder:
            shutil.copytree(dataset.folder / "encoder", folder, dirs_exist_ok=True)
        self.is_resumable = (
            not self.run.is_extra
        )  # an extra training that was cut off begins anew: it leaves less on disk
        if spec.null_seed is not None:
            self.labels = null_labels(dataset, spec.null_seed)
        train, valid = self._batch(dataset, "train"), self._batch(dataset, "valid")
        begin_from_pairs(model, train)
        trainer = Trainer(model, train, valid, spec.training_config, device, dataset.rows("valid").group_ids)
        self._append(
            "start",
            device=str(device),
            rows=len(train),
            valid_rows=len(valid),
            steps_per_epoch=trainer.steps_per_epoch,
            epochs=spec.training_config.epochs,
            parameters=sum(parameter.numel() for parameter in model.parameters()),
        )
        return trainer, dataset

    def _batch(self, dataset: EncodedDataset, split: str) -> Batch:
        """The rows of a split with the labels that this run is to learn."""
        batch = dataset.batch(split)
        return replace(batch, labels=torch.from_numpy(self.labels[split])) if split in self.labels else batch

    def _write(self, event: Event, trainer: Trainer) -> None:
        if isinstance(event, StepDone):
            self.losses.append(event.loss)
            self.rows += event.rows
            if time.monotonic() - self.last_write >= WRITE_SECONDS:
                self._write_steps(event.step, trainer)
        elif isinstance(event, EvalDone):
            self.epochs = event.epoch
            self._write_steps(event.step, trainer)
            if event.is_best:
                self.run.save_best(trainer.best_state)
            self._append("eval", step=event.step, epoch=event.epoch, is_best=event.is_best, **event.metrics.to_json())
        elif isinstance(event, EpochDone):
            self.training_seconds += event.seconds
            self.training_rows += event.rows
            if self.is_resumable:
                self.run.save_last(trainer.model, trainer.optimizer.state())

    def _write_steps(self, step: int, trainer: Trainer) -> None:
        if not self.losses:
            return
        loss = float(torch.stack(self.losses).mean())
        if not np.isfinite(loss):
            raise TrainingFailed(f"The loss is no number any more at step {step}; try a lower learning rate.")
        self._append(
            "steps",
            step=step,
            epoch=step / trainer.steps_per_epoch,
            loss=loss,
            rows=self.rows,
            seconds=time.perf_counter() - self.started,
        )
        self.losses, self.last_write = [], time.monotonic()

    def _append(self, kind: str, **values: Any) -> None:
        self.run.append(kind, **values)
        if self.on_progress:
            self.on_progress(Progress(kind, values))

    def _finish(self, trainer: Trainer, dataset: EncodedDataset, state: str, reason: str) -> None:
        if trainer.best_state:
            trainer.model.load_state_dict(trainer.best_state)
            write_json(self.run.folder / "metrics.json", self._metrics(trainer, dataset))
        self._append("end", state=state, reason=reason, best_epoch=trainer.best_epoch)

    def _why_early(self, trainer: Trainer) -> str:
        monitored = "AUC" if trainer.config.monitor == "auc" else "logloss"
        return f"No better validation {monitored} for {trainer.config.patience} epochs."

    def _metrics(self, trainer: Trainer, dataset: EncodedDataset) -> dict[str, Any]:
        by_split = {}
        for split in dataset.splits:
            rows = dataset.rows(split)
            batch = self._batch(dataset, split).to(trainer.device)
            logits = predict(trainer.model, batch)
            by_split[split] = measure(batch.labels.cpu().numpy(), logits, rows.group_ids, rows.weights).to_json()
        return {
            **by_split,
            "best_epoch": trainer.best_epoch,
            "epochs": self.epochs,
            "rows_per_second": self.training_rows / self.training_seconds if self.training_seconds else None,
            "seconds": time.perf_counter() - self.started,
        }
