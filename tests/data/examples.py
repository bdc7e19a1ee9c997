"""Small tables with numbers, categories and histories, and what the tests of this folder ask of encoded rows."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import polars as pl

from ctr_app.data.arrays import EncodedRows
from ctr_app.data.correcting import corrected
from ctr_app.data.dataset import Preparation
from ctr_app.data.encoding import Encoder
from ctr_app.data.inferring import infer
from ctr_app.data.reading import Table
from ctr_app.data.schema import Column, Corrections, Role, Schema

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
ROWS = 200


class PowerCut(Exception):
    """What ends a writer in the middle."""


def cut(*_args, **_kwargs):
    raise PowerCut


def every_file(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def films(rows: int = ROWS, seed: int = 0, **columns) -> pl.DataFrame:
    """Texts, as a file has them: a label, a number, a film, its title and a history."""
    rng = np.random.default_rng(seed)
    film = rng.integers(0, 12, rows)
    base = {
        "click": rng.integers(0, 2, rows),
        "price": rng.random(rows).round(3),
        "film": film,
        "title": [f"Title {number}" for number in film],
        "seen": ["|".join(map(str, rng.integers(0, 12, 1 + i % 4))) for i in range(rows)],
        "user": np.arange(rows) % 9,
    }
    return pl.DataFrame(base | columns).cast(pl.String)


def as_table(frame: pl.DataFrame, name: str = "My clicks.csv") -> Table:
    return Table(frame, name, hashlib.sha256(frame.write_json().encode()).hexdigest(), "CSV", ",")


def table(rows: int = ROWS, seed: int = 0, name: str = "My clicks.csv", **columns) -> Table:
    return as_table(films(rows, seed, **columns), name)


def schema_of(frame: pl.DataFrame, **corrections) -> Schema:
    return corrected(frame, infer(frame), Corrections(**corrections))


def preparation(**changes) -> Preparation:
    return Preparation(schema_of(table().frame), **changes)


def fitted(min_count: int = 1, frame: pl.DataFrame = FRAME, schema: Schema = SCHEMA) -> Encoder:
    return Encoder.fit(frame, schema, min_count)


def assert_same(a: EncodedRows, b: EncodedRows) -> None:
    for name in ("numeric", "categorical", "labels", "rows", "group_ids", "weights"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    assert list(a.sequences) == list(b.sequences)
    for name, ids in a.sequences.items():
        np.testing.assert_array_equal(ids, b.sequences[name])
