"""Integrated gradients (Sundararajan et al. 2017, equation 1) on the vectors of values, for every family of models.

The model is copied with vectors of its own making: each value that a row has gets a vector that may lie anywhere
between the baseline's and its own, so that no value need be touched, and nothing that other threads use is.
"""

from __future__ import annotations

import copy
import threading
from typing import cast

import numpy as np
import pandas as pd
import torch
from torch import Tensor, nn

from ..data.batch import Batch, FieldLayout
from ..models.layers import FieldEmbedding
from .contributions import Contributions

POINTS = 16
PANELS = (1, 2, 4, 8, 16, 32, 64, 128)
TOLERANCE = 0.005


def integrated_gradients(model: nn.Module, layout: FieldLayout, row: Batch, baseline: Batch) -> Contributions:
    """Contributions of the fields of one row along the straight way from the mean of the baseline rows.

    The baseline has each number's mean and each field's mean vector; a history keeps its length there, and all its
    items have the mean item's vector. The way is cut into twice as many panels of 16 points (Gauss-Legendre) until the
    sum misses less than half a percent, 128 panels at most: activations with a kink need short ones.
    """
    return Gradients(model, layout, baseline).of(row)


class Gradients:
    """Integrated gradients of one model from one baseline, for row after row; threads take turns."""

    def __init__(self, model: nn.Module, layout: FieldLayout, baseline: Batch) -> None:
        self._layout = layout
        self._embedding = _embedding_of(model)
        self._model = _with_bare_embedding(model)
        self._numbers = baseline.numeric.double().mean(dim=0)
        histories = (sequence.name for sequence in layout.sequences)
        self._means = {name: self._mean(name, baseline) for name in (*layout.categorical, *histories)}
        self._turn = threading.Lock()  # the copied model holds one row's vectors at a time

    def of(self, row: Batch) -> Contributions:
        """As ``integrated_gradients``."""
        return self._summed_up(row)[0]

    def of_items(self, row: Batch) -> dict[str, np.ndarray]:
        """Those of the single items of each history of a batch of one row, float64 (n,), oldest first.

        Each item is compared with the mean item.
        """
        by_field = self._summed_up(row)[1]
        return {sequence.name: by_field[sequence.name] for sequence in self._layout.sequences}

    def _summed_up(self, row: Batch) -> tuple[Contributions, dict[str, np.ndarray]]:
        """The contributions of fields, and of the values of each field, once they sum up."""
        slots = _slots(self._layout, row)
        ends = [(self._embedding.weight(name)[ids.long()].detach().double(), self._means[name]) for name, ids in slots]
        path = _Path(self._model, self._layout, row, self._numbers, slots, ends)
        with self._turn:
            found = path.contributions(PANELS[0])
            for panels in PANELS[1:]:
                if found[0].relative_delta < TOLERANCE:
                    break
                found = path.contributions(panels)
        return found

    def _mean(self, name: str, baseline: Batch) -> Tensor:
        """The mean vector (1, D) of a field's values in the baseline rows."""
        if name in self._layout.categorical:
            ids = baseline.categorical[:, self._layout.categorical.index(name)]
        else:
            ids = baseline.sequences[name][baseline.sequences[name] > 0]
        found = self._embedding.weight(name)[ids.long()].detach().double()
        return found.mean(dim=0, keepdim=True) if len(found) else found.new_zeros(1, found.shape[1])


