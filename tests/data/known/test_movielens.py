"""MovieLens archives in each of the publisher's three forms."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from hashlib import md5
from pathlib import Path

import pytest

from ctr_app.data.catalogue import REAL_DATA_SETS
from ctr_app.data.known import obtain
from ctr_app.data.known.movielens import OTHER_EDITION, MovieLens, read_1m, read_100k, read_latest
from ctr_app.data.schema import Role
from ctr_app.data.store import DataSet, DatasetStore
from tests import published
from tests.paths import needs_shared_data
from tests.publisher import Publisher, publishing

ROW = ["user_id", "movie_id", "click", "history"]
READERS: dict[str, tuple[Callable[[Path], MovieLens], Callable[[], bytes]]] = {
    "movielens-100k": (read_100k, published.ml_100k),
    "movielens-1m": (read_1m, published.ml_1m),
    "movielens-latest-small": (read_latest, published.ml_latest_small),
}


@pytest.fixture
def publisher() -> Iterator[Publisher]:
    with publishing({}) as found:
        yield found


def read(name: str, folder: Path) -> MovieLens:
    reader, content = READERS[name]
    (folder / "archive.zip").write_bytes(content())
    return reader(folder / "archive.zip")


@pytest.mark.parametrize("name", READERS)
def test_all_ratings_films_and_users_are_read_as_they_are(name: str, tmp_path: Path) -> None:
    found = read(name, tmp_path)
    assert found.ratings.columns == ["user_id", "movie_id", "rating", "timestamp"]
    ratings = [tuple(map(float, row)) for row in found.ratings.iter_rows()]
    half = 0.5 if name == "movielens-latest-small" else 0
    assert ratings == [(u, m, rating - half * (u % 2), time) for u, m, rating, time in published.made_up_ratings()]
    titles = [title.replace("|", "/") if name == "movielens-100k" else title for title in published.TITLES]
    assert list(found.films["title"]) == titles
    assert list(found.films["movie_id"]) == [str(i) for i in range(1, len(titles) + 1)]
    assert (found.users is None) == (name == "movielens-latest-small")
    if found.users is not None:
        assert found.users.height == published.NUM_USERS
        assert set(found.users["gender"]) == {"F", "M"}
        assert set(found.users["zip_code"]) == {"55455"}


def test_genre_flags_become_names(tmp_path: Path) -> None:
    found = read("movielens-100k", tmp_path)
    assert list(found.films["genres"])[:2] == ["Action|Adventure", "Adventure|Animation"]


@pytest.mark.parametrize("name", READERS)
def test_a_download_becomes_clicks_with_histories_and_titles(
    name: str, tmp_path: Path, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = obtained(name, READERS[name][1](), tmp_path, publisher, monkeypatch)
    half = 0.5 if name == "movielens-latest-small" else 0
    ratings = [(str(u), str(m), r - half * (u % 2), t) for u, m, r, t in published.made_up_ratings()]
    rows = dataset.part(0, dataset.rows)
    found = {(user, film): (click, list(past)) for user, film, click, past in rows[ROW].iter_rows()}
    assert len(found) == len(ratings)
    for user, film, rating, time in ratings:
        earlier = sorted((t, m) for u, m, r, t in ratings if u == user and t < time and r >= 4)
        assert found[user, film] == (int(rating >= 4), [m for _, m in earlier])
    assert dataset.names()["movie_id"]["1"] == "Toy Story (1995)"


@pytest.mark.parametrize(
    ("name", "numeric", "categorical"),
    [
        ("movielens-100k", ["year", "age"], ["user_id", "movie_id", "gender", "occupation"]),
        ("movielens-1m", ["year"], ["user_id", "movie_id", "gender", "age", "occupation"]),
        ("movielens-latest-small", ["year"], ["user_id", "movie_id"]),
    ],
)
def test_nothing_of_the_schema_is_guessed(
    name: str,
    numeric: list[str],
    categorical: list[str],
    tmp_path: Path,
    publisher: Publisher,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    dataset = obtained(name, READERS[name][1](), tmp_path, publisher, monkeypatch)
    assert dataset.preparation is not None
    schema = dataset.preparation.schema
    assert [column.name for column in schema.with_role(Role.NUMERIC)] == numeric
    assert [column.name for column in schema.with_role(Role.CATEGORICAL)] == categorical
    assert {column.name: column.candidate for column in schema.with_role(Role.SEQUENCE)} == {
        "genres": None,
        "history": "movie_id",
    }
    assert (schema.label, schema.positive, schema.group, schema.time) == ("click", "1", "user_id", "timestamp")
    assert dataset.preparation.split.method == "time"
    encoded = dataset.encoded()
    assert encoded.rows("train").labels.mean() > 0


@needs_shared_data
def test_the_real_100k_becomes_clicks_with_titles(
    tmp_path: Path, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    dataset = obtained("movielens-100k", published.real_ml_100k(), tmp_path, publisher, monkeypatch)
    assert dataset.rows == 100_000
    assert dataset.names()["movie_id"]["50"] == "Star Wars (1977)"
    assert dataset.frame["click"].mean() == pytest.approx(0.55375)
    assert dataset.frame["history"].list.len().max() == 50


def test_another_edition_says_that_it_is_one(
    tmp_path: Path, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = "movielens-latest-small"
    known = obtained(name, published.ml_latest_small(), tmp_path / "known", publisher, monkeypatch)
    assert known.description == REAL_DATA_SETS[name].description
    newer = published.ml_latest_small()[:-2] + b"\x04\x00next"  # with a comment in the archive
    publisher.files |= {"/ml-latest-small.zip": newer, "/ml-latest-small.zip.md5": md5(newer).hexdigest().encode()}
    other = obtain(name, DatasetStore(tmp_path / "newer"), lambda *_: None, threading.Event())
    assert other.description == OTHER_EDITION
    assert other.rows == known.rows
    assert other.id != known.id


def test_whoever_waits_is_told_how_many_rows_are_made(
    tmp_path: Path, publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    shares: list[float] = []
    published.publish(monkeypatch, publisher, "movielens-1m", published.ml_1m())
    obtain("movielens-1m", DatasetStore(tmp_path), lambda *_: None, threading.Event(), shares.append)
    assert shares[-1] == 1.0
    assert shares == sorted(shares)


@needs_shared_data
def test_the_real_films_of_1m_have_their_letters(tmp_path: Path) -> None:
    (tmp_path / "ml-1m.zip").write_bytes(published.real_ml_1m())
    films = read_1m(tmp_path / "ml-1m.zip").films
    titles = dict(zip(films["movie_id"], films["title"], strict=True))
    assert films.height == 3883
    assert titles["73"] == "Misérables, Les (1995)"


def obtained(name: str, content: bytes, folder: Path, publisher: Publisher, monkeypatch: pytest.MonkeyPatch) -> DataSet:
    """The data set made of a published file."""
    published.publish(monkeypatch, publisher, name, content)
    return obtain(name, DatasetStore(folder), lambda *_: None, threading.Event())
