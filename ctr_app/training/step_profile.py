"""Where the time of a training step goes, by part, beside the least that it could take."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from itertools import chain, repeat
from typing import Any

import torch
from torch.profiler import record_function

from ..data.dataset import EncodedDataset
from ..data.settings import Config
from ..models.registry import FAMILIES
from .config import TrainingConfig
from .step_floor import Counter, Rates, Work, measured_rates, wait_for
from .step_parts import AUTOGRAD_NODE, DISPATCH, KERNEL_PREFIX, LOOP_PREFIX, RANGE_PREFIX, STEP_RANGE
from .step_ranges import Recorder, watched
from .step_trace import Piece, pieces, traced
from .trainer import StepDone, Trainer

WARM_UP_STEPS = 10
BLOCKS = 5
# As many steps as fit into so many seconds, but no fewer and no more than these; and no more than the most if asked.
PROFILED_SECONDS, FEW_STEPS, MANY_STEPS = 1.0, 50, 300
MOST_STEPS = 1000
MOST_EPOCHS, MOST_PATIENCE = 10_000, 1000
PYTHON = "Python"


@dataclass(frozen=True)
class OperatorTime:
    """One operator within a part: calls and milliseconds per step."""

    name: str
    calls: float
    ms: float


@dataclass(frozen=True)
class PartTime:
    """One part of a step: milliseconds per step, the least it could take (None where that is not known), operators.

    ``num_bytes`` and ``operations`` are what it must move and compute in a step; operators come slowest first.
    """

    part: str
    ms: float
    floor_ms: float | None
    num_bytes: float
    operations: float
    operators: tuple[OperatorTime, ...]


@dataclass(frozen=True)
class StepProfile:
    """A step's parts, longest first; they add up to ``step_ms``, its time without the profiler."""

    rows: int
    steps: int
    step_ms: float
    profiled_ms: float
    rates: Rates
    parts: tuple[PartTime, ...]

    @property
    def floor_ms(self) -> float:
        """The floors of all parts that have one, together."""
        return sum(part.floor_ms or 0.0 for part in self.parts)


def trainer_for(
    dataset: EncodedDataset, family: str, model: Config, training: TrainingConfig, device: torch.device
) -> Trainer:
    """The trainer that a run would have, without an end, and with one validation row, as evaluation is not profiled."""
    torch.manual_seed(training.seed)
    built = FAMILIES[family].build(dataset.encoder.layout, model)
    endless = replace(training, epochs=MOST_EPOCHS, patience=MOST_PATIENCE)
    return Trainer(built, dataset.batch("train"), dataset.batch("valid").select(slice(0, 1)), endless, device)


def profile_steps(trainer: Trainer, steps: int | None = None) -> StepProfile:
    """Train for a while and say where the time of a step goes.

    Steps with and without the profiler alternate in blocks, so that both meet the same machine; of each kind the
    middle half by time is averaged. What it costs to record an operator is taken off whatever called the operator.

    Args:
        trainer: its model is trained on, and not the same afterwards.
        steps: how many to profile; None takes as many as a second has, from 50 to 300.
    """
    device, stepper = trainer.device, _Stepper(trainer)
    warm_up = stepper.steps(WARM_UP_STEPS)
    work = _counted_work(stepper)
    steps = steps or min(max(round(PROFILED_SECONDS / min(warm_up)), FEW_STEPS), MANY_STEPS)
    plain: list[float] = []
    profiled: list[float] = []
    seen: list[Piece] = []
    for block in range(min(BLOCKS, steps)):
        size = len(range(block, steps, BLOCKS))
        plain += stepper.steps(size)
        seconds, found = _profiled(stepper, size)
        seen += [replace(piece, step=piece.step + len(profiled)) for piece in found]
        profiled += seconds
    rates = measured_rates(device, {each.dtype for each in work if each.operations})
    step_ms, profiled_ms = (1e3 * _mean([times[i] for i in _middle(times, device)]) for times in (plain, profiled))
    kept = _middle(profiled, device)
    operators = _operators([piece for piece in seen if piece.step in kept], len(kept), profiled_ms - step_ms)
    _make_up(operators, step_ms, device)
    names = {*operators, *(each.part for each in work)}
    parts = [_part(name, operators[name], [each for each in work if each.part == name], rates) for name in names]
    parts.sort(key=lambda part: (-part.ms, part.part))
    return StepProfile(stepper.rows, steps, step_ms, profiled_ms, rates, tuple(parts))


