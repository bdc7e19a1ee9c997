"""How much memory a training needs, part by part; how much is free; and a refusal where that is not enough."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from ..data.batch import FieldLayout
from ..data.dataset import EncodedDataset
from ..data.errors import InputError
from ..data.settings import Config
from ..models.registry import sketch
from .activations import evaluation_bytes, matrices_of, step_bytes
from .config import TrainingConfig
from .free_memory import free_memory
from .trainer import EVALUATION_ROWS

NUMBER = 4  # float32, int32
NAME = 112  # a value's name and count, as the encoder holds them
MEASURED_ROW = 96  # label, logit, rank and what is between them, mostly float64
COUNTED, COUNTED_REAL = 1, 36  # for each position of a field, and each real one, while its values are counted
LAYERS = 24 * 2**20  # buffers of the libraries that multiply matrices, and what is left in the heap in pieces
SAMPLED_ROWS = 20_000

CANNOT_FIT = {
    "tables": (
        "Training this needs about {needed} of memory and {free} is free; choose smaller vectors, or a higher minimum "
        "count, so that more rare values share one."
    ),
    "layers": "Training this needs about {needed} of memory and {free} is free; choose smaller vectors or layers.",
    "step": "Training this needs about {needed} of memory and {free} is free; choose a smaller batch size.",
}
CANNOT_FIT["evaluation"] = CANNOT_FIT["layers"]


@dataclass(frozen=True)
class DataShape:
    """What a forecast must know of encoded data.

    ``rows`` by split; ``row_bytes`` are those of one row's arrays; ``real_share`` of the positions of its histories
    hold an item.
    """

    layout: FieldLayout
    rows: Mapping[str, int]
    row_bytes: int
    real_share: float

    @property
    def most_rows(self) -> int:
        """Rows of the largest split."""
        return max(self.rows.values())


@dataclass(frozen=True)
class Memory:
    """Bytes at the peak of a training, by part: on an accelerator, and in the machine's own memory; and parameters.

    The parts are "tables" and "layers" (weights, their moments, averages and best values), what a "step" and an
    "evaluation" hold besides, "rows", and the "rest". ``mapped`` rows lie in files, and come and go as there is room.
    """

    parameters: int
    accelerator: Counter[str]
    machine: Counter[str]
    mapped: int = 0

    @property
    def total(self) -> int:
        """All of it where the training is: on the accelerator, or in the machine with its mapped rows."""
        return self.accelerator.total() or self.machine.total() + self.mapped

    def check(self, device: torch.device) -> None:
        """Compare with what is free now.

        Raises:
            InputError: with both figures and what to change, if it is less than is needed.
        """
        for parts, place in ((self.accelerator, device), (self.machine, torch.device("cpu"))):
            free = free_memory(place) if parts else None
            if free is not None and parts.total() > free:
                largest = max(CANNOT_FIT, key=lambda part: self.accelerator[part] + self.machine[part])
                raise InputError(CANNOT_FIT[largest], needed=readable(parts.total(), 3), free=readable(free, 3))


def shape_of(dataset: EncodedDataset) -> DataShape:
    """The shape of a stored, encoded data set; of long histories some rows are read."""
    train = dataset.rows("train")
    histories = [ids[:: max(1, len(ids) // SAMPLED_ROWS)] for ids in train.sequences.values()]
    positions = sum(ids.size for ids in histories)
    arrays = (train.numeric, train.categorical, train.labels, *train.sequences.values())
    return DataShape(
        dataset.encoder.layout,
        {split: len(dataset.rows(split)) for split in dataset.splits},
        sum(array[:1].nbytes for array in arrays),
        sum(int(np.count_nonzero(ids)) for ids in histories) / positions if positions else 0.0,
    )


def memory_of(
    family: str, shape: DataShape, model_config: Config, training: TrainingConfig, device: torch.device
) -> Memory:
    """What training needs at its peak, counted on a sketch of the model.

    Raises:
        InputError: if the model cannot be built on these fields.
    """
    model = sketch(family, shape.layout, model_config)
    parameters = sum(parameter.numel() for parameter in model.parameters())
    on_device, on_machine = _state(model, shape, training, device), _kept(model, shape)
    on_device += _passes(model, shape, training)
    rows = shape.row_bytes * sum(shape.rows.values())
    if device.type == "cpu":
        return Memory(parameters, Counter(), on_device + on_machine, mapped=rows)
    on_device["rows"] = 2 * rows  # in the end the splits are measured beside those that were trained on
    return Memory(parameters, on_device, on_machine)


def _state(model: nn.Module, shape: DataShape, training: TrainingConfig, device: torch.device) -> Counter[str]:
    """Weights, both moments, an average where one is kept, and gradients laid together."""
    matrices = matrices_of(model)
    tables = sum(matrix.numel() for matrix in matrices)
    layers = sum(parameter.numel() for parameter in model.parameters()) - tables
    gradients = sum(_gradients(matrix, shape.layout, training.batch_size, device) for matrix in matrices)
    copies = 4 if training.averaging else 3
    return Counter(tables=copies * NUMBER * tables + gradients, layers=(copies + 1) * NUMBER * layers)


def _gradients(matrix: nn.Parameter, layout: FieldLayout, batch_size: int, device: torch.device) -> int:
    """Of one matrix (V, D): its touched rows on a CPU, all rows elsewhere; with a place and a decay for each row."""
    num_rows, width = matrix.shape
    occurrences = batch_size * (len(layout.categorical) + sum(sequence.max_length for sequence in layout.sequences))
    touched = min(num_rows, occurrences) if device.type == "cpu" else num_rows
    return NUMBER * (touched * (width + 1) + 2 * num_rows)


def _kept(model: nn.Module, shape: DataShape) -> Counter[str]:
    """What is in the machine's memory wherever a model is trained: the best weights, names of values, metrics."""
    tables = NUMBER * sum(matrix.numel() for matrix in matrices_of(model))
    layers = NUMBER * sum(parameter.numel() for parameter in model.parameters()) - tables
    longest = max((sequence.max_length for sequence in shape.layout.sequences), default=0)
    share = shape.real_share if longest else 1.0
    counting = round(shape.rows["train"] * max(1, longest) * (COUNTED + COUNTED_REAL * share))
    names = NAME * sum(shape.layout.vocabulary_sizes.values())
    libraries = LAYERS if any(isinstance(module, nn.Linear) for module in model.modules()) else 0
    return Counter(
        tables=2 * tables,  # the new best weights are there before the old ones go
        layers=2 * layers,
        rest=names + counting + MEASURED_ROW * shape.most_rows + libraries,
    )


def _passes(model: nn.Module, shape: DataShape, training: TrainingConfig) -> Counter[str]:
    """Intermediate results; what is freed by one kind of pass is seldom in one piece large enough for the other."""
    step = min(training.batch_size, shape.rows["train"])
    evaluation = min(EVALUATION_ROWS, shape.most_rows)
    return Counter(
        step=step_bytes(model, shape.layout, step, shape.real_share),
        evaluation=evaluation_bytes(model, shape.layout, evaluation, shape.real_share),
    )


def readable(size: float, digits: int = 2) -> str:
    """Bytes in the unit that suits them, with so many digits that count.

    >>> [readable(size) for size in (0, 999, 1_449_000, 123_456_789, 2e13)]
    ['0 B', '1.0 kB', '1.4 MB', '120 MB', '20 TB']
    """
    unit = ""
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if size < 995 or unit == "TB":
            break
        size /= 1000
    rounded = float(f"{size:.{digits}g}")
    decimals = 0 if unit == "B" else max(0, digits - len(f"{rounded:.0f}"))
    return f"{rounded:.{decimals}f} {unit}"
