"""Numbers and their quantiles."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.preprocessing import QuantileTransformer

from ctr_app.data.transforms import NUM_QUANTILES, NumericTransform

NUMBERS = st.floats(-1e6, 1e6, allow_subnormal=False).map(lambda x: round(x, 3))


@settings(max_examples=60)
@given(arrays(np.float64, st.integers(2, 60), elements=NUMBERS, unique=True), arrays(np.float64, 9, elements=NUMBERS))
def test_numbers_become_the_quantiles_that_scikit_learn_gives_them(train, new):
    quantiles = QuantileTransformer(n_quantiles=min(1000, len(train)), subsample=None).fit(train[:, None])
    both = np.concatenate([train, new])
    expected = (quantiles.transform(both[:, None])[:, 0] - 0.5) * np.sqrt(12.0)
    np.testing.assert_allclose(NumericTransform.fit(train)(both), expected, atol=1e-5)


@given(st.lists(st.integers(0, 5), min_size=2, max_size=60))
def test_equal_numbers_get_the_middle_of_their_ranks(numbers):
    ranks = pl.Series(numbers).rank("average").to_numpy() - 1.0
    expected = (ranks / (len(numbers) - 1) - 0.5) * np.sqrt(12.0) if len(set(numbers)) > 1 else 0.0 * ranks
    train = np.array(numbers, dtype=float)
    np.testing.assert_allclose(NumericTransform.fit(train)(train), expected, atol=1e-6)


def test_many_equal_numbers_get_nearly_what_scikit_learn_gives_them():
    numbers = np.random.default_rng(0).poisson(3.0, size=5000).astype(float)
    inner = numbers[(numbers > numbers.min()) & (numbers < numbers.max())]
    quantiles = QuantileTransformer(n_quantiles=NUM_QUANTILES, subsample=None).fit(numbers[:, None])
    expected = (quantiles.transform(inner[:, None])[:, 0] - 0.5) * np.sqrt(12.0)
    np.testing.assert_allclose(NumericTransform.fit(numbers)(inner), expected, atol=0.01)


@pytest.mark.parametrize("rows", [500, 5000])
def test_many_numbers_become_the_quantiles_that_scikit_learn_gives_them(rows):
    numbers = np.random.default_rng(0).lognormal(size=rows)
    quantiles = QuantileTransformer(n_quantiles=min(NUM_QUANTILES, rows), subsample=None)
    expected = (quantiles.fit_transform(numbers[:, None])[:, 0] - 0.5) * np.sqrt(12.0)
    encoded = NumericTransform.fit(numbers)(numbers)
    assert encoded.dtype == np.float32
    np.testing.assert_allclose(encoded, expected, atol=1e-5)
    assert abs(encoded.mean()) < 0.01
    assert abs(encoded.std() - 1.0) < 0.01


@settings(max_examples=60)
@given(arrays(np.float64, st.integers(1, 40), elements=NUMBERS))
def test_encoded_numbers_keep_their_order_and_their_bounds(numbers):
    transform = NumericTransform.fit(numbers)
    encoded = transform(np.sort(numbers))
    assert (np.diff(encoded) >= 0).all()
    assert (np.abs(encoded) <= np.float32(np.sqrt(3.0)) + 1e-6).all()
    beyond = transform(np.array([-1e9, 1e9]))
    assert beyond[0] <= encoded.min()
    assert beyond[1] >= encoded.max()


@settings(max_examples=60)
@given(arrays(np.float64, st.integers(2, 40), elements=NUMBERS, unique=True))
def test_an_encoded_number_can_be_turned_back(numbers):
    transform = NumericTransform.fit(numbers)
    np.testing.assert_allclose(transform.inverse(transform(numbers)), numbers, rtol=1e-4, atol=np.ptp(numbers) * 1e-3)


def test_a_missing_number_is_the_median_of_training():
    transform = NumericTransform.fit(np.array([1.0, 2.0, 30.0, np.nan]))
    assert transform.median == 2.0
    assert transform(np.array([np.nan]))[0] == transform(np.array([2.0]))[0] == 0.0


def test_a_column_that_is_constant_or_empty_in_training_is_zero_everywhere():
    for numbers in (np.full(5, 7.0), np.full(5, np.nan), np.array([7.0])):
        encoded = NumericTransform.fit(numbers)(np.array([7.0, -1.0, 1e9, np.nan]))
        assert encoded.tolist() == [0.0] * 4


@pytest.mark.parametrize("rows", [10, 3000])
def test_numbers_at_the_end_of_what_a_float_holds_are_still_numbers(rows):
    numbers = np.resize([-1.7e308, 1e-308, 0.0, 1.7e308, 3.0], rows)
    transform = NumericTransform.fit(numbers)
    encoded = transform(numbers)
    assert np.isfinite(encoded).all()
    assert np.isfinite(transform.inverse(encoded)).all()
    assert encoded[0] < encoded[2] < encoded[3]


@settings(max_examples=60)
@given(st.integers(1001, 4000), st.integers(0, 99), st.sampled_from([3, 50, 10**6]))
def test_many_numbers_have_numpys_quantiles_to_the_last_bit(rows, seed, distinct):
    generator = np.random.default_rng(seed)
    numbers = generator.normal(size=distinct)[generator.integers(0, distinct, rows)]
    expected = np.maximum.accumulate(np.quantile(numbers, np.linspace(0.0, 1.0, NUM_QUANTILES)))
    assert NumericTransform.fit(numbers).quantiles.tobytes() == expected.tobytes()


@given(st.lists(st.tuples(NUMBERS | st.just(np.nan), st.integers(0, 300)), min_size=1, max_size=30))
def test_counted_numbers_make_the_transform_of_the_rows_that_they_stand_for(counted):
    numbers, counts = (np.array(part) for part in zip(*counted, strict=True))
    expected = NumericTransform.fit(np.repeat(numbers, counts))
    np.testing.assert_array_equal(NumericTransform.fit(numbers, counts).quantiles, expected.quantiles)
