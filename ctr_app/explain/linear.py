"""Logistic regression on encoded rows, by scikit-learn: the model that sees no pair unless it is given one."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from ..data.batch import Batch, FieldLayout
from ..data.errors import InputError
from ..training.metrics import logloss

# Inverse weights of the L2 penalty, beside a row's loss; that with the best validation logloss is taken.
STRENGTHS = (0.03, 0.1, 0.3, 1.0)
# Newton's method by conjugate gradients goes on until no weight slopes the mean loss by more. It takes few long steps,
# which lose nothing when they are taken two at a time so that someone can stop.
TOLERANCE = 1e-5
STEPS_AT_ONCE, USUAL_STEPS, MOST_STEPS = 2, 6, 40


@dataclass(frozen=True)
class Logistic:
    """A fitted logistic regression: logit = intercept + x @ weights, and the ``strength`` that was chosen."""

    weights: np.ndarray
    intercept: float
    strength: float

    def logits(self, x: sparse.csr_matrix) -> np.ndarray:
        """Logits (n,) of a design (n, columns)."""
        return np.asarray(x @ self.weights + self.intercept)


def design(layout: FieldLayout, batch: Batch) -> sparse.csr_matrix:
    """One column per number and per value, (n, columns): a number itself, 1 for a value, 1/k for each of k items."""
    starts = dict(zip(layout.vocabulary_sizes, _starts(layout), strict=True))
    numbers = np.asarray(batch.numeric)
    columns, cells = [np.tile(np.arange(numbers.shape[1], dtype=np.int32), (len(batch), 1))], [numbers]
    for place, name in enumerate(layout.categorical):
        columns.append(batch.categorical[:, [place]].numpy() + np.int32(starts[name]))
        cells.append(np.ones((len(batch), 1), dtype=np.float32))
    for sequence in layout.sequences:
        ids = batch.sequences[sequence.name].numpy()
        columns.append(ids + np.int32(starts[layout.table_of(sequence.name)]))
        cells.append((ids > 0) / np.maximum((ids > 0).sum(axis=1, keepdims=True), 1, dtype=np.float32))
    width = len(layout.numeric) + sum(layout.vocabulary_sizes.values())
    return _sparse(np.concatenate(columns, axis=1), np.concatenate(cells, axis=1), width)


def fit_logistic(
    train: sparse.csr_matrix,
    valid: sparse.csr_matrix,
    train_rows: Batch,
    valid_rows: Batch,
    on_step: Callable[[float], None] = lambda _: None,
) -> Logistic:
    """Fit on the training rows; how strongly weights are pulled towards zero is what validates best.

    ``on_step`` is told what share is done, at least, after every other step, and may raise to stop.

    Raises:
        InputError: if the training rows are all clicks, or all not.
    """
    x, y, weights = _with_both_labels(train, train_rows)
    best: tuple[float, Logistic] | None = None
    model = LogisticRegression(solver="newton-cg", max_iter=STEPS_AT_ONCE, tol=TOLERANCE, warm_start=True)
    for place, strength in enumerate(STRENGTHS):
        model.set_params(C=strength)
        for steps in range(0, MOST_STEPS, STEPS_AT_ONCE):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ConvergenceWarning)  # it goes on below
                model.fit(x, y, sample_weight=weights)
            on_step((place + min(1.0, steps / USUAL_STEPS)) / len(STRENGTHS))
            if model.n_iter_[0] < STEPS_AT_ONCE:
                break
        found = Logistic(model.coef_[0].copy(), float(model.intercept_[0]), strength)
        loss = logloss(_labels(valid_rows), found.logits(valid), _weights(valid_rows))
        if best is not None and loss >= best[0]:
            break
        best = loss, found
    assert best is not None
    return best[1]


def _with_both_labels(x: sparse.csr_matrix, rows: Batch) -> tuple[sparse.csr_matrix, np.ndarray, np.ndarray]:
    """Rows, labels 0/1 and weights; a row whose label is a probability stands there as a click and as none."""
    labels, weights = _labels(rows), _weights(rows)
    weights = np.ones(len(labels)) if weights is None else weights / weights.mean()
    if len(labels) == 0 or labels.min() == labels.max():
        raise InputError("The training rows are all clicks, or all not, so there is nothing to learn from them.")
    if np.isin(labels, (0.0, 1.0)).all():
        return x, labels, weights
    both = sparse.vstack([x, x], format="csr")
    return both, np.repeat([1.0, 0.0], len(labels)), np.concatenate([weights * labels, weights * (1 - labels)])


def _labels(rows: Batch) -> np.ndarray:
    return rows.labels.numpy().astype(np.float64)


def _weights(rows: Batch) -> np.ndarray | None:
    return None if rows.weights is None else rows.weights.numpy().astype(np.float64)


def _starts(layout: FieldLayout) -> np.ndarray:
    """The first column of each vocabulary, after those of the numbers."""
    sizes = [len(layout.numeric), *layout.vocabulary_sizes.values()]
    return np.cumsum(sizes)[:-1]


def _sparse(columns: np.ndarray, cells: np.ndarray, width: int) -> sparse.csr_matrix:
    """The matrix (n, width) with ``cells`` (n, k) in ``columns`` (n, k); one column twice in a row is added up."""
    ends = np.arange(len(columns) + 1) * columns.shape[1]
    matrix = sparse.csr_matrix((cells.ravel().astype(np.float64), columns.ravel(), ends), shape=(len(columns), width))
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return matrix
