"""A small table of every kind of field, its encoder, its rows, and models with random weights."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import torch
from torch import nn

from ctr_app.data.batch import Batch, FieldLayout
from ctr_app.data.dataset import as_batch
from ctr_app.data.encoding import Encoder
from ctr_app.data.schema import Column, Role, Schema
from ctr_app.models.registry import resolve

FILMS = ("Alien", "Brazil", "Casablanca", "Dune", "Eraserhead")
GENRES = ("horror", "satire", "romance")
TAGS = ("new", "long", "loud")
SCHEMA = Schema(
    (
        Column("click", Role.LABEL),
        Column("price", Role.NUMERIC),
        Column("visits", Role.NUMERIC),
        Column("film", Role.CATEGORICAL),
        Column("genre", Role.CATEGORICAL),
        Column("films", Role.SEQUENCE, separator="|", candidate="film"),
        Column("genres", Role.SEQUENCE, separator="|", candidate="genre"),
        Column("tags", Role.SEQUENCE, separator="|"),
    ),
    "1",
)


def table(rows: int = 60, seed: int = 0) -> pl.DataFrame:
    """Random rows; the two histories of a row are of one length, and some are empty."""
    generator = np.random.default_rng(seed)
    lengths = generator.integers(0, 5, size=rows)

    def joined(values: tuple[str, ...], counts: np.ndarray) -> list[str]:
        return ["|".join(generator.choice(values, size=count)) for count in counts]

    return pl.DataFrame(
        {
            "click": generator.integers(0, 2, size=rows),
            "price": np.round(generator.lognormal(2.0, 1.0, size=rows), 2),
            "visits": generator.integers(0, 4, size=rows),
            "film": generator.choice(FILMS, size=rows, p=(0.4, 0.3, 0.15, 0.1, 0.05)),
            "genre": generator.choice(GENRES, size=rows),
            "films": joined(FILMS, lengths),
            "genres": joined(GENRES, lengths),
            "tags": joined(TAGS, generator.integers(0, 4, size=rows)),
        }
    )


def encoded(rows: int = 60, seed: int = 0) -> tuple[Encoder, Batch]:
    """The encoder of the table and its rows."""
    frame = table(rows, seed)
    encoder = Encoder.fit(frame, SCHEMA, min_count=1)
    return encoder, as_batch(encoder.transform(frame))


def random_model(name: str, layout: FieldLayout, **settings: Any) -> nn.Module:
    """A small model in evaluation mode with every parameter well away from its initial value."""
    family, implied = resolve(name)
    known = {described.name for described in family.config.settings()}
    small = {"embedding_dim": 4, "mlp_sizes": (6, 5), "attention_sizes": (5, 3), "dropout": 0.5}
    config = family.config.from_mapping({k: v for k, v in small.items() if k in known} | implied | settings)
    torch.manual_seed(0)
    model = family.build(layout, config)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.4 * torch.randn_like(parameter))
    return model.eval()


def row_of(batch: Batch, row: int) -> Batch:
    """One row as a batch."""
    return batch.select(slice(row, row + 1))
