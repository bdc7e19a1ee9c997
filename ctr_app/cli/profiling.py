"""profile: where the time of a training step goes."""

from __future__ import annotations

import argparse
from typing import Any

import torch

from ..data.dataset import EncodedDataset
from ..data.errors import InputError, spaced
from ..data.store import DataSet, DatasetStore
from ..models.registry import sketch, title_of
from ..training.device import choose_device
from ..training.launch import configs_for
from ..training.step_profile import MOST_STEPS, PartTime, StepProfile, profile_steps, trainer_for
from ..training.trainer import TrainingFailed
from .output import show
from .request import request_of
from .training import asked_settings, use_threads, with_dataset

LISTED_OPERATORS = 8
NAMED_OPERATORS = 3
BAR_WIDTH = 20


def profile(options: argparse.Namespace) -> None:
    """Train for some steps that are not kept, and print where their time went."""
    family, settings = asked_settings(options)
    model, training = configs_for(family, settings)
    device = choose_device(options.device)
    if device.type not in ("cpu", "cuda"):
        raise InputError(
            "Profiles are of a CPU or of CUDA; --device cpu profiles the CPU, not {device}.", device=device
        )
    if options.steps is not None and not 1 <= options.steps <= MOST_STEPS:
        raise InputError("--steps must be between 1 and {most}, not {count}.", most=MOST_STEPS, count=options.steps)
    use_threads(options.threads)

    def prepared(dataset: DataSet) -> EncodedDataset:
        encoded = dataset.encoded()
        sketch(family, encoded.encoder.layout, model)
        return encoded

    dataset = with_dataset(request_of(options), DatasetStore(), prepared)
    try:
        found = profile_steps(trainer_for(dataset, family, model, training, device), options.steps)
    except TrainingFailed as failure:
        raise InputError("{reason}", reason=failure) from failure
    title = title_of(family, model.to_json())
    show(options, _document(found, title, device), _lines(found, title, device))


def _document(found: StepProfile, title: str, device: torch.device) -> dict[str, Any]:
    return {
        "model": title,
        "device": str(device),
        "threads": torch.get_num_threads(),
        "steps": found.steps,
        "batch_size": found.rows,
        "rows_per_second": 1e3 * found.rows / found.step_ms,
        "rows_per_second_at_floor": 1e3 * found.rows / found.floor_ms,
        "step_ms": found.step_ms,
        "profiled_step_ms": found.profiled_ms,
        "floor_ms": found.floor_ms,
        "copy_gb_per_s": found.rates.copied / 1e9,
        "matrix_gflop_per_s": found.rates.multiplied["float32"] / 1e9,
        "matrix_gflop_per_s_by_type": {dtype: rate / 1e9 for dtype, rate in found.rates.multiplied.items()},
        "parts": [_described(part, found) for part in found.parts],
    }


def _described(part: PartTime, found: StepProfile) -> dict[str, Any]:
    return {
        "part": part.part,
        "ms": part.ms,
        "share": part.ms / found.step_ms,
        "floor_ms": part.floor_ms,
        "bytes": part.num_bytes,
        "flop": part.operations,
        "operators": [vars(operator) for operator in part.operators[:LISTED_OPERATORS]],
    }


def _lines(found: StepProfile, title: str, device: torch.device) -> list[str]:
    threads = torch.get_num_threads()
    return [
        f"{title} on {device}, {threads} thread{'s' if threads > 1 else ''}: "
        f"{found.steps} steps of {spaced(found.rows)} rows",
        "",
        f"{'part':<28}{'ms':>9}{'share':>9}  {'':<{BAR_WIDTH}}{'floor ms':>9}  mostly",
        *(_line(part, found.step_ms) for part in found.parts),
        f"{'the whole step':<28}{found.step_ms:>9.3f}{1:>9.1%}  {'':<{BAR_WIDTH}}{found.floor_ms:>9.3f}",
        "",
        f"{_rate(found, found.step_ms)} rows per second; {_rate(found, found.floor_ms)} at the floor.",
        f"With the profiler a step took {found.profiled_ms:.3f} ms; the parts are those of a step without it.",
        *_on_the_floor(found),
    ]


def _on_the_floor(found: StepProfile) -> list[str]:
    """What the floor is, and what it is not."""
    rates = ", ".join(f"{rate / 1e9:.1f} GFLOP/s in {dtype}" for dtype, rate in found.rates.multiplied.items())
    return [
        f"The floor: each operator reads its inputs and writes its results once, as fast as a copy of a large tensor "
        f"({found.rates.copied / 1e9:.1f} GB/s,",
        f"read and written together), and multiplies as fast as a product of large matrices ({rates}).",
        "Rows read at random from a table larger than the cache cost more than a copy; what stays in the cache, less.",
        "Of compiled loops only what they move is known. Fewer operators, or one loop for several, have a lower floor.",
    ]


def _rate(found: StepProfile, ms: float) -> str:
    return spaced(round(1e3 * found.rows / ms))


def _line(part: PartTime, step_ms: float) -> str:
    share = part.ms / step_ms
    floor = "-" if part.floor_ms is None else f"{part.floor_ms:.3f}"
    named = ", ".join(operator.name for operator in part.operators[:NAMED_OPERATORS])
    return (
        f"{part.part:<28}{part.ms:>9.3f}{share:>9.1%}  {'#' * round(BAR_WIDTH * share):<{BAR_WIDTH}}{floor:>9}  {named}"
    )
