"""Numbers, ids and histories as a model reads them, by what the training rows alone have shown."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn.preprocessing import QuantileTransformer

from ctr_app.data.encoding import (
    MISSING,
    NUM_QUANTILES,
    PADDING,
    UNKNOWN,
    EncodedRows,
    Encoder,
    NumericTransform,
    Vocabulary,
    label_array,
)
from ctr_app.data.errors import InputError
from ctr_app.data.schema import Column, Role, Schema
from ctr_app.data.store import as_batch

SCHEMA = Schema(
    (
        Column("click", Role.LABEL),
        Column("price", Role.NUMERIC),
        Column("film", Role.CATEGORICAL),
        Column("city", Role.CATEGORICAL),
        Column("seen", Role.SEQUENCE, separator="|", candidate="film", max_length=3),
        Column("tags", Role.SEQUENCE, separator=",", max_length=2),
        Column("user", Role.IGNORED),
    ),
    "1",
    group="user",
)
FRAME = pl.DataFrame(
    {
        "click": ["1", "0", "0", "1", None],
        "price": ["1", "2", None, "4", "3"],
        "film": ["a", "b", "a", "c", None],
        "city": ["Bonn", "Bonn", None, "Rome", "Bonn"],
        "seen": ["a|b|c|a", "b", None, "", "c|a"],
        "tags": ["x,y", "y", "x,x,y", None, "y"],
        "user": ["u1", "u2", "u1", None, None],
    }
)
WORDS = st.sampled_from(["a", "b", "c", "d", "e"])
NUMBERS = st.floats(-1e6, 1e6, allow_subnormal=False).map(lambda x: round(x, 3))


def fitted(min_count: int = 1, frame: pl.DataFrame = FRAME, schema: Schema = SCHEMA) -> Encoder:
    return Encoder.fit(frame, schema, min_count)


def same(a: EncodedRows, b: EncodedRows) -> bool:
    arrays = ("numeric", "categorical", "labels", "rows", "group_ids")
    return all(np.array_equal(getattr(a, n), getattr(b, n), equal_nan=n == "labels") for n in arrays) and all(
        np.array_equal(a.sequences[name], b.sequences[name]) for name in (a.sequences | b.sequences)
    )


# Vocabularies


@given(st.lists(WORDS | st.none(), min_size=1), st.integers(1, 4))
def test_a_value_has_an_id_if_training_showed_it_often_enough(values, min_count):
    vocabulary = Vocabulary.fit(pl.Series(values, dtype=pl.String), min_count)
    counts = Counter(value for value in values if value is not None)
    assert set(vocabulary.values) == {value for value, count in counts.items() if count >= min_count}
    assert vocabulary.counts == tuple(counts[value] for value in vocabulary.values)
    ids = vocabulary.ids(pl.Series([*values, "never seen"], dtype=pl.String))
    for value, value_id in zip([*values, "never seen"], ids, strict=True):
        if value is None:
            assert value_id == MISSING
        elif counts[value] >= min_count:
            assert vocabulary.name(value_id) == value
        else:
            assert value_id == UNKNOWN


def test_padding_unknown_and_missing_are_three_things():
    assert (PADDING, UNKNOWN, MISSING) == (0, 1, 2)
    vocabulary = Vocabulary.fit(pl.Series(["b", "b", "a"]), 1)
    assert len(vocabulary) == 5
    assert [vocabulary.name(i) for i in range(5)] == ["(padding)", "(unknown)", "(missing)", "b", "a"]


def test_the_most_frequent_value_comes_first_and_ties_are_settled_by_the_alphabet():
    texts = pl.Series(["z", "b", "z", "a", "b", "m"])
    assert Vocabulary.fit(texts, 1).values == ("b", "z", "a", "m")
    assert Vocabulary.fit(texts.reverse(), 1) == Vocabulary.fit(texts, 1)


def test_a_vocabulary_without_values_knows_only_unknown_and_missing():
    vocabulary = Vocabulary.fit(pl.Series([None, None], dtype=pl.String), 2)
    assert vocabulary.ids(pl.Series(["a", None])).tolist() == [UNKNOWN, MISSING]
    assert len(vocabulary.ids(pl.Series([], dtype=pl.String))) == 0


# Numbers


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


# Whole tables


def test_rows_become_the_arrays_of_the_contract():
    rows = fitted().transform(FRAME)
    assert (rows.numeric.dtype, rows.numeric.shape) == (np.float32, (5, 1))
    assert (rows.categorical.dtype, rows.categorical.shape) == (np.int32, (5, 2))
    assert {name: ids.shape for name, ids in rows.sequences.items()} == {"seen": (5, 3), "tags": (5, 2)}
    assert all(ids.dtype == np.int32 for ids in rows.sequences.values())
    np.testing.assert_array_equal(rows.labels, np.array([1, 0, 0, 1, np.nan], dtype=np.float32))
    assert len(as_batch(rows)) == 5


def test_a_history_keeps_the_most_recent_items_oldest_first_then_padding():
    encoder = fitted()
    name = encoder.vocabulary_of("seen").name
    decoded = [[name(i) for i in row] for row in encoder.transform(FRAME).sequences["seen"]]
    padding = "(padding)"
    assert decoded == [["b", "c", "a"], ["b", padding, padding], [padding] * 3, [padding] * 3, ["c", "a", padding]]


@given(st.lists(st.lists(WORDS, max_size=6), min_size=1, max_size=8), st.integers(1, 4))
def test_a_history_with_the_newest_first_is_the_same_history_turned_round(histories, max_length):
    oldest_first = pl.DataFrame({"seen": ["|".join(h) for h in histories], "click": ["1"] * len(histories)})
    newest_first = oldest_first.with_columns(pl.Series("seen", ["|".join(reversed(h)) for h in histories]))
    column = Column("seen", Role.SEQUENCE, separator="|", max_length=max_length)
    schema = Schema((Column("click", Role.LABEL), column), "1")
    turned = schema.with_column(replace(column, newest_first=True))
    a = fitted(1, oldest_first, schema)
    b = fitted(1, newest_first, turned)
    ids = a.transform(oldest_first).sequences["seen"]
    assert np.array_equal(ids, b.transform(newest_first).sequences["seen"])
    for row, history in zip(ids, histories, strict=True):
        assert [a.vocabulary_of("seen").name(i) for i in row if i] == history[-max_length:]


def test_candidate_and_history_share_one_vocabulary():
    encoder = fitted()
    assert encoder.vocabulary_of("seen") is encoder.vocabulary_of("film")
    assert set(encoder.vocabularies) == {"film", "city", "tags"}
    assert encoder.layout.table_of("seen") == "film"
    film = encoder.transform(FRAME).categorical[0, 0]
    assert film == encoder.transform(FRAME).sequences["seen"][0, 2]


def test_a_value_of_the_history_alone_has_an_id_for_the_candidate():
    frame = FRAME.with_columns(seen=pl.Series(["a|d|d", "d", None, "", ""]))
    encoder = fitted(2, frame)
    assert "d" in encoder.vocabulary_of("film").values
    assert encoder.vocabulary_of("film").values[0] in "ad"


def test_values_below_the_least_count_are_unknown():
    encoder = fitted(2)
    assert encoder.vocabularies["city"].values == ("Bonn",)
    assert encoder.transform(FRAME).categorical[:, 1].tolist() == [3, 3, MISSING, UNKNOWN, 3]


def test_the_history_is_as_long_as_the_longest_in_training_and_no_longer():
    short = FRAME.with_columns(seen=pl.Series(["a|b", "a", "b", "c", ""]))
    encoder = fitted(1, short)
    assert encoder.sequence_lengths["seen"] == 2
    assert encoder.transform(FRAME).sequences["seen"].shape == (5, 2)
    last = encoder.transform(FRAME).sequences["seen"][0]
    assert [encoder.vocabulary_of("seen").name(i) for i in last] == ["c", "a"]


def test_an_encoder_learns_nothing_from_the_rows_it_encodes():
    encoder = fitted(1, FRAME.head(2))
    assert "Rome" not in encoder.vocabularies["city"].values
    strange = FRAME.with_columns(city=pl.lit("Atlantis"), price=pl.lit("1e9"))
    rows = encoder.transform(strange)
    assert (rows.categorical[:, 1] == UNKNOWN).all()
    assert (rows.numeric <= np.float32(np.sqrt(3.0))).all()
    assert fitted(1, FRAME.head(2)).vocabularies == encoder.vocabularies


def test_chosen_rows_are_encoded_as_they_are_among_all():
    encoder = fitted()
    some, every = encoder.transform(FRAME, np.array([3, 0])), encoder.transform(FRAME)
    assert np.array_equal(some.categorical, every.categorical[[3, 0]])
    assert np.array_equal(some.sequences["seen"], every.sequences["seen"][[3, 0]])
    assert some.rows.tolist() == [3, 0]


@pytest.mark.parametrize("count", [0, 1])
def test_tables_of_no_row_and_of_one_row_are_encoded(count):
    rows = fitted().transform(FRAME.head(count))
    assert len(rows) == count
    assert rows.numeric.shape == (count, 1)
    assert rows.sequences["seen"].shape == (count, 3)


def test_a_table_without_some_fields_is_refused_by_their_names():
    with pytest.raises(InputError, match=r"^The table lacks price, seen, which the model was trained on\.$"):
        fitted().transform(FRAME.drop("price", "seen"))


def test_a_table_to_score_needs_neither_label_nor_group():
    rows = fitted().transform(FRAME.drop("click", "user"))
    assert np.isnan(rows.labels).all()
    assert rows.group_ids is None


def test_the_rows_of_one_user_share_a_group_and_rows_without_one_share_none():
    ids = fitted().transform(FRAME).group_ids.tolist()
    assert ids[0] == ids[2] != ids[1]
    assert len(set(ids)) == 4


@pytest.mark.parametrize(
    ("values", "positive", "expected"),
    [
        ([1, 0, None], "1", [1, 0, np.nan]),
        ([1.0, 0.0, float("nan")], "1", [1, 0, np.nan]),
        ([1.0, 0.0, None], "1.0", [1, 0, np.nan]),
        (["1.0", "0.0", None], "1", [1, 0, np.nan]),
        ([True, False, None], "1", [1, 0, np.nan]),
        (["yes", "no", "maybe"], "yes", [1, 0, 0]),
        ([None, None, None], "1", [np.nan] * 3),
    ],
)
def test_labels_are_clicks_others_or_missing_however_they_are_stored(values, positive, expected):
    labels = label_array(pl.DataFrame({"click": values}), replace(SCHEMA, positive=positive))
    assert labels.dtype == np.float32
    np.testing.assert_array_equal(labels, np.array(expected, dtype=np.float32))


def test_a_table_of_other_types_is_encoded_alike():
    typed = FRAME.with_columns(
        pl.col("click").cast(pl.Float64),
        pl.col("price").cast(pl.Int32),
        pl.col("city").cast(pl.Categorical),
        pl.col("seen").str.split("|"),
        pl.col("tags").str.split(","),
    )
    encoder = fitted()
    assert same(encoder.transform(typed), encoder.transform(FRAME))


def test_ids_are_the_same_whether_a_file_writes_them_with_a_decimal_or_without():
    schema = Schema((Column("click", Role.LABEL), Column("item", Role.CATEGORICAL)), "1")
    with_gap = pl.DataFrame({"click": ["1.0", "0.0", None], "item": ["7.0", "12.0", None]})
    encoder = fitted(1, with_gap, schema)
    without = encoder.transform(pl.DataFrame({"click": [1, 0, 1], "item": [7, 12, 13]}))
    assert without.categorical[:, 0].tolist() == [*encoder.transform(with_gap).categorical[:2, 0], UNKNOWN]
    assert without.labels.tolist() == [1, 0, 1]


def test_ids_above_what_a_float_can_hold_stay_apart():
    schema = Schema((Column("click", Role.LABEL), Column("item", Role.CATEGORICAL)), "1")
    for first in (2**24, 2**53, 2**63):
        frame = pl.DataFrame({"click": [0, 1, 1], "item": pl.Series([first, first + 1, first + 2], dtype=pl.UInt64)})
        assert len(set(fitted(1, frame, schema).transform(frame).categorical[:, 0].tolist())) == 3


# Files


def test_an_encoder_comes_back_from_its_files_exactly(tmp_path):
    rng = np.random.default_rng(0)
    frame = pl.concat([FRAME] * 3).with_columns(price=pl.Series(rng.normal(size=15)))
    encoder = fitted(1, frame)
    encoder.save(tmp_path / "encoder")
    loaded = Encoder.load(tmp_path / "encoder")
    assert loaded.schema == encoder.schema
    assert loaded.vocabularies == encoder.vocabularies
    assert loaded.layout == encoder.layout
    assert loaded.transforms["price"].quantiles.tobytes() == encoder.transforms["price"].quantiles.tobytes()
    assert same(loaded.transform(FRAME), encoder.transform(FRAME))


def test_strange_names_and_values_come_back_from_the_files(tmp_path):
    values = ['a"b', "c\nd", "é🙂", "{}", " ", "0012"]
    names = ["x.y", 'q"q', "{z}", "table", "value"]
    frame = pl.DataFrame({"click": ["1"] * 6} | dict.fromkeys(names, values))
    schema = Schema((Column("click", Role.LABEL), *(Column(name, Role.CATEGORICAL) for name in names)), "1")
    fitted(1, frame, schema).save(tmp_path)
    assert Encoder.load(tmp_path).vocabularies == fitted(1, frame, schema).vocabularies


def test_an_encoder_without_categories_or_without_numbers_comes_back_from_its_files(tmp_path):
    for kept in ("price", "film"):
        schema = Schema((SCHEMA.column("click"), SCHEMA.column(kept)), "1")
        encoder = fitted(1, FRAME, schema)
        encoder.save(tmp_path / kept)
        assert Encoder.load(tmp_path / kept).layout == encoder.layout


def test_an_encoder_is_stored_without_pickle(tmp_path):
    fitted().save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["encoder.json", "vocabularies.parquet"]
    assert (tmp_path / "vocabularies.parquet").read_bytes()[:4] == b"PAR1"
