"""Metrics beside scikit-learn and beside slow loops."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import log_loss, roc_auc_score

from ctr_app.data.synthetic.truth import best_auc
from ctr_app.training.metrics import auc, calibration, grouped_auc, logloss, measure, sigmoid

NUM_TIED_SCORES = 4
rows_of = st.lists(st.tuples(st.integers(0, 1), st.integers(0, NUM_TIED_SCORES), st.integers(-2, 3)), min_size=1)


def slow_grouped_auc(labels: np.ndarray, scores: np.ndarray, groups: np.ndarray) -> float | None:
    """Group by group, with scikit-learn."""
    areas, weights = [], []
    for group in sorted(set(groups.tolist())):
        of_group = groups == group
        if len(set(labels[of_group].tolist())) == 2:
            areas.append(roc_auc_score(labels[of_group], scores[of_group]))
            weights.append(int(of_group.sum()))
    return float(np.average(areas, weights=weights)) if areas else None


@pytest.mark.parametrize("distinct", [2, 10, 1_000_000])
def test_auc_is_that_of_scikit_learn_with_few_or_many_ties(distinct: int) -> None:
    generator = np.random.default_rng(0)
    labels = generator.integers(0, 2, 20_000).astype(np.float32)
    scores = generator.integers(0, distinct, 20_000) / distinct + 0.3 * labels.round()
    assert auc(labels, scores) == pytest.approx(roc_auc_score(labels, scores), abs=1e-12)


@given(rows_of)
@settings(deadline=None)
def test_metrics_of_any_rows_are_those_of_the_slow_way(rows: list[tuple[int, int, int]]) -> None:
    labels, scores, groups = (np.array(column) for column in zip(*rows, strict=True))
    labels, logits = labels.astype(np.float32), scores / 2 - 1
    measured = measure(labels, logits, groups)
    assert measured.rows == len(rows)
    assert measured.logloss == pytest.approx(log_loss(labels, sigmoid(logits), labels=[0, 1]), abs=1e-12)
    expected = slow_grouped_auc(labels, logits, groups)
    assert measured.gauc == (None if expected is None else pytest.approx(expected, abs=1e-12))
    if len(set(labels.tolist())) == 2:
        assert measured.auc == pytest.approx(roc_auc_score(labels, logits), abs=1e-12)
    else:
        assert measured.auc is None


@given(rows_of, st.randoms())
@settings(deadline=None)
def test_the_order_of_rows_changes_no_metric(rows: list[tuple[int, int, int]], random: object) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    before, after = (
        measure(*(np.array(column) for column in zip(*order, strict=True))).to_json() for order in (rows, shuffled)
    )
    assert before == pytest.approx(after, abs=1e-12)


def test_groups_of_one_label_are_left_out_and_the_others_weigh_by_their_rows() -> None:
    labels = np.array([1, 0, 1, 1, 0, 0, 1, 0], dtype=np.float32)
    scores = np.array([2, 1, 9, 9, 1, 2, 0, 2], dtype=np.float64)
    groups = np.array([7, 7, 5, 5, -3, -3, 4_000_000_000, 4_000_000_000])
    assert grouped_auc(labels, scores, groups) == pytest.approx((2 * 1.0 + 2 * 0.0) / 4)
    assert grouped_auc(labels[2:6], scores[2:6], groups[2:6]) is None


def test_gauc_is_left_out_where_no_group_is_known() -> None:
    labels, logits = np.array([0.0, 1.0]), np.array([0.0, 1.0])
    assert "gauc" not in measure(labels, logits).to_json()
    assert measure(labels, logits, np.array([1, 1])).to_json()["gauc"] == 1.0


def test_extreme_logits_neither_overflow_nor_lose_their_loss() -> None:
    assert logloss(np.array([1.0, 0.0]), np.array([-1000.0, 1000.0])) == 1000.0
    assert logloss(np.array([1.0, 0.0]), np.array([1000.0, -1000.0])) == 0.0
    assert sigmoid(np.array([-1000.0, 0.0, 1000.0])).tolist() == [0.0, 0.5, 1.0]


weighted_rows = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, NUM_TIED_SCORES), st.integers(0, 2), st.integers(1, 3)), min_size=1
)


@given(weighted_rows)
@settings(deadline=None)
def test_a_weight_counts_as_so_many_rows_and_a_probability_as_its_share_of_clicks(
    rows: list[tuple[int, int, int, int]],
) -> None:
    quarters, scores, groups, weights = (np.array(column) for column in zip(*rows, strict=True))
    found = measure(quarters / 4, scores / 2 - 1, groups, weights)
    repeats = np.stack([quarters * weights, (4 - quarters) * weights], axis=1).ravel()
    labels = np.repeat(np.tile([1.0, 0.0], len(rows)), repeats)
    expected = measure(labels, *(np.repeat(column, 4 * weights) for column in (scores / 2 - 1, groups)))
    assert found.rows == len(rows)
    assert found.logloss == pytest.approx(expected.logloss, abs=1e-12)
    for ours, theirs in ((found.auc, expected.auc), (found.gauc, expected.gauc)):
        assert ours == (None if theirs is None else pytest.approx(theirs, abs=1e-12))


def test_probabilities_as_labels_can_be_ranked_as_well_as_their_truth_says() -> None:
    probabilities = np.random.default_rng(0).beta(2, 5, 3_000).round(2)
    assert auc(probabilities, probabilities) == pytest.approx(best_auc(probabilities), abs=1e-12)


def test_calibration_of_predictions_that_are_twice_too_high() -> None:
    labels = np.tile([1.0, 0.0, 0.0, 0.0, 0.0], 60)
    found = calibration(labels, np.full(300, np.log(0.4 / 0.6)), num_bins=1)
    assert found.ratio == pytest.approx(2.0)
    assert found.error == pytest.approx(0.2)
    assert calibration(np.zeros(5), np.zeros(5)).ratio is None


def test_calibration_error_is_the_mean_over_bins_of_predictions() -> None:
    labels = np.array([1.0, 0.0, 1.0, 1.0])
    found = calibration(labels, np.array([-9.0, -8.0, 9.0, 8.0]), np.array([1.0, 1.0, 2.0, 2.0]), num_bins=2)
    low, high = 1 / (1 + np.exp([9.0, 8.0])), 1 / (1 + np.exp([-9.0, -8.0]))
    assert found.error == pytest.approx((1 - low.sum() + 2 * (2 - high.sum())) / 6)
