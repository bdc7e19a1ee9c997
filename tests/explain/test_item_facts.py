"""What a table tells of items: kinds and times, against loops over its rows."""

from __future__ import annotations

import numpy as np
import polars as pl

from ctr_app.data.columns import as_lists
from ctr_app.data.schema import Column, Role, Schema
from ctr_app.explain.faithfulness import attention_by_kind
from ctr_app.explain.item_facts import is_same_kind, item_kinds, item_times, kind_codes
from ctr_app.models.din import DIN

from . import examples

GENRE_OF = dict(zip(examples.FILMS, ("horror", "satire", "romance", "romance", "horror"), strict=True))
DAY = 86_400


def log(rows: int = 40) -> tuple[pl.DataFrame, Schema]:
    """Users who see films, one a day: a genre belongs to the film, a mood and a title do not tell of a kind."""
    generator = np.random.default_rng(0)
    films = generator.choice(examples.FILMS, rows)
    frame = pl.DataFrame(
        {
            "click": generator.integers(0, 2, rows),
            "user": generator.choice(["ann", "bob"], rows),
            "film": films,
            "genres": [[GENRE_OF[film], "colour"] for film in films],
            "genre": [GENRE_OF[film] for film in films],
            "title": [f"The {film}" for film in films],
            "mood": generator.choice(["good", "bad"], rows),
            "time": 880_000_000 + DAY * np.arange(rows),
        }
    ).sample(fraction=1.0, shuffle=True, seed=1)
    columns = [Column(name, Role.CATEGORICAL) for name in ("film", "genre", "title", "mood")]
    schema = Schema(
        (Column("click", Role.LABEL), *columns, Column("genres", Role.SEQUENCE), Column("time", Role.IGNORED)),
        "1",
        group="user",
        time="time",
    )
    return frame, schema


def test_kinds_are_what_items_have_one_of_and_share() -> None:
    frame, schema = log()
    several = pl.concat([frame, frame.with_columns(pl.lit("Fargo").alias("film"), pl.lit("satire").alias("genre"))])
    found = item_kinds(several, schema, "film")
    assert set(found) == {"genre"}
    assert found["genre"] == GENRE_OF | {"Fargo": "satire"}
    assert item_kinds(several.head(0), schema, "film") == {}


def test_times_are_those_of_the_user_before_the_row() -> None:
    frame, schema = log()
    rows = frame.to_dicts()
    for place in (0, 7, 23):
        own = rows[place]
        past = [row for row in rows if row["user"] == own["user"] and row["time"] < own["time"]]
        latest = {row["film"]: row["time"] for row in sorted(past, key=lambda row: row["time"])}
        expected = {film: str(np.datetime64(int(time), "s").astype("datetime64[D]")) for film, time in latest.items()}
        found = item_times(frame, schema, place, "film")
        parsed = pl.Series(list(found.values())).str.to_date("%d %b %Y").cast(pl.String)
        assert dict(zip(found, parsed, strict=True)) == expected
    assert item_times(frame, Schema(schema.columns, "1"), 0, "film") == {}


def test_attention_by_kind_is_a_mean_over_items_of_a_known_kind() -> None:
    encoder, batch = examples.encoded(rows=30)
    model = examples.random_model("din", encoder.layout)
    assert isinstance(model, DIN)
    kinds = {film: genre for film, genre in GENRE_OF.items() if film != "Dune"}
    place = encoder.layout.categorical.index("film")
    codes = kind_codes(encoder, "film", kinds)
    weights = model.attention_weights(batch)[0].detach().numpy()
    expected: dict[bool, list[float]] = {True: [], False: []}
    column = encoder.schema.column("films")
    for row, (film, films) in enumerate(
        zip(examples.table(30)["film"], as_lists(examples.table(30)["films"], column), strict=True)
    ):
        for position, item in enumerate(films):
            if item != "Dune" and film != "Dune":
                expected[kinds[item] == kinds[film]].append(float(weights[row, position]))
    found = attention_by_kind(model, batch, "films", place, codes).set_index("is_same")
    assert dict(found["rows"]) == {same: len(of) for same, of in expected.items()}
    for same, of in expected.items():
        np.testing.assert_allclose(found["weight"][same], np.mean(of), atol=1e-6)
    is_same, is_known = is_same_kind(batch, "films", place, codes)
    assert is_same.shape == is_known.shape == batch.sequences["films"].shape
