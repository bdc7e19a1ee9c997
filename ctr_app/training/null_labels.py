"""Labels that hold main effects and no interaction: what a training learns that shows how strong mere noise looks.

Permuted labels would hold no main effects either. Models fit main effects partly by their pairs, and where there is
nothing at all to learn training stops after one epoch or runs on to the last, so strengths of another scale come out
(benchmarks/RESULTS.md has both side by side). Instead an additive model is fitted to the real labels
and new ones are drawn from it: the parametric bootstrap of Friedman & Popescu (2008), section 8.3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..data.arrays import EncodedRows
from ..data.batch import FieldLayout
from ..data.dataset import EncodedDataset
from .metrics import sigmoid

NUM_BINS = 16
MOST_ROWS = 300_000
SWEEPS = 10
LEAST_VARIANCE, LEAST_CURVATURE = 1e-4, 1e-6
# A probability as a label is kept this far from 0 and 1, so that its logit is a number.
MARGIN = 1e-3


@dataclass(frozen=True)
class Codes:
    """One field of n rows: codes 0..V-1 of its values, int (n, T), of which each counts ``shares``, float (n, T).

    A categorical or a binned field has T = 1; a history has 1/n for each of its n items, and 0 for padding.
    """

    codes: np.ndarray
    shares: np.ndarray
    num_values: int

    @classmethod
    def single(cls, codes: np.ndarray, num_values: int) -> Codes:
        """A field with one value in each row, from codes (n,)."""
        return cls(np.asarray(codes)[:, None], np.ones((len(codes), 1)), num_values)

    @classmethod
    def history(cls, codes: np.ndarray, num_values: int) -> Codes:
        """A field with several values in each row, from codes (n, T) padded with 0."""
        is_item = np.asarray(codes) > 0
        return cls(np.asarray(codes), is_item / np.maximum(is_item.sum(axis=1, keepdims=True), 1), num_values)

    def select(self, rows: np.ndarray) -> Codes:
        """The given rows."""
        return Codes(self.codes[rows], self.shares[rows], self.num_values)

    def spread(self, effects: np.ndarray) -> np.ndarray:
        """What values with these effects, (V,), add to each row, (n,)."""
        added: np.ndarray = (effects[self.codes] * self.shares).sum(axis=1)
        return added

    def gathered(self, by_row: np.ndarray) -> np.ndarray:
        """The sum over the rows of what each brings to a value, (V,)."""
        parts = (self.shares * by_row[:, None]).ravel()
        return np.bincount(self.codes.ravel(), weights=parts, minlength=self.num_values)


@dataclass(frozen=True)
class AdditiveFit:
    """The logit as an intercept and an effect of each value of each field, (V,) each, in the order of the layout."""

    intercept: float
    effects: tuple[np.ndarray, ...]

    def logits(self, fields: Sequence[Codes]) -> np.ndarray:
        """Of each row, (n,)."""
        return sum(
            (field.spread(effects) for field, effects in zip(fields, self.effects, strict=True)),
            np.full(len(fields[0].codes), self.intercept),
        )


def null_labels(dataset: EncodedDataset, seed: int) -> dict[str, np.ndarray]:
    """Labels of each split, float32 (n,), as if the data had the main effects that they have and nothing else.

    Clicks are drawn with the probability of the additive fit. Where labels are probabilities, what the fit leaves of
    their logits is permuted among the rows.
    """
    layout, train = dataset.encoder.layout, dataset.rows("train")
    edges = [np.unique(np.quantile(column, np.linspace(0, 1, NUM_BINS + 1)[1:-1])) for column in train.numeric.T]
    chosen = _some_rows(len(train))
    weights = None if train.weights is None else np.asarray(train.weights)[chosen]
    fields = [field.select(chosen) for field in field_codes(layout, train, edges)]
    fit = fit_additive(fields, np.asarray(train.labels, dtype=np.float64)[chosen], weights)
    generator = np.random.default_rng(seed)
    return {
        split: _drawn(np.asarray(rows.labels), fit.logits(field_codes(layout, rows, edges)), generator)
        for split in dataset.splits
        for rows in (dataset.rows(split),)
    }


def field_codes(layout: FieldLayout, rows: EncodedRows, edges: Sequence[np.ndarray]) -> list[Codes]:
    """Every field of the rows, in the order of the layout; numbers are cut at ``edges``, one array for each."""
    numeric = [
        Codes.single(np.searchsorted(cuts, rows.numeric[:, i], side="right"), len(cuts) + 1)
        for i, cuts in enumerate(edges)
    ]
    sizes = layout.vocabulary_sizes
    categorical = [Codes.single(rows.categorical[:, i], sizes[name]) for i, name in enumerate(layout.categorical)]
    histories = [
        Codes.history(rows.sequences[sequence.name], sizes[layout.table_of(sequence.name)])
        for sequence in layout.sequences
    ]
    return numeric + categorical + histories


def fit_additive(
    fields: Sequence[Codes],
    labels: np.ndarray,
    weights: np.ndarray | None = None,
    variance: float | None = None,
    sweeps: int = SWEEPS,
) -> AdditiveFit:
    """Logistic regression on the values of all fields; a field's effects are drawn from a normal of its own variance.

    Newton steps field by field, in which a field's curvature is taken as diagonal: exactly so with one value per row,
    and a bound on it otherwise. Unless ``variance`` gives that of all fields, each follows from the data by steps of
    expectation and maximisation.
    """
    weights = np.ones(len(labels)) if weights is None else weights
    mean = np.clip(np.average(labels, weights=weights), MARGIN, 1 - MARGIN)
    intercept = float(np.log(mean / (1 - mean)))
    logits = np.full(len(labels), intercept)
    effects = [np.zeros(field.num_values) for field in fields]
    variances = [variance or 1.0] * len(fields)
    for _ in range(sweeps):
        for i, field in enumerate(fields):
            gradient, curvature = _slopes(logits, labels, weights)
            curvatures = field.gathered(curvature) + 1 / variances[i]
            step = (field.gathered(gradient) - effects[i] / variances[i]) / curvatures
            effects[i] += step
            logits += field.spread(step)
            if variance is None:
                variances[i] = _variance(effects[i], curvatures, variances[i])
        gradient, curvature = _slopes(logits, labels, weights)
        shift = float(gradient.sum() / curvature.sum())
        intercept, logits = intercept + shift, logits + shift
    return AdditiveFit(intercept, tuple(effects))


def _variance(effects: np.ndarray, curvatures: np.ndarray, before: float) -> float:
    """The variance of effects, (V,), of which each is known to one over its curvature; absent values have no part."""
    is_there = curvatures > (1 + 1e-9) / before
    squares = (effects**2 + 1 / curvatures)[is_there]
    return max(LEAST_VARIANCE, float(squares.sum() / max(1, len(squares))))


def _slopes(logits: np.ndarray, labels: np.ndarray, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First derivative of the log likelihood by each row's logit, and minus the second."""
    rates = sigmoid(logits)
    return weights * (labels - rates), weights * np.maximum(rates * (1 - rates), LEAST_CURVATURE)


def _some_rows(count: int) -> np.ndarray:
    """The numbers of all rows, or of many drawn at random, the same ones each time."""
    if count <= MOST_ROWS:
        return np.arange(count)
    return np.sort(np.random.default_rng(0).choice(count, MOST_ROWS, replace=False))


def _drawn(labels: np.ndarray, logits: np.ndarray, generator: np.random.Generator) -> np.ndarray:
    """New labels for rows with these additive logits, of the kind that ``labels`` are."""
    if np.isin(labels, (0.0, 1.0)).all():
        return (generator.random(len(logits)) < sigmoid(logits)).astype(np.float32)
    inner = np.clip(labels.astype(np.float64), MARGIN, 1 - MARGIN)
    left = np.log(inner / (1 - inner)) - logits
    return sigmoid(logits + generator.permutation(left)).astype(np.float32)
