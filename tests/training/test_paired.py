"""Changes of AUC and logloss on the same rows, and the errors that these rows leave."""

from __future__ import annotations

import numpy as np
import pytest

from ctr_app.training.metrics import auc, calibration, logloss
from ctr_app.training.paired import Change, auc_change, logloss_change


def scored(rows: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Labels, logits that know something of them with some ties, and logits that know less."""
    generator = np.random.default_rng(seed)
    truth = generator.normal(size=rows)
    labels = (generator.random(rows) < 1 / (1 + np.exp(-truth))).astype(float)
    before = np.round(truth + 0.3 * generator.normal(size=rows), 1)
    return labels, before, before + generator.normal(size=rows)


def delong_error(labels: np.ndarray, before: np.ndarray, after: np.ndarray) -> float:
    """Standard error by DeLong et al. (1988), from every pair of a click and an opposite."""
    clicks, others = labels == 1, labels == 0

    def won(scores: np.ndarray) -> np.ndarray:
        return np.heaviside(scores[clicks][:, None] - scores[others][None, :], 0.5)

    of_click, of_other = ((won(after) - won(before)).mean(axis=axis) for axis in (1, 0))
    return float(np.sqrt(of_click.var() / clicks.sum() + of_other.var() / others.sum()))


def test_the_change_of_the_auc_has_the_error_of_delong():
    labels, before, after = scored(300)
    change = auc_change(labels, before, after)
    assert change is not None
    assert change.value == pytest.approx(auc(labels, after) - auc(labels, before), abs=1e-12)
    assert change.error == pytest.approx(delong_error(labels, before, after), rel=1e-9)


def test_the_error_of_the_auc_is_what_other_samples_of_rows_show():
    changes = [auc_change(*scored(400, seed)) for seed in range(300)]
    spread = np.std([change.value for change in changes])
    assert np.mean([change.error for change in changes]) == pytest.approx(spread, rel=0.15)


def test_a_weight_counts_as_its_share_and_a_probability_as_its_clicks():
    labels, before, after = scored(200)
    soft = np.where(labels == 1, 0.75, 0.25)
    weights = np.random.default_rng(1).uniform(0.5, 2.0, size=200)
    change = auc_change(soft, before, after, weights)
    assert change.value == pytest.approx(auc(soft, after, weights) - auc(soft, before, weights), abs=1e-12)
    twice = auc_change(labels, before, after, np.full(200, 2.0))
    assert (twice.value, twice.error) == pytest.approx(
        (auc_change(labels, before, after).value, auc_change(labels, before, after).error)
    )


def test_rows_of_one_group_count_together() -> None:
    labels, before, after = (np.repeat(part, 4) for part in scored(300))
    alone, together = (auc_change(*scored(300)), auc_change(labels, before, after, None, np.arange(1200) // 4))
    assert (together.value, together.error) == pytest.approx((alone.value, alone.error))
    rows = auc_change(labels, before, after)
    assert rows.error == pytest.approx(alone.error / 2)
    alone, together = logloss_change(*scored(300)), logloss_change(labels, before, after, None, np.arange(1200) // 4)
    assert (together.value, together.error) == pytest.approx((alone.value, alone.error))


def test_the_change_of_the_logloss_is_the_mean_of_the_rows():
    labels, before, after = scored(300)
    change = logloss_change(labels, before, after)
    assert change.value == pytest.approx(logloss(labels, after) - logloss(labels, before), abs=1e-12)
    of_rows = np.array([logloss(labels[[i]], after[[i]]) - logloss(labels[[i]], before[[i]]) for i in range(300)])
    assert change.error == pytest.approx(of_rows.std() / 300**0.5)


def test_rows_of_one_label_have_no_auc_to_change_and_equal_scores_no_change():
    labels, before, _ = scored(50)
    assert auc_change(np.ones(50), before, before + 1) is None
    assert auc_change(labels, before, before) == Change(0.0, 0.0)


def test_a_change_is_clear_where_its_interval_leaves_out_zero():
    assert Change(-0.02, 0.01).is_clear
    assert not Change(0.02, 0.011).is_clear
    assert Change(0.5, 0.1).margin == pytest.approx(0.196)


def test_calibration_of_predictions_that_are_twice_too_high():
    labels = np.tile([1.0, 0.0, 0.0, 0.0, 0.0], 60)
    found = calibration(labels, np.full(300, np.log(0.4 / 0.6)), num_bins=1)
    assert found.ratio == pytest.approx(2.0)
    assert found.error == pytest.approx(0.2)
    assert calibration(np.zeros(5), np.zeros(5)).ratio is None


def test_calibration_error_is_the_mean_over_bins_of_predictions():
    labels = np.array([1.0, 0.0, 1.0, 1.0])
    found = calibration(labels, np.array([-9.0, -8.0, 9.0, 8.0]), np.array([1.0, 1.0, 2.0, 2.0]), num_bins=2)
    low, high = 1 / (1 + np.exp([9.0, 8.0])), 1 / (1 + np.exp([-9.0, -8.0]))
    assert found.error == pytest.approx((1 - low.sum() + 2 * (2 - high.sum())) / 6)
