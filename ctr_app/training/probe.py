"""Trains a few steps to see what they cost: ``python -m ctr_app.training.probe`` answers one request a line.

In a process of its own it draws none of the random numbers of a run in training, and leaves no memory taken.
"""

from __future__ import annotations

import json
import math
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from ..data.batch import Batch, FieldLayout
from ..data.dataset import EncodedDataset
from ..data.encoding import Encoder
from ..data.settings import Config
from ..models.registry import FAMILIES
from .config import TrainingConfig
from .memory import MEASURED_ROW
from .metrics import measure
from .peak_memory import PeakMemory
from .run_store import Run
from .trainer import EVALUATION_ROWS, EpochDone, Event, StepDone, Trainer, predict

Clock = Callable[[], float]
SPELL_SECONDS, SPELLS, MOST_SECONDS = 0.2, 3, 5.0
FEW_ROWS, FEW_VALUES = 64, 3
IN_PIECES = 2**25  # what the layers of a whole training leave in the heap in pieces
MANY_EPOCHS, PATIENCE = 10_000, 1000  # so many that training goes on for as long as it is watched
WRITTEN_BYTES = 2**26


@dataclass(frozen=True)
class Request:
    """What is to be measured: the folder of an encoded data set, the settings as JSON, and where it would be trained.

    ``runs`` is the folder of runs, on whose disk an epoch is written down. ``is_busy`` says that a run is training
    meanwhile, so that what was measured then is not taken for what is measured later.
    """

    folder: str
    family: str
    model: str
    training: str
    device: str
    threads: int
    runs: str
    is_busy: bool = False


@dataclass(frozen=True)
class EpochCost:
    """Seconds of one epoch: its steps, the evaluation on the validation rows, and writing the weights down.

    ``memory`` are the bytes that were taken at most, where the system tells: of the device, or of the process.
    """

    steps: float
    evaluation: float
    writing: float
    memory: int | None

    @property
    def seconds(self) -> float:
        """All of them."""
        return self.steps + self.evaluation + self.writing


def answer(request: Request) -> EpochCost:
    """Measure what is asked for, in this process.

    Raises:
        InputError: if the settings cannot be used.
    """
    torch.set_num_threads(request.threads)
    torch.manual_seed(0)
    model = FAMILIES[request.family].config.from_mapping(json.loads(request.model))
    training = TrainingConfig.from_mapping(json.loads(request.training))
    training = replace(training, epochs=MANY_EPOCHS, patience=PATIENCE)
    folder, device = Path(request.folder), torch.device(request.device)
    _warm_up(request.family, Encoder.load(folder / "encoder").layout, model, training, device)
    return epoch_cost(folder, request.family, model, training, device, Path(request.runs))


def epoch_cost(
    folder: Path, family: str, model_config: Config, training: TrainingConfig, device: torch.device, runs: Path
) -> EpochCost:
    """What an epoch on the encoded data set in ``folder`` costs, from as much of it as there is time for."""
    peak, dataset = PeakMemory(device), EncodedDataset(folder)
    model = FAMILIES[family].build(dataset.encoder.layout, model_config)
    trainer = Trainer(model, dataset.batch("train"), dataset.batch("valid"), training, device)
    clock = clock_for(device)
    steps = _steps_seconds(trainer, clock)
    evaluation = _evaluation_seconds(trainer, dataset.rows("valid").group_ids, clock)
    writing, grown = _writing_seconds(trainer, runs, clock), peak.grown()
    return EpochCost(steps, evaluation, writing, None if grown is None else grown + _not_yet_taken(trainer))


def _warm_up(
    family: str, layout: FieldLayout, model_config: Config, training: TrainingConfig, device: torch.device
) -> None:
    """Train the same layers on a few made-up rows, so that what libraries need the first time is not counted."""
    few = replace(layout, vocabulary_sizes=dict.fromkeys(layout.vocabulary_sizes, FEW_VALUES))
    batch = Batch(
        torch.zeros(FEW_ROWS, len(few.numeric)),
        torch.ones(FEW_ROWS, len(few.categorical), dtype=torch.int32),
        {s.name: torch.ones(FEW_ROWS, s.max_length, dtype=torch.int32) for s in few.sequences},
        torch.arange(FEW_ROWS).remainder(2).float(),
    )
    trainer = Trainer(FAMILIES[family].build(few, model_config), batch, batch, training, device)
    next(event for event in trainer.run() if isinstance(event, EpochDone))


