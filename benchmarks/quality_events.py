"""MovieLens-100K as rows to train on: each rating with the films that its user had liked before it."""

from __future__ import annotations

from pathlib import Path

import polars as pl

from ctr_app.data.event_log import ClickRule, EventColumns
from ctr_app.data.event_plan import EventPlan
from ctr_app.data.events import build
from ctr_app.data.reading import Table

LIKED_FROM = 4.0  # label: a rating of at least this
MAX_HISTORY = 50
TEST_SHARE, VALID_SHARE_OF_REST = 1 / 5, 1 / 8
LABEL, GROUP, HISTORY, CANDIDATE = "label", "user", "history", "item"
CATEGORICAL = ("user", "item", "genre", "year", "gender", "age", "occupation")


def read_events(folder: Path) -> pl.DataFrame:
    """All ratings in the order of time, with what is known of the film and the user; ``genre`` is a film's first."""
    ratings, films, users = (_read(folder / f"ml-100k.{kind}") for kind in ("inter", "item", "user"))
    first_genre = pl.col("class").str.split(" ").list.first().alias("genre")
    films = films.select("item_id", first_genre, pl.col("release_year").alias("year"))
    known = ratings.join(films, on="item_id", how="left").join(users, on="user_id", how="left", maintain_order="left")
    times = known.with_columns(pl.col("rating").cast(pl.Float64), pl.col("timestamp").cast(pl.Int64))
    return times.rename({"user_id": "user", "item_id": "item"}).sort("timestamp", maintain_order=True)


def with_histories(events: pl.DataFrame) -> pl.DataFrame:
    """The columns that models read: label, the fields, and ``history``, oldest first.

    A history holds the latest ``MAX_HISTORY`` films that the user had liked in an earlier second than the row's own.
    """
    liked = ClickRule("rating", at_least=LIKED_FROM)
    plan = EventPlan(EventColumns("user", "item", "timestamp"), liked, max_length=MAX_HISTORY)
    rows = build(Table(events, "events", "", "ratings"), plan).tables["train"].frame
    return rows.head(rows.height).select(*CATEGORICAL, HISTORY, pl.col("click").alias(LABEL))


def split_by_time(rows: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Rows in the order of time cut in three: the last fifth tests, the last eighth of the rest validates."""
    test_from = rows.height - round(TEST_SHARE * rows.height)
    valid_from = test_from - round(VALID_SHARE_OF_REST * test_from)
    return {"train": rows[:valid_from], "valid": rows[valid_from:test_from], "test": rows[test_from:]}


def _read(path: Path) -> pl.DataFrame:
    """A table of RecBole's form, all texts, without the types in its header."""
    table = pl.read_csv(path, separator="\t", quote_char=None, infer_schema=False)
    return table.rename(lambda name: name.partition(":")[0])
