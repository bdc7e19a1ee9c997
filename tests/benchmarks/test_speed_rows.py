"""Made tables: the same for everyone, of the promised shape, and with something to learn."""

import numpy as np
import pytest
from peers import rows
from sklearn.metrics import roc_auc_score


def test_field_sizes_add_up_and_none_is_below_the_smallest() -> None:
    for num_values in (10_000, 419_000, 10_000_000):
        sizes = rows.field_sizes(num_values)
        assert len(sizes) == rows.NUM_CATEGORICAL
        assert sizes.min() >= rows.SMALLEST_FIELD
        assert abs(sizes.sum() / num_values - 1) < 0.01


def test_clicks_are_the_same_for_the_same_seed_and_survive_the_disk(tmp_path) -> None:
    first, second = rows.make_clicks(200, seed=3), rows.make_clicks(200, seed=3)
    again = rows.read_table(rows.write_table(first, tmp_path / "table"))
    for split in ("train", "valid"):
        for name, array in vars(getattr(first, split)).items():
            np.testing.assert_array_equal(array, getattr(getattr(second, split), name))
            np.testing.assert_array_equal(array, getattr(getattr(again, split), name))
    assert again.sizes == first.sizes


@pytest.mark.parametrize("make", [rows.make_clicks, rows.make_histories])
def test_ids_leave_room_for_the_special_ones_and_stay_below_the_size(make) -> None:
    table = make(500)
    assert len(table.train) == 400
    assert len(table.valid) == 100
    assert table.train.categorical.min() >= rows.FIRST_ID
    assert (table.train.categorical.max(axis=0) < list(table.sizes.values())).all()
    assert 0.2 < table.train.labels.mean() < 0.8


def test_histories_are_padded_at_the_end_and_decide_the_label() -> None:
    train = rows.make_histories(4000).train
    is_real = train.history > 0
    assert is_real[:, 0].all()
    assert (is_real[:, 1:] <= is_real[:, :-1]).all()
    genre = (train.categorical[:, -1:] - rows.FIRST_ID) % rows.NUM_GENRES
    is_alike = ((train.history - rows.FIRST_ID) % rows.NUM_GENRES == genre) & is_real
    assert rows.auc(train.labels, is_alike.sum(axis=1) / is_real.sum(axis=1)) > 0.65


def test_auc_equals_scikit_learns_with_ties() -> None:
    random = np.random.default_rng(0)
    labels, scores = random.integers(0, 2, 500), random.integers(0, 20, 500)
    assert rows.auc(labels, scores) == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)
