"""What both ready-made samples promise: their labels, their best AUC, their repeatability, their bits."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from ctr_app.data.catalogue import READY_MADE, SAMPLES, sample_named
from ctr_app.data.errors import InputError
from ctr_app.data.schema import Schema
from ctr_app.data.store import DatasetStore
from ctr_app.data.synthetic import planted_clicks, planted_histories

MAKERS = [planted_clicks, planted_histories]


@pytest.mark.parametrize("make", MAKERS)
def test_labels_are_drawn_with_the_true_probabilities(make):
    planted = make(20_000)
    labels, probabilities = planted.frame["click"].to_numpy(), planted.probabilities
    order = np.argsort(probabilities)
    for rows in np.array_split(order, 10):
        deviation = labels[rows].mean() - probabilities[rows].mean()
        assert abs(deviation) < 4 * np.sqrt((probabilities[rows] * (1 - probabilities[rows])).sum()) / len(rows)


@pytest.mark.parametrize("make", MAKERS)
def test_the_best_auc_is_reached_by_the_true_probabilities(make):
    planted = make(20_000)
    reached = roc_auc_score(planted.frame["click"], planted.probabilities)
    assert reached == pytest.approx(planted.truth.best_auc, abs=0.01)
    assert 0.65 < planted.truth.best_auc < 0.95


@pytest.mark.parametrize("make", MAKERS)
def test_the_same_seed_makes_the_same_table_and_another_seed_another(make):
    first, again, other = make(500, 1), make(500, 1), make(500, 2)
    assert first.frame.equals(again.frame)
    assert first.truth == again.truth
    assert not first.frame.equals(other.frame)


@pytest.mark.parametrize("make", MAKERS)
def test_the_schema_speaks_of_the_columns_of_the_table_in_their_order(make):
    planted = make(200)
    assert [column.name for column in planted.schema.columns] == planted.frame.columns
    assert planted.schema.check() is planted.schema
    assert set(planted.frame["click"]) == {0, 1}
    assert Schema.from_json(planted.schema.to_json()) == planted.schema
    assert planted.frame.null_count().row(0) == (0,) * planted.frame.width
    assert len(planted.probabilities) == planted.frame.height == 200


@pytest.mark.parametrize("rows", [0, 99, 10_000_001, -1])
def test_a_sample_of_too_few_or_too_many_rows_is_refused(rows):
    for make in MAKERS:
        with pytest.raises(InputError, match=f"between 100 and 10 000 000 rows, not {rows}"):
            make(rows)


@pytest.mark.parametrize(
    ("name", "rows", "seed", "table", "dataset_id"),
    [
        ("planted-clicks", 500, 0, "8e7ed3df5772c1f5", "planted-clicks-057758f3"),
        ("planted-clicks", 1000, 3, "28e8c06197ae367d", "planted-clicks-d80a5d72"),
        ("planted-histories", 500, 0, "27eae21ba6ec3ecd", "planted-histories-08e573fc"),
        ("planted-histories", 1000, 3, "d5fdf7f25811a4bb", "planted-histories-22fb421d"),
    ],
)
def test_a_sample_is_the_same_in_every_version(
    tmp_path: Path, name: str, rows: int, seed: int, table: str, dataset_id: str
):
    frame = SAMPLES[name].make(rows, seed).frame
    assert hashlib.sha256(frame.write_csv().encode()).hexdigest().startswith(table)
    assert DatasetStore(tmp_path).add_sample(name, rows, seed).id == dataset_id


def test_samples_are_known_by_their_names():
    assert READY_MADE == ("planted-clicks", "planted-histories")
    assert [SAMPLES[name].make for name in READY_MADE] == MAKERS
    assert set(SAMPLES) == {*READY_MADE, "planted-pairs", *(f"f{i}" for i in range(1, 11))}
    with pytest.raises(InputError, match="There is no sample clicks; there are planted-clicks, planted-histories"):
        sample_named("clicks")
