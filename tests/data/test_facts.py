"""Counts over one column, against the same counted by hand."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctr_app.data import facts as facts_module
from ctr_app.data.facts import NUM_BINS, cell_hashes, facts_of, histogram, weighted_quantiles


def test_facts_count_values_gaps_and_numbers():
    facts = facts_of(pl.Series(["1", "2.5", "x", None, "1"]))
    assert (facts.distinct, facts.number_share, facts.is_integer) == (3, 0.75, False)
    assert facts.missing_share == pytest.approx(0.2)
    assert facts.examples == ("1", "2.5", "x")
    assert (facts.least, facts.greatest, facts.mean) == (1.0, 2.5, 1.5)


@given(st.lists(st.sampled_from(["a", "b", "c", "7", "8.5", None]), min_size=1, max_size=60), st.integers(1, 9))
def test_facts_are_those_of_a_count_by_hand(cells, min_count):
    counts = Counter(cell for cell in cells if cell is not None)
    facts = facts_of(pl.Series(cells, dtype=pl.String))
    assert (facts.rows, facts.present, facts.distinct) == (len(cells), sum(counts.values()), len(counts))
    assert dict(facts.top) == counts
    assert [rows for _value, rows in facts.top] == sorted(counts.values(), reverse=True)
    rare = sum(rows for rows in counts.values() if rows < min_count)
    assert facts.rarer_than(min_count) == pytest.approx(rare / len(cells))
    assert sum(facts.bins) == counts["7"] + counts["8.5"]


@given(st.lists(st.none() | st.lists(st.sampled_from("ab"), max_size=3), min_size=1, max_size=60))
def test_facts_of_lists_are_those_of_a_count_by_hand(cells):
    counts = Counter("|".join(cell) for cell in cells if cell is not None)
    facts = facts_of(pl.Series(cells, dtype=pl.List(pl.String)))
    assert (facts.rows, facts.present, facts.distinct) == (len(cells), sum(counts.values()), len(counts))
    assert dict(facts.top) == counts
    assert facts.missing_share == pytest.approx(cells.count(None) / len(cells))
    assert set(facts.examples) <= set(counts)
    assert (facts.number_share, facts.bins) == (0.0, ())


def test_cells_have_the_same_hash_where_they_are_the_same(monkeypatch):
    lists = pl.Series([["a", "b"], ["ab"], ["a", "b"], [], None] * 3)
    whole = cell_hashes(lists)
    monkeypatch.setattr(facts_module, "HASHED_ROWS", 2)
    assert cell_hashes(lists).tolist() == whole.tolist()
    assert len(set(whole.tolist())) == 4
    assert cell_hashes(pl.Series([1.0, 2.5]))[0] == cell_hashes(pl.Series(["1"]))[0]


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=200))
def test_every_row_lies_in_one_bin(numbers):
    found = np.array(numbers)
    low, high, bins = histogram(found, np.ones(len(found)))
    assert len(bins) == NUM_BINS
    assert sum(bins) == len(found)
    assert found.min() <= low <= high <= found.max()


def test_quantiles_weigh_each_number_by_its_rows():
    numbers, counts = np.array([3.0, 1.0, 2.0]), np.array([1, 98, 1])
    assert weighted_quantiles(numbers, counts, (0.5, 0.98, 0.99, 1.0)) == [1.0, 1.0, 2.0, 3.0]


def test_infinite_cells_and_marks_between_thousands_are_counted():
    facts = facts_of(pl.Series(["1,204", "3,000,000", "17", "inf", "-inf", None]))
    assert (facts.infinite, facts.with_thousands) == (2, 2)
    assert facts.greatest == 3e6


def test_words_for_knowing_nothing_are_counted_unless_there_is_nothing_else():
    facts = facts_of(pl.Series(["Unknown"] * 3 + ["rain"] * 7))
    assert (facts.unknown, facts.unknown_share) == (("Unknown",), 0.3)
    assert facts_of(pl.Series(["unknown", "-"])).unknown == ()


def test_numbers_with_words_for_knowing_nothing_among_them_are_numbers():
    assert facts_of(pl.Series(["1.5"] * 70 + ["unknown"] * 30)).is_numeric
    assert not facts_of(pl.Series(["1.5"] * 70 + ["red"] * 30)).is_numeric


def test_ids_above_two_to_the_53_are_told_from_smaller_ones():
    assert facts_of(pl.Series([2**53 + 1, 5], dtype=pl.UInt64)).is_huge
    assert facts_of(pl.Series([1e18, 5.0])).is_huge
    assert not facts_of(pl.Series([2**53 - 1])).is_huge


@pytest.mark.parametrize(
    ("cells", "is_probability"),
    [([0.0, 0.5, 1.0], True), ([0, 1, 1], False), ([0.5, 1.5], False), ([-0.1, 0.5], False), (["0.5", "x"], False)],
)
def test_probabilities_are_numbers_from_0_to_1_and_not_only_these(cells, is_probability):
    assert facts_of(pl.Series(cells, strict=False)).is_probability is is_probability


def test_an_empty_column_has_counts_of_nothing():
    facts = facts_of(pl.Series([None, None], dtype=pl.String))
    assert (facts.distinct, facts.missing_share, facts.top, facts.bins, facts.present) == (0, 1.0, (), (), 0)
    assert not math.isnan(facts.mean)


def test_lists_are_counted_as_they_are_written():
    facts = facts_of(pl.Series([["a", "b"], ["a", "b"], ["c"]]))
    assert facts.top == (("a|b", 2), ("c", 1))
    assert facts.bins == ()


def test_the_mean_of_codes_that_read_as_very_large_numbers_is_a_number() -> None:
    facts = facts_of(pl.Series(["1234e305"] * 30 + ["9e307"] * 2 + ["3"]))
    assert facts.mean == pytest.approx(1.234e308 * (30 / 33) + 9e307 * (2 / 33))
