"""Planted histories: users with tastes, films with a genre, and clicks on films of a genre seen before."""

from __future__ import annotations

import numpy as np
import polars as pl

from ..schema import Column, Role, Schema
from .tables import Planted, check_rows
from .truth import Truth, best_auc
from .words import AGE_GROUPS, DEVICES, GENRES, TITLE_ENDS, TITLE_STARTS


def planted_histories(rows: int, seed: int = 0) -> Planted:
    """Users with tastes, films with a genre, a candidate film; clicks depend on the history's films of its genre.

    The logit grows with the logarithm of one plus the number of films of the candidate's genre in the history; film,
    device and age group have small main effects.
    """
    check_rows(rows)
    generator = np.random.default_rng(seed)
    titles, genres = _films(generator)
    num_items = len(titles)
    tastes = generator.dirichlet(np.full(len(GENRES), 0.25), size=max(50, rows // 20))
    users = generator.integers(len(tastes), size=rows)
    lengths = np.clip(generator.geometric(0.12, size=rows) + 1, 2, 20)
    history = _drawn_by_taste(generator, np.repeat(users, lengths), tastes, genres)
    is_to_taste = generator.random(rows) < 0.4
    candidates = np.where(
        is_to_taste, _drawn_by_taste(generator, users, tastes, genres), generator.integers(num_items, size=rows)
    )
    devices, ages = generator.integers(len(DEVICES), size=rows), generator.integers(len(AGE_GROUPS), size=rows)

    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    is_alike = genres[history] == np.repeat(genres[candidates], lengths)
    num_alike = np.add.reduceat(is_alike.astype(np.int64), starts)
    logit = -2.2 + 1.8 * np.log1p(num_alike)
    for codes, count in ((candidates, num_items), (devices, len(DEVICES)), (ages, len(AGE_GROUPS))):
        logit += 0.3 * generator.normal(size=count)[codes]

    probabilities = 1.0 / (1.0 + np.exp(-logit))
    items = pl.Series(titles)[history].to_frame("history").with_columns(row=np.repeat(np.arange(rows), lengths))
    frame = pl.DataFrame(
        {
            "click": (generator.random(rows) < probabilities).astype(np.int64),
            "user": pl.Series([f"user {user + 1:04d}" for user in users]),
            "age_group": pl.Series(AGE_GROUPS)[ages],
            "device": pl.Series(DEVICES)[devices],
            "film": pl.Series(titles)[candidates],
            "history": items.group_by("row", maintain_order=True).agg(pl.col("history").str.join("|"))["history"],
        }
    )
    schema = Schema(
        (
            Column("click", Role.LABEL),
            Column("user", Role.IGNORED),
            Column("age_group", Role.CATEGORICAL),
            Column("device", Role.CATEGORICAL),
            Column("film", Role.CATEGORICAL),
            Column("history", Role.SEQUENCE, separator="|", candidate="film", max_length=20),
        ),
        "1",
        group="user",
    )
    kinds = {title: GENRES[genre] for title, genre in zip(titles, genres, strict=True)}
    return Planted(frame, schema, Truth((("film", "history"),), best_auc(probabilities), kinds), probabilities)


def _films(generator: np.random.Generator) -> tuple[list[str], np.ndarray]:
    """240 film titles, each with its genre in brackets, and the genres int (240,)."""
    names = [f"{start} {end}" for start in TITLE_STARTS for end in TITLE_ENDS]
    genres = generator.permutation(np.arange(len(names)) % len(GENRES))
    return [f"{name} ({GENRES[genre]})" for name, genre in zip(names, genres, strict=True)], genres


def _drawn_by_taste(
    generator: np.random.Generator, users: np.ndarray, tastes: np.ndarray, genres: np.ndarray
) -> np.ndarray:
    """For each entry of ``users`` a film: a genre by the user's taste, then any film of that genre."""
    cumulative = tastes.cumsum(axis=1)
    drawn = (generator.random(len(users))[:, None] > cumulative[users]).sum(axis=1).clip(max=len(GENRES) - 1)
    by_genre = np.stack([np.flatnonzero(genres == genre) for genre in range(len(GENRES))])
    return by_genre[drawn, generator.integers(by_genre.shape[1], size=len(users))]
