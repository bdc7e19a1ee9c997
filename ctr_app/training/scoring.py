"""Scoring tables with a stored run."""

from __future__ import annotations

import numpy as np

from ..data.dataset import as_batch
from ..data.errors import InputError
from ..data.store import DataSet
from ..data.tables import Frame
from .metrics import Metrics, measure, sigmoid
from .run_store import Run
from .trainer import predict


def score_table(run: Run, frame: Frame) -> np.ndarray:
    """Predicted CTR, float64 (n,), of every row of a table with the run's columns; the label may be absent."""
    model, encoder = run.load_model()
    return sigmoid(predict(model, as_batch(encoder.transform(frame))))


def evaluate_table(run: Run, frame: Frame) -> Metrics:
    """Metrics over the rows of a table that have a label."""
    model, encoder = run.load_model()
    rows = encoder.transform(frame)
    logits = predict(model, as_batch(rows))
    labelled = ~np.isnan(rows.labels)
    if not labelled.any():
        raise InputError(
            "No row of the table has the label {label}, so there is nothing to measure.", label=encoder.schema.label
        )
    groups, weights = (None if of_rows is None else of_rows[labelled] for of_rows in (rows.group_ids, rows.weights))
    return measure(rows.labels[labelled], logits[labelled], groups, weights)


def evaluate_splits(run: Run, dataset: DataSet) -> dict[str, Metrics]:
    """Metrics of each split of the data set that the run was trained on."""
    model, _ = run.load_model()
    encoded = dataset.encoded(run.spec().preparation)
    return {
        split: measure(np.asarray(rows.labels), predict(model, as_batch(rows)), rows.group_ids, rows.weights)
        for split in encoded.splits
        for rows in (encoded.rows(split),)
    }
