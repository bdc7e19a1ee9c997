"""MovieLens in its publisher's three forms: a log of ratings beside a table of films and, at times, one of users."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ..downloading import checksum
from ..event_log import ClickRule, EventColumns
from ..event_plan import EventPlan
from ..events import build
from ..schema import Column, Role
from ..side_tables import SideTable
from ..store import DataSet, Preparation
from .archives import read_members
from .job import Job

UNIT_SEPARATOR = "\x1f"
RATINGS = ["user_id", "movie_id", "rating", "timestamp"]
PLAN = EventPlan(EventColumns("user_id", "movie_id", "timestamp"), ClickRule("rating", at_least=4.0))
FILM_FIELDS = (Column("genres", Role.SEQUENCE, separator="|"), Column("year", Role.NUMERIC))
OTHER_EDITION = "A newer edition than the one that is described here, as its publisher gives it out now."
USER_FIELDS = dict.fromkeys(("gender", "age", "occupation"), Role.CATEGORICAL)
# The flags in u.item, in the order of u.genre.
GENRES_100K = [
    *("unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama"),
    *("Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western"),
]


@dataclass(frozen=True)
class MovieLens:
    """What an archive holds, all as text.

    ``ratings`` has user_id, movie_id, rating and timestamp; ``films`` has movie_id, title and genres (with ``|``
    between them); ``users`` has user_id, gender, age, occupation and zip code.
    """

    ratings: pl.DataFrame
    films: pl.DataFrame
    users: pl.DataFrame | None = None


def obtain_100k(job: Job) -> DataSet:
    """MovieLens 100K; ages are in years."""
    return _obtain(job, read_100k, USER_FIELDS | {"age": Role.NUMERIC})


def obtain_1m(job: Job) -> DataSet:
    """MovieLens 1M; ages and occupations are codes."""
    return _obtain(job, read_1m, USER_FIELDS)


def obtain_latest(job: Job) -> DataSet:
    """The small one of the latest MovieLens data sets; nothing is known of its users."""
    return _obtain(job, read_latest, {})


def read_100k(archive: Path) -> MovieLens:
    """``u.data``, ``u.item`` and ``u.user``, without headers; genres are flags."""
    ratings, films, users = read_members(archive, [f"ml-100k/u.{name}" for name in ("data", "item", "user")])
    flagged = _cells(films, "|", ["movie_id", "title", "released", "on_video", "imdb", *GENRES_100K])
    genres = pl.concat_list(pl.when(pl.col(genre) == "1").then(pl.lit(genre)) for genre in GENRES_100K)
    return MovieLens(
        _cells(ratings, "\t", RATINGS),
        flagged.select("movie_id", "title", genres=genres.list.drop_nulls().list.join("|")),
        _cells(users, "|", ["user_id", "age", "gender", "occupation", "zip_code"]),
    )


def read_1m(archive: Path) -> MovieLens:
    """``ratings.dat``, ``movies.dat`` and ``users.dat``, without headers, with ``::`` between the cells."""
    ratings, films, users = read_members(archive, [f"ml-1m/{name}.dat" for name in ("ratings", "movies", "users")])
    return MovieLens(
        _cells(ratings, "::", RATINGS),
        _cells(films, "::", ["movie_id", "title", "genres"]),
        _cells(users, "::", ["user_id", "gender", "age", "occupation", "zip_code"]),
    )


def read_latest(archive: Path) -> MovieLens:
    """``ratings.csv`` and ``movies.csv``, with headers and quotes."""
    ratings, films = read_members(archive, [f"ml-latest-small/{name}.csv" for name in ("ratings", "movies")])
    return MovieLens(
        pl.read_csv(ratings, infer_schema=False).rename(dict(zip(("userId", "movieId"), RATINGS, strict=False))),
        pl.read_csv(films, infer_schema=False).rename({"movieId": "movie_id"}),
    )


def _cells(content: bytes, separator: str, columns: list[str]) -> pl.DataFrame:
    """A table without header and quotes."""
    text = _text(content).replace(separator, UNIT_SEPARATOR)
    return pl.read_csv(
        text.encode(),
        separator=UNIT_SEPARATOR,
        has_header=False,
        new_columns=columns,
        infer_schema=False,
        quote_char=None,
    )


def _text(content: bytes) -> str:
    """Latin-1, in which the older archives are written, unless it is UTF-8, in which copies of them may be."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("latin-1")


def _obtain(job: Job, read: Callable[[Path], MovieLens], user_fields: dict[str, Role]) -> DataSet:
    """Rows with histories, built of the log of ratings and of what is known of films and users."""
    path = job.fetch()
    found, source_hash = read(path), checksum(path, "sha256")
    year = pl.col("title").str.extract(r"\((\d{4})\)\s*$").alias("year")
    films = SideTable(job.table(found.films.with_columns(year), source_hash), "movie_id", "title", FILM_FIELDS)
    users = None
    if found.users is not None:
        fields = tuple(Column(name, role) for name, role in user_fields.items())
        users = SideTable(job.table(found.users, source_hash), "user_id", None, fields)
    built = build(job.table(found.ratings, source_hash), PLAN, films, users, job.building)
    description = None if source_hash == job.known.remote.sha256 else OTHER_EDITION
    return job.keep(built.tables, Preparation(built.schema, built.split), built.names, description)
