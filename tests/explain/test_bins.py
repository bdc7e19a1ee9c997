"""Bins of numbers and their labels."""

from __future__ import annotations

import numpy as np
import pytest

from ctr_app.explain.bins import quantile_bins, range_labels


def test_bins_hold_about_equally_many_rows_in_ascending_order():
    values = np.random.default_rng(0).normal(size=800)
    codes = quantile_bins(values)
    assert np.bincount(codes).tolist() == [100] * 8
    assert all(values[codes == k].max() < values[codes == k + 1].min() for k in range(7))


@pytest.mark.parametrize("ones", [1, 5, 50, 95, 99])
def test_a_flag_has_two_bins_however_rare_it_is(ones):
    values = np.repeat([0.0, 1.0], [100 - ones, ones])
    assert np.array_equal(quantile_bins(values), values)


def test_zeros_do_not_hide_what_is_above_and_below():
    values = np.array([-2.0, -1.0] + [0.0] * 90 + [1.0, 2.0])
    codes = quantile_bins(values)
    assert codes[0] == codes[1] == 0
    assert set(codes[2:92]) == {1}
    assert codes[92] == codes[93] == 2


@pytest.mark.parametrize("distinct", [1, 2, 3, 5, 8, 9, 30])
def test_no_bin_is_empty_and_equal_numbers_share_one(distinct):
    values = np.random.default_rng(1).integers(distinct, size=500).astype(np.float32)
    codes = quantile_bins(values)
    assert set(codes) == set(range(codes.max() + 1))
    assert codes.max() < 8
    assert all(len(set(codes[values == value])) == 1 for value in set(values))


@pytest.mark.parametrize(
    ("lows", "highs", "labels"),
    [
        ([1.24, 3.41], [3.36, 12.7], ["1.2–3.4", "3.4–13"]),
        ([0, 1, 2], [0, 1, 40], ["0", "1", "2–40"]),
        ([-5, -1.5], [-2, 3], ["-5 – -2", "-1.5 – 3"]),
        ([1.0001, 1.0002], [1.00015, 1.00025], ["1.0001–1.0002", "1.0002–1.0003"]),
        ([123456.7], [1234567.8], ["123457–1234568"]),
        ([1e-7], [2e9], ["1e-07 – 2e+09"]),
        ([5, 5], [5, 5], ["5 (1)", "5 (2)"]),
        ([], [], []),
    ],
)
def test_labels_have_as_few_digits_as_tell_the_bins_apart(lows, highs, labels):
    assert range_labels(np.array(lows, dtype=float), np.array(highs, dtype=float)) == labels