def clock_for(device: torch.device) -> Clock:
    """Seconds that pass; of one thread those that it computes, as if nobody else wanted its core."""
    return time.process_time if device.type == "cpu" and torch.get_num_threads() == 1 else time.perf_counter


def _steps_seconds(trainer: Trainer, clock: Clock) -> float:
    """The median of a few short spells, as another program may want the machine for a moment."""
    events = trainer.run()
    started = time.perf_counter()
    _timed(events, trainer.steps_per_epoch, clock)  # warms up
    paces: list[float] = []
    while len(paces) < SPELLS and (not paces or time.perf_counter() - started < MOST_SECONDS):
        rows, seconds = _timed(events, trainer.steps_per_epoch, clock)
        paces.append(seconds / rows)
    return statistics.median_low(paces) * len(trainer.train)


def _timed(events: Iterator[Event], steps_per_epoch: int, clock: Clock) -> tuple[int, float]:
    """Rows of the steps of one spell and the seconds they took, without the evaluations between them."""
    rows, seconds, last, started = 0, 0.0, clock(), time.perf_counter()
    for event in events:
        if not isinstance(event, StepDone):
            last = clock()
            continue
        is_over = time.perf_counter() - started >= SPELL_SECONDS
        if is_over or event.step % steps_per_epoch == 0:
            event.loss.item()  # an accelerator may be steps behind
        now = clock()
        rows, seconds, last = rows + event.rows, seconds + now - last, now
        if is_over:
            break
    return rows, seconds


def _evaluation_seconds(trainer: Trainer, groups: np.ndarray | None, clock: Clock) -> float:
    """Scoring is timed on some of the rows, the metrics on all; beside the best weights so far, as in a training."""
    trainer.best_state = trainer.best_state or _copied(trainer.model)
    predict(trainer.model, trainer.train.select(slice(0, EVALUATION_ROWS)))
    parts: list[np.ndarray] = []
    paces: list[float] = []
    for start in range(0, min(len(trainer.valid), SPELLS * EVALUATION_ROWS), EVALUATION_ROWS):
        started = clock()
        parts.append(predict(trainer.model, trainer.valid.select(slice(start, start + EVALUATION_ROWS))))
        paces.append((clock() - started) / len(parts[-1]))
    started = clock()
    measure(trainer.valid.labels.cpu().numpy(), np.resize(np.concatenate(parts), len(trainer.valid)), groups)
    return statistics.median_low(paces) * len(trainer.valid) + clock() - started


def _writing_seconds(trainer: Trainer, runs: Path, clock: Clock) -> float:
    """Copying the weights; writing them twice and the optimizer's state once, or of large ones a part."""
    started = clock()
    weights, state = _copied(trainer.model), trainer.optimizer.state()
    copied = clock()
    size = sum(tensor.nbytes for tensor in (*weights.values(), *weights.values(), *state.values()))
    share = min(1.0, WRITTEN_BYTES / max(1, size))
    runs.mkdir(parents=True, exist_ok=True)
    spent = []
    with tempfile.TemporaryDirectory(dir=runs, prefix=".probe-") as folder:
        for _ in range(2):  # the second time over what is there, as after the first epoch
            began = clock()
            for tensors in (weights, weights, state):
                Run(Path(folder)).save_best({name: _part(tensor, share) for name, tensor in tensors.items()})
            spent.append(clock() - began)
    return copied - started + min(spent) / share


def _not_yet_taken(trainer: Trainer) -> int:
    """Bytes of the machine's memory that a whole training takes and these few steps did not."""
    if trainer.device.type != "cpu":
        return 0
    has_layers = any(isinstance(module, nn.Linear) for module in trainer.model.modules())
    return MEASURED_ROW * len(trainer.train) + (IN_PIECES if has_layers else 0)


def _copied(model: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().cpu().clone() for name, tensor in model.state_dict().items()}


def _part(tensor: Tensor, share: float) -> Tensor:
    return tensor.flatten()[: math.ceil(share * tensor.numel())]


def main() -> None:
    """Answer requests until the input ends, as it does with the process that asks; nothing else is printed."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    with suppress(AttributeError, OSError):
        os.nice(10)
    for line in sys.stdin:
        try:
            found = asdict(answer(Request(**json.loads(line))))
        except Exception as error:
            found = {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
