"""Rows cut into train, valid and test."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ctr_app.data.errors import InputError
from ctr_app.data.schema import Column, Role, Schema
from ctr_app.data.splitting import SPLITS, SplitRule, check_both_labels, split_rows, split_table, split_together

SCHEMA = Schema(
    (Column("click", Role.LABEL), Column("x", Role.CATEGORICAL), Column("seen", Role.IGNORED)), "1", time="seen"
)
LABELS = st.lists(st.booleans(), min_size=40, max_size=300).map(np.array)
SHARES = st.sampled_from([0.1, 0.15, 0.25])


def mixed(labels: np.ndarray) -> np.ndarray:
    assume(10 <= labels.sum() <= len(labels) - 10)
    return labels


def table(rows: int = 100, **columns) -> pl.DataFrame:
    return pl.DataFrame(
        {"click": [i % 3 // 2 for i in range(rows)], "x": ["a"] * rows, "seen": list(range(rows))} | columns
    )


def sentence(split, *arguments) -> str:
    with pytest.raises(InputError) as caught:
        split(*arguments)
    return str(caught.value)


@given(LABELS, SHARES, SHARES, st.integers(0, 9))
def test_every_row_is_in_one_split_and_in_one_only(labels, valid, test, seed):
    parts = split_rows(mixed(labels), SplitRule("random", valid, test, seed))
    assert set(parts) == set(SPLITS)
    assert np.array_equal(np.sort(np.concatenate(list(parts.values()))), np.arange(len(labels)))
    assert all((np.diff(rows) > 0).all() for rows in parts.values())


@given(st.lists(st.integers(2, 6), min_size=30, max_size=80), st.integers(0, 9))
def test_rows_with_the_same_key_are_on_the_same_side(sizes, seed):
    keys = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    labels = np.arange(len(keys)) % 2
    parts = split_together(keys, labels, SplitRule("group", 0.2, 0.2, seed))
    assert np.array_equal(np.sort(np.concatenate(list(parts.values()))), np.arange(len(keys)))
    sides = [set(keys[rows]) for rows in parts.values()]
    assert sum(map(len, sides)) == len(set.union(*sides))


def test_shares_are_met_where_groups_are_small():
    keys = np.arange(10_000) // 3
    parts = split_together(keys, np.arange(10_000) % 2, SplitRule("group", 0.1, 0.2))
    assert [round(len(rows) / 10_000, 2) for rows in parts.values()] == [0.7, 0.1, 0.2]


def test_each_user_is_on_one_side_and_rows_without_a_user_are_free():
    users = [None if i % 5 == 0 else f"u{i % 40}" for i in range(1000)]
    frame = table(1000, user=pl.Series(users, dtype=pl.String))
    schema = replace(SCHEMA, columns=(*SCHEMA.columns, Column("user", Role.IGNORED)), group="user")
    parts = split_table(frame, schema, SplitRule("group", 0.2, 0.2))
    sides = [{users[row] for row in rows} for rows in parts.values()]
    named = [side - {None} for side in sides]
    assert all(None in side for side in sides)
    assert sum(map(len, named)) == len(set.union(*named)) == 32


def test_equal_rows_are_on_one_side_whatever_is_left_out():
    values = [f"v{i % 50}" for i in range(1000)]
    frame = table(1000, x=values)
    parts = split_table(frame, SCHEMA, SplitRule("equal", 0.2, 0.2))
    rows = list(zip(frame["click"], values, strict=True))
    sides = [{rows[i] for i in part} for part in parts.values()]
    assert sum(map(len, sides)) == len(set.union(*sides))


def test_rows_of_each_user_need_a_user():
    assert "--group COL" in sentence(split_table, table(), SCHEMA, SplitRule("group"))


@given(LABELS, SHARES, SHARES)
def test_each_split_has_its_share_of_the_clicks_and_of_the_others(labels, valid, test):
    parts = split_rows(mixed(labels), SplitRule("random", valid, test))
    for name, share in (("valid", valid), ("test", test)):
        for label in (False, True):
            found, expected = (labels[parts[name]] == label).sum(), share * (labels == label).sum()
            assert abs(found - expected) <= 0.5 or found == 1 > expected


@given(LABELS, st.integers(0, 5))
def test_probabilities_are_cut_like_the_clicks_that_they_round_to(labels, seed):
    near = np.where(mixed(labels), 0.5, 0.49) + np.arange(len(labels)) * 1e-9
    of_labels, of_probabilities = (split_rows(given, SplitRule(seed=seed)) for given in (labels, near))
    assert all(np.array_equal(rows, of_probabilities[name]) for name, rows in of_labels.items())


def test_probabilities_that_are_all_low_can_be_split_unless_they_are_all_the_same():
    assert set(split_rows(np.linspace(0.01, 0.02, 100), SplitRule())) == set(SPLITS)
    assert sentence(split_rows, np.full(100, 0.01), SplitRule()) == (
        "The train part has one probability only (80 rows); clicks and non-clicks are both needed there."
    )


@given(LABELS)
def test_the_same_seed_gives_the_same_split_and_another_seed_another(labels):
    def rows(seed):
        return split_rows(labels, SplitRule(seed=seed))["valid"]

    mixed(labels)
    assert rows(3).tolist() == rows(3).tolist()
    for label in (False, True):
        assert len({tuple(rows(seed)[labels[rows(seed)] == label]) for seed in range(9)}) > 1


@given(LABELS, st.data())
def test_by_time_no_row_for_training_is_later_than_one_for_testing(labels, data):
    times = np.array(data.draw(st.lists(st.integers(0, 50), min_size=len(labels), max_size=len(labels))), dtype=float)
    mixed(labels)
    try:
        parts = split_rows(labels, SplitRule("time"), times)
    except InputError:
        assume(False)
    assert times[parts["train"]].max() <= times[parts["valid"]].min()
    assert times[parts["valid"]].max() <= times[parts["test"]].min()
    assert np.array_equal(np.sort(np.concatenate(list(parts.values()))), np.arange(len(labels)))


def test_rows_without_a_time_count_as_the_earliest():
    labels = np.arange(100) % 2 == 0
    times = np.arange(100.0)
    times[90:] = np.nan
    parts = split_rows(labels, SplitRule("time"), times)
    assert set(range(90, 100)) <= set(parts["train"])


def test_too_few_rows_are_refused():
    assert sentence(split_rows, np.array([True, False] * 9), SplitRule()) == (
        "The table has 18 rows with a label; training needs at least 20."
    )


@pytest.mark.parametrize(("labels", "what"), [(np.ones(50, bool), "only clicks"), (np.zeros(50, bool), "no clicks")])
def test_one_label_only_is_refused(labels, what):
    assert what in sentence(split_rows, labels, SplitRule())
    assert what in sentence(split_rows, labels, SplitRule("time"), np.arange(50.0))


def test_too_few_clicks_to_go_round_are_refused():
    labels = np.zeros(50, bool)
    labels[:2] = True
    assert sentence(split_rows, labels, SplitRule()) == (
        "The valid part has no clicks (5 rows); clicks and non-clicks are both needed there."
    )


def test_no_rows_are_said_to_be_none():
    assert "has no rows (0 rows)" in sentence(check_both_labels, np.array([], bool), "test")


def test_a_split_by_time_needs_the_time():
    assert sentence(split_rows, np.arange(50) % 2 == 0, SplitRule("time")) == (
        "To split by time, say which column is the time with --time COL."
    )


def test_rows_without_a_label_are_in_no_split():
    frame = table(click=[None, "1", "0", "NaN"] * 25).with_columns(pl.col("click").replace("NaN", None))
    parts = split_table(frame, SCHEMA, SplitRule())
    rows = np.sort(np.concatenate(list(parts.values())))
    assert rows.tolist() == [i for i in range(100) if i % 4 in (1, 2)]


START = datetime(2024, 1, 1)


@pytest.mark.parametrize(
    "times",
    [
        [START + timedelta(days=i) for i in range(100)],
        [(START + timedelta(days=i)).isoformat() for i in range(100)],
        [(START + timedelta(days=i)).strftime("%m/%d/%Y") for i in range(100)],
        [str(978300000 + i) for i in range(100)],
    ],
)
def test_the_latest_rows_are_for_testing_however_time_is_written(times):
    order = np.random.default_rng(0).permutation(100)
    frame = table(seen=[times[i] for i in order])
    parts = split_table(frame, SCHEMA, SplitRule("time"))
    assert sorted(order[parts["test"]]) == list(range(90, 100))
    assert sorted(order[parts["train"]]) == list(range(80))


def test_a_time_that_cannot_be_read_is_said_with_an_example():
    words = split_table, table(seen=["soon"] * 100), SCHEMA, SplitRule("time")
    assert sentence(*words) == "Column seen cannot be read as a time in 100 of 100 rows, such as “soon”."
    half = split_table, table(seen=["2024-01-01", "soon"] * 50), SCHEMA, SplitRule("time")
    assert sentence(*half) == "Column seen cannot be read as a time in 50 of 100 rows, such as “soon”."
    empty = split_table, table(seen=[None] * 100), SCHEMA, SplitRule("time")
    assert sentence(*empty) == "Column seen cannot be read as a time in 100 of 100 rows, such as “missing”."


def test_a_few_times_that_cannot_be_read_count_as_the_earliest():
    frame = table(seen=[f"2024-01-{1 + i // 4:02d}" for i in range(95)] + ["soon"] * 5)
    assert set(range(95, 100)) <= set(split_table(frame, SCHEMA, SplitRule("time"))["train"])


def test_given_files_are_the_splits_that_they_are():
    parts = split_table(table(60), SCHEMA, SplitRule("files"), (30, 20, 10))
    assert {name: (rows[0], rows[-1]) for name, rows in parts.items()} == {
        "train": (0, 29),
        "valid": (30, 49),
        "test": (50, 59),
    }
    assert set(split_table(table(60), SCHEMA, SplitRule("files"), (40, 20, 0))) == {"train", "valid"}


def test_validation_rows_are_drawn_from_the_training_file_if_no_file_gives_them():
    parts = split_table(table(100), SCHEMA, SplitRule("files"), (80, 0, 20))
    assert parts["test"].tolist() == list(range(80, 100))
    assert len(parts["valid"]) == 8
    assert np.array_equal(np.sort(np.concatenate([parts["train"], parts["valid"]])), np.arange(80))


def test_a_given_file_with_one_label_only_is_refused_by_its_name():
    frame = table(60, click=[0, 1] * 20 + [0] * 20)
    assert sentence(split_table, frame, SCHEMA, SplitRule("files"), (40, 0, 20)) == (
        "The test part has no clicks (20 rows); clicks and non-clicks are both needed there."
    )
