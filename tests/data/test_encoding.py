"""Numbers, ids and histories as a model reads them, by what the training rows alone have shown."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctr_app.data.arrays import load_rows, name_sequences
from ctr_app.data.coded import CodedTable, write_coded
from ctr_app.data.dataset import as_batch
from ctr_app.data.encoding import Encoder
from ctr_app.data.errors import InputError
from ctr_app.data.filling import OnDisk
from ctr_app.data.schema import Column, Role, Schema
from ctr_app.data.tables import Frame, ParquetTable
from ctr_app.data.vocabulary import MISSING, UNKNOWN

from .examples import FRAME, SCHEMA, assert_same, fitted

WORDS = st.sampled_from(["a", "b", "c", "d", "e"])
NUMBERS = st.floats(-1e6, 1e6, allow_subnormal=False).map(lambda x: round(x, 3))


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


@settings(max_examples=25, deadline=None)
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


def test_a_table_of_other_types_is_encoded_alike():
    typed = FRAME.with_columns(
        pl.col("click").cast(pl.Float64),
        pl.col("price").cast(pl.Int32),
        pl.col("city").cast(pl.Categorical),
        pl.col("seen").str.split("|"),
        pl.col("tags").str.split(","),
    )
    encoder = fitted()
    assert_same(encoder.transform(typed), encoder.transform(FRAME))


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


# Column by column, from a file to files


@st.composite
def tables(draw) -> pl.DataFrame:
    rows = draw(st.integers(2, 30))

    def cells(strategy, dtype=pl.String):
        return pl.Series(draw(st.lists(st.none() | strategy, min_size=rows, max_size=rows)), dtype=dtype)

    return pl.DataFrame(
        {
            "click": cells(st.sampled_from(["0", "1"])),
            "price": cells(draw(st.sampled_from([NUMBERS.map(str), WORDS, st.integers(0, 3).map(str)]))),
            "film": cells(WORDS),
            "city": cells(st.sampled_from(["3", "3.0", "Rome"])),
            "seen": cells(st.lists(WORDS, max_size=5).map("|".join)),
            "tags": cells(st.lists(WORDS, max_size=3), pl.List(pl.String)),
            "user": cells(WORDS),
            "times": pl.Series(draw(st.lists(st.floats(0.5, 9), min_size=rows, max_size=rows))),
        }
    )


def stored(frame: pl.DataFrame, folder: Path, as_codes: bool) -> Frame:
    """The table in a file; as codes all columns are text."""
    if not as_codes:
        frame.write_parquet(folder / "table.parquet", row_group_size=7)
        return ParquetTable(folder / "table.parquet")
    texts = frame.with_columns(pl.col("tags").list.join("|"), pl.col("times").cast(pl.String))
    write_coded(folder / "table.codes", texts.columns, texts.iter_slices(7))
    return CodedTable(folder / "table.codes")


@settings(max_examples=25, deadline=None)
@given(tables(), st.integers(1, 3), st.booleans(), st.booleans(), st.data())
def test_a_table_in_a_file_is_encoded_into_files_as_one_in_memory_is_in_memory(
    tmp_path_factory, frame, min_count, as_codes, is_sorted, data
):
    folder = tmp_path_factory.mktemp("encoded")
    table = stored(frame, folder, as_codes)
    frame = table.head(table.height)
    schema = replace(SCHEMA, columns=(*SCHEMA.columns, Column("times", Role.IGNORED)), weight="times")
    order = np.array(data.draw(st.permutations(range(frame.height))))
    parts = np.split(order, [data.draw(st.integers(1, frame.height))])
    splits = dict(zip(("train", "valid"), map(np.sort, parts) if is_sorted else parts, strict=True))
    storage = {split: OnDisk(folder / split) for split in splits}
    encoder = Encoder.fit_transform(table, schema, min_count, splits, storage)
    expected = Encoder.fit(frame, schema, min_count, splits["train"])
    assert encoder.vocabularies == expected.vocabularies
    np.testing.assert_array_equal(encoder.transforms["price"].quantiles, expected.transforms["price"].quantiles)
    assert list(encoder.layout.vocabulary_sizes) == list(expected.layout.vocabulary_sizes) == ["film", "city", "tags"]
    for split, rows in splits.items():
        name_sequences(folder / split, ["seen", "tags"])
        assert_same(load_rows(folder / split), expected.transform(frame, rows))
        assert not (folder / split / ".columns").exists()


def test_a_value_that_means_nothing_is_known_gets_the_id_of_missing():
    frame = pl.DataFrame({"click": [0, 1] * 20, "weather": ["rain", "unknown", None, "rain"] * 10})
    column = Column("weather", Role.CATEGORICAL, missing=("unknown",))
    encoder = Encoder.fit(frame, Schema((Column("click", Role.LABEL), column), "1"))
    assert encoder.transform(frame.head(3)).categorical[:, 0].tolist() == [3, MISSING, MISSING]
    assert encoder.vocabulary_of("weather").values == ("rain",)
