"""Tables beside a table: which of their columns holds the values of a field, and which one names them in words."""

from __future__ import annotations

import polars as pl

from .columns import as_text, is_list
from .inferring import NAME_WORDS
from .profiling import facts_of, words_in
from .tables import Frame

# A table belongs to a field if it knows at least this share of the field's values.
LEAST_KNOWN = 0.1
# A column of names has about one for each row, not the same ones again and again.
LEAST_DISTINCT = 0.5


def key_column(frame: Frame, values: pl.Series) -> str | None:
    """The column that holds most of the distinct ``values``, the first of those that are alike; None if none does."""
    wanted = as_text(values).drop_nulls().unique()
    shares = {name: _share_in(wanted, frame[name]) for name in frame.columns if not is_list(frame[name])}
    best = max(shares, key=shares.__getitem__, default=None)
    return best if best is not None and shares[best] >= LEAST_KNOWN else None


def title_column(frame: Frame, key: str) -> str | None:
    """The column that names the rows: a text nearly each row has for itself, by preference one called so."""
    texts = [name for name in frame.columns if name != key and not is_list(frame[name]) and _could_name(frame[name])]
    return min(texts, key=lambda name: not words_in(name) & NAME_WORDS, default=None)


def _share_in(wanted: pl.Series, column: pl.Series) -> float:
    if wanted.is_empty():
        return 0.0
    return float(wanted.is_in(as_text(column).drop_nulls().unique().implode()).to_numpy().mean())


def _could_name(column: pl.Series) -> bool:
    fact = facts_of(column)
    return fact.number_share < 0.5 and fact.distinct > LEAST_DISTINCT * len(column)