class _Stepper:
    """Draws steps on full batches from a trainer, from as many runs of it, one after the other, as that takes."""

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer
        self.rows = min(trainer.config.batch_size, len(trainer.train))
        self.is_counted: list[bool] = []
        self._events = chain.from_iterable(trainer.run() for _ in repeat(None))

    def steps(self, count: int, around: Callable[[], AbstractContextManager[Any]] = nullcontext) -> list[float]:
        """Seconds of each of the next steps. ``is_counted`` then says of all that was ``around`` if it is a step."""
        wait_for(self.trainer.device)
        self.is_counted = []
        seconds: list[float] = []
        while len(seconds) < count:
            started = time.perf_counter()
            with around():
                event = next(self._events)
            is_step = isinstance(event, StepDone) and event.rows == self.rows
            self.is_counted.append(is_step)
            if is_step:
                seconds.append(time.perf_counter() - started)
        started = time.perf_counter()
        wait_for(self.trainer.device)
        seconds[-1] += time.perf_counter() - started
        return seconds


def _counted_work(stepper: _Stepper) -> list[Work]:
    """What the operators of one step must move and compute, and not those of an evaluation before it."""
    counter = Counter(stepper.trainer.model)
    with watched(stepper.trainer, counter), counter:
        stepper.steps(1, counter.afresh)
    return counter.work


def _profiled(stepper: _Stepper, count: int) -> tuple[list[float], list[Piece]]:
    device = stepper.trainer.device
    with watched(stepper.trainer, Recorder()), traced(device) as events:
        seconds = stepper.steps(count, lambda: record_function(STEP_RANGE))
    return seconds, pieces(events, stepper.is_counted, on_device=device.type != "cpu")


def _middle(times: Sequence[float], device: torch.device) -> set[int]:
    """The half of the steps that were neither slow nor quick; all where steps run on after they were asked for."""
    order = sorted(range(len(times)), key=times.__getitem__)
    cut = len(times) // 4 if device.type == "cpu" else 0
    return set(order[cut : len(order) - cut])


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / len(numbers)


def _operators(seen: Sequence[Piece], steps: int, recording_ms: float) -> dict[str, list[OperatorTime]]:
    """Each part's operators, per step, without the milliseconds that recording them cost in each step."""
    recorded = sum(piece.recorded for piece in seen)
    cost = max(0.0, 1e3 * recording_ms * steps / recorded) if recorded else 0.0  # in microseconds
    calls: dict[tuple[str, str], int] = defaultdict(int)
    microseconds: dict[tuple[str, str], float] = defaultdict(float)
    for piece in seen:
        key = piece.part, _readable(piece.operator)
        calls[key] += piece.is_call and not piece.operator.startswith(AUTOGRAD_NODE)  # what it runs is counted
        microseconds[key] += max(0.0, piece.microseconds - cost * piece.recorded)
    by_part: dict[str, list[OperatorTime]] = defaultdict(list)
    for (part, name), time_taken in microseconds.items():
        by_part[part].append(OperatorTime(name, calls[part, name] / steps, 1e-3 * time_taken / steps))
    return by_part


def _make_up(operators: dict[str, list[OperatorTime]], step_ms: float, device: torch.device) -> None:
    """Let all operators add up to the step: on a CPU in proportion, elsewhere what is left is Python's."""
    total = sum(operator.ms for part in operators.values() for operator in part)
    if device.type != "cpu" and total < step_ms:
        operators[DISPATCH].append(OperatorTime(PYTHON, 1.0, step_ms - total))
        return
    for part, listed in operators.items():
        operators[part] = [replace(operator, ms=operator.ms * step_ms / total) for operator in listed]


def _part(name: str, operators: Sequence[OperatorTime], work: Sequence[Work], rates: Rates) -> PartTime:
    return PartTime(
        name,
        sum(operator.ms for operator in operators),
        1e3 * sum(each.seconds(rates) for each in work) if work else None,
        sum(each.num_bytes for each in work),
        sum(each.operations for each in work),
        tuple(sorted(operators, key=lambda operator: -operator.ms)),
    )


def _readable(operator: str) -> str:
    """An operator's name without where it is from; what a range took by itself is Python."""
    if operator.startswith(RANGE_PREFIX):
        return f"{PYTHON} ({operator.removeprefix(RANGE_PREFIX)})"
    for prefix in ("aten::", LOOP_PREFIX, KERNEL_PREFIX, f"{AUTOGRAD_NODE}: "):
        operator = operator.removeprefix(prefix)
    return operator
