"""Files in the shape in which publishers give them out: made-up small ones, and ones made of real rows."""

from __future__ import annotations

import csv
import hashlib
import io
import re
import zipfile
from dataclasses import replace
from itertools import product

import pytest

from ctr_app.data.catalogue import REAL_DATA_SETS
from ctr_app.data.downloading import Remote

from .paths import SHARED_DATA
from .publisher import Publisher

GENRES = (
    *("unknown", "Action", "Adventure", "Animation", "Children's", "Comedy", "Crime", "Documentary", "Drama"),
    *("Fantasy", "Film-Noir", "Horror", "Musical", "Mystery", "Romance", "Sci-Fi", "Thriller", "War", "Western"),
)
# Titles that break readers which guess: quotes, commas, separators of other forms, letters beyond ASCII.
TITLES = (
    "Toy Story (1995)",
    '"Great" One, The (1940)',
    "Amélie (2001)",
    "No Year",
    "A|B: C;D (1960)",
    "Sept, 7 (1971)",
)
NUM_USERS = 30


def zipped(members: dict[str, str | bytes], encoding: str = "utf-8") -> bytes:
    """A zip archive, the same whenever it is made."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        for name, member in members.items():
            written = member if isinstance(member, bytes) else member.encode(encoding)
            archive.writestr(zipfile.ZipInfo(name), written, zipfile.ZIP_DEFLATED)
    return content.getvalue()


def made_up_ratings() -> list[tuple[int, int, int, int]]:
    """User, film (from 1), rating and time of each user's ratings, all films each."""
    pairs = product(range(1, NUM_USERS + 1), range(1, len(TITLES) + 1))
    return [(u, m, 1 + (u * m + u) % 5, 880_000_000 + 100 * ((7 * m) % 11) + u) for u, m in pairs]


def ml_100k(
    ratings: list[tuple[int, ...]] | None = None,
    films: list[tuple[str, str, list[str]]] | None = None,
    users: list[tuple[str, ...]] | None = None,
) -> bytes:
    """ml-100k.zip; films are id, title and genres, users are id, age, gender, occupation and zip code."""
    ratings = ratings or made_up_ratings()
    titles = [title.replace("|", "/") for title in TITLES]
    films = films or [(str(i), title, [GENRES[i], GENRES[i + 1]]) for i, title in enumerate(titles, start=1)]
    users = users or [(str(u), str(18 + u), "MF"[u % 2], ("artist", "none")[u % 3 == 0], "55455") for u in _users()]
    items = [
        f"{film}|{title}|01-Jan-1995||http://x/?{film}|{'|'.join('01'[genre in genres] for genre in GENRES)}"
        for film, title, genres in films
    ]
    members = {
        "ml-100k/README": "licence",
        "ml-100k/u.data": _lines("\t".join(map(str, row)) for row in ratings),
        "ml-100k/u.item": _lines(items),
        "ml-100k/u.user": _lines("|".join(row) for row in users),
    }
    return zipped(members, "latin-1")


def ml_1m(movies: bytes | None = None) -> bytes:
    """ml-1m.zip; ``movies`` is a real movies.dat."""
    films = _lines(f"{i}::{title}::Drama|War" for i, title in enumerate(TITLES, start=1))
    users = _lines(f"{u}::{'FM'[u % 2]}::{(1, 18, 25)[u % 3]}::{u % 4}::55455" for u in _users())
    members = {
        "ml-1m/ratings.dat": _lines("::".join(map(str, row)) for row in made_up_ratings()),
        "ml-1m/movies.dat": movies or films.encode("latin-1"),
        "ml-1m/users.dat": users,
    }
    return zipped(members)


def ml_latest_small() -> bytes:
    """ml-latest-small.zip, with half stars."""
    rated = [(u, m, f"{rating - 0.5 * (u % 2)}", time) for u, m, rating, time in made_up_ratings()]
    films = [(i, title, "(no genres listed)" if i == 4 else "Comedy|War") for i, title in enumerate(TITLES, start=1)]
    members = {
        "ml-latest-small/ratings.csv": _csv(("userId", "movieId", "rating", "timestamp"), rated),
        "ml-latest-small/movies.csv": _csv(("movieId", "title", "genres"), films),
    }
    return zipped(members)


def real_ml_100k() -> bytes:
    """ml-100k.zip with all the real ratings, films and users."""
    ratings, films, users = (_tab_separated(f"ml-100k.{kind}") for kind in ("inter", "item", "user"))
    items = [(row[0], f"{row[1]} ({row[2]})", row[3].split()) for row in films]
    return ml_100k([tuple(map(int, row)) for row in ratings], items, [tuple(row) for row in users])


def real_ml_1m() -> bytes:
    """ml-1m.zip with the real films."""
    return ml_1m((SHARED_DATA / "movielens_1m_din" / "movies.dat").read_bytes())


def adult_arff() -> bytes:
    """adult.arff as OpenML has it, with the real rows there are."""
    names = _adult_columns()
    with (SHARED_DATA / "tabular" / "adult.csv").open() as file:
        header = [name.strip() for name in next(file).split(",")]
        order = [header.index("income" if name == "class" else name) for name in names]
        rows = [[cell.strip() for cell in line.split(",")] for line in file if line.strip()]
    values = {name: sorted({row[at] for row in rows} - {"?"}) for name, at in zip(names, order, strict=True)}
    attributes = [
        f"@attribute {name} " + ("numeric" if values[name][0].isdigit() else "{ " + ", ".join(values[name]) + " }")
        for name in names
    ]
    lines = [", ".join(row[at] for at in order) for row in rows]
    return "\n".join(["@relation adult", "", *attributes, "", "@data", *lines, ""]).encode()


def publish(monkeypatch: pytest.MonkeyPatch, publisher: Publisher, name: str, content: bytes) -> Remote:
    """Let the publisher serve a known data set, as if ``content`` were the file that is known."""
    known = REAL_DATA_SETS[name]
    path = "/" + known.remote.file_name
    publisher.files[path] = content
    digest = hashlib.sha256(content).hexdigest()
    md5_url = known.remote.md5_url and f"{publisher.url}{path}.md5"
    remote = Remote(publisher.url + path, known.remote.file_name, len(content), digest, md5_url)
    monkeypatch.setitem(REAL_DATA_SETS, name, replace(known, remote=remote))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return remote


def _users() -> range:
    return range(1, NUM_USERS + 1)


def _lines(rows) -> str:
    return "".join(f"{row}\n" for row in rows)


def _csv(header: tuple[str, ...], rows: list[tuple[object, ...]]) -> str:
    text = io.StringIO()
    csv.writer(text).writerows([header, *rows])
    return text.getvalue()


def _tab_separated(name: str) -> list[list[str]]:
    lines = (SHARED_DATA / "movielens_100k" / name).read_text().splitlines()
    return [line.split("\t") for line in lines[1:]]


def _adult_columns() -> list[str]:
    text = (
        "age workclass fnlwgt education education-num marital-status occupation relationship race sex "
        "capital-gain capital-loss hours-per-week native-country class"
    )
    return re.split(" ", text)