class _Path:
    """The model over points between a baseline and a row, each point a row of its own."""

    def __init__(
        self,
        model: nn.Module,
        layout: FieldLayout,
        row: Batch,
        mean_numbers: Tensor,
        slots: list[tuple[str, Tensor]],
        ends: list[tuple[Tensor, Tensor]],
    ) -> None:
        """``ends`` are the own vectors (n, D) of each slot, and the mean one (1, D)."""
        self._model, self._layout, self._row, self._slots = model, layout, row, slots
        self._numbers = row.numeric[0].double(), mean_numbers
        self._vectors = [(own, mean.expand_as(own)) for own, mean in ends]

    def contributions(self, panels: int) -> tuple[Contributions, dict[str, np.ndarray]]:
        """By Gauss-Legendre quadrature on so many panels: of fields, and of the items of each field."""
        points, weights = np.polynomial.legendre.leggauss(POINTS)
        inside = (np.arange(panels)[:, None] + (points + 1) / 2).ravel() / panels
        places = torch.from_numpy(np.r_[inside, 0.0, 1.0])
        share = torch.from_numpy(np.r_[np.tile(weights / 2 / panels, panels), 0.0, 0.0])
        logits, of_numbers, of_vectors = self._gradients(places)
        own, mean = self._numbers
        numeric = ((of_numbers * share[:, None]).sum(dim=0) * (own - mean)).tolist()
        of_items = [
            ((gradient * share[:, None, None]).sum(dim=0) * (own - mean)).sum(dim=1).numpy()
            for gradient, (own, mean) in zip(of_vectors, self._vectors, strict=True)
        ]
        by_item = dict(zip((name for name, _ in self._slots), of_items, strict=True))
        found = dict(zip(self._layout.numeric, numeric, strict=True))
        found |= {name: float(amounts.sum()) for name, amounts in by_item.items()}
        frame = pd.DataFrame(
            {"field": list(self._layout.field_names), "contribution": [found[n] for n in self._layout.field_names]}
        )
        return Contributions("gradients", float(logits[-1]), float(logits[-2]), frame), by_item

    def _gradients(self, places: Tensor) -> tuple[Tensor, Tensor, list[Tensor]]:
        """Logits (S,) and their gradients by numbers (S, N) and by each slot's vectors (S, n, D), at S places."""
        own, mean = self._numbers
        numbers = (mean + places[:, None] * (own - mean)).requires_grad_(True)
        along = [(mean + places[:, None, None] * (own - mean)).requires_grad_(True) for own, mean in self._vectors]
        with torch.enable_grad():
            logits = self._model(self._with_vectors(numbers, along))
            read = [numbers, *along]
            gradients = torch.autograd.grad(logits.sum(), read, allow_unused=True)
        filled = [torch.zeros_like(x) if g is None else g for g, x in zip(gradients, read, strict=True)]
        return logits.detach(), filled[0], filled[1:]

    def _with_vectors(self, numbers: Tensor, along: list[Tensor]) -> Batch:
        """The batch of S rows whose ids lead to the vectors ``along``, which become the model's matrices."""
        steps = len(numbers)
        parts: dict[int, list[Tensor]] = {}
        sizes: dict[int, int] = {}
        ids: dict[str, Tensor] = {}
        for (name, _), vectors in zip(self._slots, along, strict=True):
            dim = vectors.shape[2]
            start = sizes.setdefault(dim, 1)  # row 0 is PADDING
            count = vectors.shape[0] * vectors.shape[1]
            ids[name] = torch.arange(start, start + count).reshape(steps, vectors.shape[1])
            parts.setdefault(dim, [vectors.new_zeros(1, dim)]).append(vectors.reshape(count, dim))
            sizes[dim] = start + count
        for dim, vectors_of_dim in parts.items():
            cast(nn.Embedding, _embedding_of(self._model).tables[str(dim)]).weight = torch.cat(vectors_of_dim)
        single = [ids[name] for name in self._layout.categorical]
        return Batch(
            numbers,
            torch.cat(single, dim=1) if single else self._row.categorical.expand(steps, -1),
            {s.name: torch.cat([ids[s.name], ids[s.name].new_zeros(steps, 1)], dim=1) for s in self._layout.sequences},
            self._row.labels.double().expand(steps),
        )


def _embedding_of(model: nn.Module) -> FieldEmbedding:
    return next(module for module in model.modules() if isinstance(module, FieldEmbedding))


def _with_bare_embedding(model: nn.Module) -> nn.Module:
    """A copy in double precision whose embedding has no vectors and no offsets: they are put there for each row."""
    matrices = _embedding_of(model).matrices().values()
    copied = copy.deepcopy(model, {id(matrix): matrix for matrix in matrices})  # which may be large
    embedding = _embedding_of(copied)
    for table in embedding.tables.values():
        table._parameters.pop("weight")
    embedding.offsets = dict.fromkeys(embedding.offsets, 0)
    for name, buffer in list(embedding.named_buffers(recurse=False)):
        setattr(embedding, name, torch.zeros_like(buffer))
    return copied.double().eval().requires_grad_(False)


def _slots(layout: FieldLayout, row: Batch) -> list[tuple[str, Tensor]]:
    """Each categorical field with its one id, and each history with its real items' ids, (n,)."""
    slots = [(name, row.categorical[0, place : place + 1]) for place, name in enumerate(layout.categorical)]
    return slots + [(s.name, row.sequences[s.name][0][row.sequences[s.name][0] > 0]) for s in layout.sequences]
