"""Labels with main effects and nothing else, against a general optimizer and against what was planted."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from ctr_app.data.dataset import EncodedDataset
from ctr_app.data.store import DatasetStore
from ctr_app.data.synthetic import GENERATORS
from ctr_app.explain.counts import by_counts
from ctr_app.training.metrics import sigmoid
from ctr_app.training.null_labels import Codes, fit_additive, null_labels


def planted(datasets: DatasetStore, **settings: object) -> EncodedDataset:
    chosen = {"rows": 6000, "num_categorical_fields": 3, "num_numeric_fields": 1, "vocabulary_size": 6, **settings}
    return datasets.add_planted("planted-pairs", GENERATORS["planted-pairs"].with_values(chosen)).encoded()


def test_the_fit_is_the_penalised_logistic_regression() -> None:
    generator = np.random.default_rng(0)
    fields = [Codes.single(generator.integers(size, size=900), size) for size in (3, 7)]
    fields.append(Codes.history(generator.integers(5, size=(900, 3)), 5))
    effects = [generator.normal(size=field.num_values) * 0.5 for field in fields]
    logits = sum(field.spread(of_field) for field, of_field in zip(fields, effects, strict=True))
    labels = (generator.random(900) < sigmoid(logits)).astype(float)
    weights = generator.uniform(0.5, 2.0, size=900)
    fit = fit_additive(fields, labels, weights, variance=1.0, sweeps=1000)
    design = np.concatenate(
        [np.stack([field.spread(row) for row in np.eye(field.num_values)], 1) for field in fields], 1
    )
    slow = LogisticRegression(C=1.0, tol=1e-10, max_iter=10_000).fit(design, labels, weights)
    assert fit.logits(fields) == pytest.approx(slow.decision_function(design), abs=1e-4)


def test_null_labels_keep_main_effects_and_lose_the_pairs(datasets: DatasetStore) -> None:
    encoded = planted(datasets, num_pairs=1, pair_strength=1.5, main_strength=0.7)
    labels, rows = null_labels(encoded, 0), encoded.rows("train")
    assert labels.keys() == set(encoded.splits)
    for split, drawn in labels.items():
        assert (drawn.dtype, drawn.shape) == (np.float32, encoded.rows(split).labels.shape)
        assert set(np.unique(drawn)) == {0.0, 1.0}
    layout = encoded.encoder.layout
    before = by_counts(layout, rows)["strength"]
    after = by_counts(layout, type(rows)(rows.numeric, rows.categorical, {}, labels["train"], rows.rows))["strength"]
    assert after.max() < before.max() / 3
    for column in range(3):
        codes = np.asarray(rows.categorical[:, column])
        rates = [np.bincount(codes, of) / np.maximum(np.bincount(codes), 1) for of in (rows.labels, labels["train"])]
        assert np.corrcoef(rates[0], rates[1])[0, 1] > 0.8


def test_a_null_seed_repeats_its_labels_and_another_draws_others(datasets: DatasetStore) -> None:
    encoded = planted(datasets, rows=500, num_pairs=1)
    first, again, other = (null_labels(encoded, seed)["train"] for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_labels_that_are_probabilities_stay_so(datasets: DatasetStore) -> None:
    settings = GENERATORS["f10"].with_values({"rows": 600, "variant": "noise-free"})
    encoded = datasets.add_planted("f10", settings).encoded()
    labels, real = null_labels(encoded, 0)["train"], np.asarray(encoded.rows("train").labels)
    assert len(np.unique(labels)) > 100
    assert ((labels > 0) & (labels < 1)).all()
    drawn, known = (np.log(rates / (1 - rates)) for rates in (labels, real))
    assert drawn.std() == pytest.approx(known.std(), rel=0.3)
    assert np.corrcoef(drawn, known)[0, 1] > 0.3
