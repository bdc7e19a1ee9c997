"""Means, their intervals, and what is in bold."""

import math

import numpy as np
import pytest
import quality_numbers
from scipy import stats


def test_an_interval_is_that_of_students_t() -> None:
    values = [0.61, 0.63, 0.62, 0.66, 0.60]
    low, high = stats.t.interval(0.95, 4, loc=np.mean(values), scale=stats.sem(values))
    assert quality_numbers.interval(values) == pytest.approx((high - low) / 2)
    assert math.isinf(quality_numbers.interval([0.6]))


def test_a_gap_has_the_interval_of_welchs_test() -> None:
    a, b = [0.70, 0.71, 0.73, 0.72, 0.70], [0.69, 0.70, 0.69, 0.68]
    above, half = quality_numbers.gap(a, b)
    expected = stats.ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    assert (above - half, above + half) == pytest.approx((expected.low, expected.high))
    assert quality_numbers.gap([0.7, 0.7], [0.6, 0.6]) == (pytest.approx(0.1), 0.0)
    assert math.isinf(quality_numbers.gap([0.7], [0.6])[1])


def test_one_seed_is_shown_without_an_interval() -> None:
    assert quality_numbers.shown([0.12345]) == "0.1235"
    assert quality_numbers.shown([0.5, 0.6]).startswith("0.5500 ± 0.6353")
    assert quality_numbers.listed([1.26, 2.0], ".1f") == "1.3, 2.0"


def test_what_is_below_its_target_is_in_bold() -> None:
    assert quality_numbers.marked("0.5", False) == "**0.5**"
    assert quality_numbers.marked("0.5", True) == "0.5"


def test_paragraphs_are_as_wide_as_the_file() -> None:
    lines = quality_numbers.wrapped("early-stopped word " * 40).splitlines()
    assert max(map(len, lines)) <= 120
    assert len(lines) == 7
