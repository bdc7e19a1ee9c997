"""Values and their ids."""

from __future__ import annotations

from collections import Counter

import numpy as np
import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from ctr_app.data.distinct import PADDING
from ctr_app.data.vocabulary import MISSING, UNKNOWN, Vocabulary, read_vocabularies, write_vocabularies

WORDS = st.sampled_from(["a", "b", "c", "d", "e"])
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)


@settings(max_examples=40)
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


@settings(max_examples=40)
@given(st.lists(st.tuples(WORDS | st.none(), st.integers(0, 3)), min_size=1), st.integers(1, 4))
def test_counted_values_make_the_vocabulary_of_the_rows_that_they_stand_for(counted, min_count):
    values, counts = (list(part) for part in zip(*counted, strict=True))
    cut = len(values) // 2
    parts = [(pl.Series(values[s], dtype=pl.String), np.array(counts[s], int)) for s in (slice(cut), slice(cut, None))]
    rows = [value for value, count in counted for _ in range(count)]
    expected = Vocabulary.fit(pl.Series(rows, dtype=pl.String), min_count)
    assert Vocabulary.fit_counts(parts, min_count) == expected


@settings(max_examples=50)
@given(st.dictionaries(WORDS | st.none(), st.integers(0, 3), min_size=1), st.integers(1, 4))
def test_of_values_that_are_all_different_the_ids_come_with_the_vocabulary(counted, min_count):
    values = pl.Series(list(counted), dtype=pl.String)
    counts = np.array(list(counted.values()))
    vocabulary, ids = Vocabulary.fit_different(values, counts, min_count)
    assert vocabulary == Vocabulary.fit_counts([(values, counts)], min_count)
    assert ids.dtype == np.int32
    assert ids.tolist() == vocabulary.ids(values).tolist()


@settings(max_examples=20)
@given(st.dictionaries(TEXTS, st.lists(TEXTS, unique=True), max_size=4))
def test_vocabularies_come_back_from_their_file_and_know_their_size_before_it_is_read(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("v") / "vocabularies.parquet"
    made = {name: Vocabulary.of(texts, range(len(texts), 0, -1)) for name, texts in values.items()}
    write_vocabularies(path, made)
    assert read_vocabularies(path, {name: len(texts) for name, texts in values.items()}) == made
    assert read_vocabularies(path, list(values)) == made
    path.unlink()
    unread = read_vocabularies(path, {name: len(texts) for name, texts in values.items()})
    assert [len(v) for v in unread.values()] == [len(v) for v in made.values()]


def test_vocabularies_differ_by_values_or_by_counts():
    assert Vocabulary.of(["a"], [1]) != Vocabulary.of(["a"], [2])
    assert Vocabulary.of(["a"], [1]) != Vocabulary.of(["b"], [1])
    assert Vocabulary.of(["a"], [1]) != "a"
