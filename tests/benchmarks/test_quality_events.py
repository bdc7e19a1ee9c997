"""Histories in the order of time: nothing of the future, nothing of the same second, and the latest fifty."""

import polars as pl
import pytest
import quality_events as events

from tests.paths import SHARED_DATA, needs_shared_data


def rated(*rows: tuple[str, str, float, int]) -> pl.DataFrame:
    """Ratings (user, item, rating, timestamp) with every other column that the rows have."""
    frame = pl.DataFrame(rows, schema=["user", "item", "rating", "timestamp"], orient="row")
    return frame.with_columns(pl.lit("x").alias(name) for name in events.CATEGORICAL if name not in frame.columns)


def test_a_history_holds_what_its_user_liked_in_an_earlier_second() -> None:
    frame = rated(
        ("u", "a", 5.0, 1),
        ("v", "b", 5.0, 1),
        ("u", "c", 3.0, 2),
        ("u", "d", 4.0, 3),
        ("u", "e", 5.0, 3),
        ("u", "f", 1.0, 4),
    )
    rows = events.with_histories(frame)
    assert rows["history"].to_list() == [[], [], ["a"], ["a"], ["a"], ["a", "d", "e"]]
    assert rows["label"].to_list() == [1, 1, 0, 1, 1, 0]


def test_a_history_is_cut_to_the_latest_fifty() -> None:
    rows = events.with_histories(
        rated(*(("u", str(number), 5.0 if number < 59 else 1.0, number) for number in range(60)))
    )
    assert rows["history"][-1].to_list() == [str(number) for number in range(9, 59)]


def test_the_latest_rows_test_and_those_before_them_validate() -> None:
    parts = events.split_by_time(pl.DataFrame({"place": range(1000)}))
    assert {name: (part["place"][0], part.height) for name, part in parts.items()} == {
        "train": (0, 700),
        "valid": (700, 100),
        "test": (800, 200),
    }


@needs_shared_data
def test_no_row_of_movielens_knows_the_future() -> None:
    ratings = events.read_events(SHARED_DATA / "movielens_100k")
    rows = events.with_histories(ratings)
    assert rows.height == 100_000
    assert ratings["timestamp"].is_sorted()
    assert rows["label"].mean() == pytest.approx(0.55375)
    assert rows.null_count().sum_horizontal()[0] == 0
    liked = {(user, item): (time, rating) for user, item, rating, time in _columns(ratings)}
    for user, time, history in zip(rows["user"], ratings["timestamp"], rows["history"], strict=True):
        found = [liked[user, item] for item in history]
        assert all(then < time and rating >= events.LIKED_FROM for then, rating in found)
        assert [then for then, _ in found] == sorted(then for then, _ in found)


def _columns(ratings: pl.DataFrame) -> list[tuple]:
    return ratings.select("user", "item", "rating", "timestamp").rows()
