"""Functions of one number over the range of float32, and which units dropout keeps."""

from __future__ import annotations

import numpy as np
import pytest

from ctr_app.models.kernels import compiled, numbers

LIMIT = 87.0


@compiled
def every_exp(x: np.ndarray, out: np.ndarray) -> None:
    for i in range(len(x)):
        out[i] = numbers.exp(x[i])


@compiled
def every_sigmoid(x: np.ndarray, out: np.ndarray) -> None:
    for i in range(len(x)):
        out[i] = numbers.sigmoid(x[i])


@compiled
def every_is_kept(seed: int, threshold: int, out: np.ndarray) -> None:
    for place in range(len(out)):
        out[place] = numbers.is_kept(seed, place, threshold)


def of(loop, x):
    x = np.asarray(x, np.float32)
    out = np.empty_like(x)
    loop(x, out)
    return out


def kept(seed, share=0.5, count=400_000):
    out = np.empty(count, np.bool_)
    every_is_kept(seed, round(share * 2**32), out)
    return out


def correlation(a, b):
    return np.corrcoef(a.astype(float), b.astype(float))[0, 1]


NUMBERS = np.concatenate([np.linspace(-LIMIT, LIMIT, 1_000_001), np.geomspace(1e-30, 1, 1001), [0.0]]).astype(
    np.float32
)


def test_exp_is_within_its_bound_of_numpys_wherever_it_is_not_held():
    expected = np.exp(NUMBERS.astype(np.float64))
    assert np.abs(of(every_exp, NUMBERS) / expected - 1).max() < 1e-7


def test_exp_of_zero_is_one_and_never_falls_as_numbers_grow():
    assert of(every_exp, [0.0, -0.0]).tolist() == [1.0, 1.0]
    # From one number to the next it may fall by a rounding, from one hundredth to the next never.
    assert (np.diff(of(every_exp, np.linspace(-LIMIT, LIMIT, 17_401))) > 0).all()


@pytest.mark.parametrize("x", [87.5, 1e3, 3e38, np.inf])
def test_exp_of_large_numbers_is_held_at_that_of_the_limit(x):
    most, least = of(every_exp, [LIMIT, -LIMIT])
    assert of(every_exp, [x, -x]).tolist() == [most, least]
    assert np.isfinite(most)
    assert least > 0


def test_sigmoid_is_numpys_and_stays_between_zero_and_one():
    everywhere = np.concatenate([NUMBERS, [-3e38, 3e38, -np.inf, np.inf]]).astype(np.float32)
    found = of(every_sigmoid, everywhere)
    with np.errstate(over="ignore"):
        expected = 1 / (1 + np.exp(-everywhere.astype(np.float64)))
    np.testing.assert_allclose(found, expected, rtol=3e-7, atol=2e-38)  # exp is held at the limit
    assert found.min() >= 0
    assert found.max() <= 1


def test_of_no_number_there_is_no_number_also_among_others():
    x = np.zeros(67, np.float32)
    x[::5] = np.nan
    for loop in (every_exp, every_sigmoid):
        assert np.array_equal(np.isnan(of(loop, x)), np.isnan(x))


@pytest.mark.parametrize("share", [0.0, 0.01, 0.2, 0.5, 0.9])
@pytest.mark.parametrize("seed", [0, 1, 2**31, 2**32 - 1])
def test_dropout_keeps_its_share(seed, share):
    found = kept(seed, share)
    assert found.mean() == pytest.approx(1 - share, abs=4.5 * (share * (1 - share) / len(found)) ** 0.5)


@pytest.mark.parametrize("other", [1, 2, 101, 1_000_003, 2**31])
def test_another_seed_keeps_others(other):
    assert abs(correlation(kept(0), kept(other))) < 0.008


@pytest.mark.parametrize("apart", [1, 2, 3, 5, 8, 16, 64, 100, 128, 256, 1000])
@pytest.mark.parametrize("seed", [0, 12345])
def test_a_unit_tells_nothing_of_its_neighbours_in_the_row_and_in_the_next(seed, apart):
    found = kept(seed)
    assert abs(correlation(found[apart:], found[:-apart])) < 0.008


def test_the_same_seed_keeps_the_same_and_a_larger_share_leaves_out_more_of_them():
    assert np.array_equal(kept(7, 0.3), kept(7, 0.3))
    assert not (kept(7, 0.6) & ~kept(7, 0.3)).any()
