"""First vectors from the training rows: the directions in which pairs of fields go beyond main effects.

From small random vectors a model of many fields follows chance before it follows pairs: the strongest directions of all
two-way tables laid together are noise, although each true pair stands out clearly in its own table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from torch import nn

from ..data.batch import Batch, FieldLayout
from ..models.first_vectors import FirstVectors

MOST_ROWS, MOST_VALUES = 65_536, 64
# Rows times pairs of fields that are looked at: a few seconds.
MOST_CELLS = 60_000_000
RIDGE, MOST_ROUNDS = 1.0, 30
STANDARD_DEVIATIONS = 3.0
# A value's vector is pulled to zero as if it had so many rows more, without any effect in them.
ROWS_WITHOUT_EFFECT = 50
Tables = dict[tuple[str, str], np.ndarray]


@runtime_checkable
class Beginner(Protocol):
    """A model whose values can begin with vectors that are known; ``first_dim`` numbers each, 0 for at random."""

    layout: FieldLayout
    first_dim: int

    def begin(self, first: Mapping[str, FirstVectors]) -> None:
        """Take the first vectors of some fields."""


@dataclass(frozen=True)
class Features:
    """One field: which feature each row has, int (n,), and how much of it, float64 (n,), 1 for a value.

    ``ids`` (K,) are the values that the first K features stand for. All other values are one feature more.
    """

    codes: np.ndarray
    amounts: np.ndarray
    ids: np.ndarray

    @classmethod
    def of_numbers(cls, numbers: np.ndarray) -> Features:
        """A numeric field (n,): one feature, the number itself."""
        return cls(np.zeros(len(numbers), dtype=np.int64), numbers.astype(np.float64), np.zeros(1, dtype=np.int64))

    @classmethod
    def of_values(cls, values: np.ndarray) -> Features:
        """A categorical field (n,): its most frequent values."""
        ids, codes, counts = np.unique(values, return_inverse=True, return_counts=True)
        order = np.argsort(-counts, kind="stable")
        return cls(np.minimum(np.argsort(order), MOST_VALUES)[codes], np.ones(len(values)), ids[order[:MOST_VALUES]])

    @property
    def size(self) -> int:
        """Number of features, that of all other values included, whether there are such or not."""
        return len(self.ids) + 1

    def sums(self, of_rows: np.ndarray) -> np.ndarray:
        """For each feature the sum over the rows of how much of it they have times ``of_rows`` (n,): (size,)."""
        return np.bincount(self.codes, self.amounts * of_rows, self.size)

    @cached_property
    def squares(self) -> np.ndarray:
        """Mean square of each feature over the rows, for a value its share: (size,); 1 where it never occurs."""
        squares = np.bincount(self.codes, self.amounts**2, self.size) / len(self.codes)
        return np.where(squares > 0, squares, 1.0)


def begin_from_pairs(model: nn.Module, rows: Batch) -> None:
    """Let ``model`` begin with what pairs of fields hold in the training ``rows``, if it can and is to."""
    if isinstance(model, Beginner) and model.first_dim and len(rows):
        model.begin(pair_directions(model.layout, rows, model.first_dim))


def pair_directions(layout: FieldLayout, rows: Batch, dim: int) -> dict[str, FirstVectors]:
    """For each field in a pair that goes beyond main effects: vectors whose products are about the pairs' effects.

    Main effects are a logistic regression on all fields. What its residuals hold in the table of two fields, each cell
    in units of its standard error, counts as far as its sum of squares is above chance, and not at all within
    ``STANDARD_DEVIATIONS`` of it. The vectors are the leading eigenvectors of all tables laid together (spectral
    initialisation, Keshavan et al. 2010). Rare values and sequences have none. Of many rows a sample is taken, the same
    one each time.
    """
    num_fields = len(layout.numeric) + len(layout.categorical)
    rows = _sampled(rows, min(MOST_ROWS, MOST_CELLS // max(1, num_fields * (num_fields - 1) // 2)))
    labels, weights = rows.labels.double().numpy(), _weights(rows)
    if not 0 < labels @ weights < weights.sum():
        return {}
    fields = _features(layout, rows)
    rates = _rates_of_main_effects(list(fields.values()), labels, weights)
    tables = _tables(fields, weights * (labels - rates))
    interacting = {name: field for name, field in fields.items() if any(name in pair for pair in tables)}
    return _factored(interacting, tables, dim, float((weights * rates * (1 - rates)).mean())) if tables else {}


def _sampled(rows: Batch, most: int) -> Batch:
    """At most so many rows, on the CPU."""
    if len(rows) > most:
        chosen = np.sort(np.random.default_rng(0).choice(len(rows), size=most, replace=False))
        rows = rows.select(torch.from_numpy(chosen).to(rows.labels.device))
    return rows.to(torch.device("cpu"))


def _weights(rows: Batch) -> np.ndarray:
    """How much each row counts, 1 on average, (n,)."""
    return np.ones(len(rows)) if rows.weights is None else (rows.weights / rows.weights.mean()).double().numpy()


def _features(layout: FieldLayout, rows: Batch) -> dict[str, Features]:
    numbers = {name: Features.of_numbers(rows.numeric[:, i].numpy()) for i, name in enumerate(layout.numeric)}
    values = {name: Features.of_values(rows.categorical[:, i].numpy()) for i, name in enumerate(layout.categorical)}
    return numbers | values


def _rates_of_main_effects(fields: Sequence[Features], labels: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """CTR of each row (n,) by logistic regression on all features, under a weak ridge."""
    from scipy.optimize import minimize  # slow to import

    mean = float(labels @ weights) / len(labels)
    overall = np.log(mean / (1 - mean))
    ends = np.cumsum([field.size for field in fields])
    # In these units the curvature is about 1 in every direction, so that few rounds are enough.
    units = np.sqrt(len(labels) * mean * (1 - mean) * np.concatenate([field.squares for field in fields]))

    def logits(effects: np.ndarray) -> np.ndarray:
        parts = np.split(effects / units, ends[:-1])
        terms = (field.amounts * part[field.codes] for field, part in zip(fields, parts, strict=True))
        return np.asarray(overall + sum(terms))

    def loss(effects: np.ndarray) -> tuple[float, np.ndarray]:
        scores, pull = logits(effects), RIDGE * effects / units**2
        residuals = weights * (_sigmoid(scores) - labels)
        slopes = np.concatenate([field.sums(residuals) for field in fields]) / units
        value = weights @ (np.logaddexp(0, scores) - labels * scores) + 0.5 * pull @ effects
        return float(value), slopes + pull

    found = minimize(loss, np.zeros(ends[-1]), jac=True, method="L-BFGS-B", options={"maxiter": MOST_ROUNDS})
    return _sigmoid(logits(found.x))


def _sigmoid(logits: np.ndarray) -> np.ndarray:
    rates: np.ndarray = 0.5 * (1.0 + np.tanh(0.5 * logits))
    return rates


def _tables(fields: Mapping[str, Features], residuals: np.ndarray) -> Tables:
    """The table (K_a, K_b) of each pair of fields that is above chance, less what chance adds to it."""
    tables = {(a, b): _above_chance(fields[a], fields[b], residuals) for a, b in combinations(fields, 2)}
    return {pair: table for pair, table in tables.items() if table is not None}


def _above_chance(a: Features, b: Features, residuals: np.ndarray) -> np.ndarray | None:
    """Mean residual of each cell in units of its features, shrunk as a whole; None where chance alone could give it.

    By chance a cell's square is the sum of its rows' squares, and the table's deviates by the root of twice its cells'.
    """
    cells, shape = a.codes * b.size + b.codes, (a.size, b.size)
    units = len(residuals) * np.sqrt(np.outer(a.squares, b.squares))
    of_rows = a.amounts * b.amounts * residuals
    table = (np.bincount(cells, of_rows, a.size * b.size).reshape(shape) / units)[:-1, :-1]
    chance = (np.bincount(cells, of_rows**2, a.size * b.size).reshape(shape) / units**2)[:-1, :-1]
    excess = (table**2 - chance).sum()
    if excess <= STANDARD_DEVIATIONS * np.sqrt(2 * (chance**2).sum()):
        return None
    return np.asarray(table * (excess / (table**2).sum()))


def _factored(fields: Mapping[str, Features], tables: Tables, dim: int, information: float) -> dict[str, FirstVectors]:
    """Vectors (K, dim) of each field whose products are the tables in logits, as nearly as ``dim`` numbers can."""
    from scipy.sparse.linalg import eigsh  # slow to import

    ends = dict(zip(fields, np.cumsum([len(field.ids) for field in fields.values()]).tolist(), strict=True))
    places = {name: slice(end - len(fields[name].ids), end) for name, end in ends.items()}
    together = np.zeros((max(ends.values()),) * 2)
    for (a, b), table in tables.items():
        together[places[a], places[b]], together[places[b], places[a]] = table, table.T
    count = min(dim, len(together) - 1)
    start = np.random.default_rng(0).normal(size=len(together))
    strengths, directions = eigsh(together, k=count, which="LA", v0=start)
    vectors = np.zeros((len(together), dim))
    # A table and its transpose are half in the positive and half in the negative eigenvalues, which are left out.
    vectors[:, :count] = directions * np.sqrt(2 * np.maximum(strengths, 0.0) / information)
    return {name: _of_field(field, vectors[places[name]]) for name, field in fields.items()}


def _of_field(field: Features, vectors: np.ndarray) -> FirstVectors:
    """A field's vectors (K, dim) for features in their units, turned into those for the features as they are."""
    shares, rows = field.squares[:-1], np.bincount(field.codes, minlength=field.size)[:-1]
    pulled = rows / (rows + ROWS_WITHOUT_EFFECT) / np.sqrt(shares)
    return FirstVectors(field.ids, vectors * pulled[:, None], shares)
