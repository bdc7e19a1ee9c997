"""Of which kind the items of a table are: what several of them share, and each has one of."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from .columns import as_text
from .schema import Column, Role
from .tables import Frame

Kinds = dict[str, dict[str, str]]  # column -> item -> its value there
# A column belongs to the item if it has one value for each, up to some that changed.
MOST_VALUES_PER_ITEM = 1.02


def kinds_among(frame: Frame, item: str, columns: Iterable[Column]) -> Kinds:
    """Those of ``columns`` that tell of what kind an item is, with the kind of each value of the column ``item``.

    These are the categorical ones and lists of which each item has one, and which several items share: a genre is a
    kind, a title is none.
    """
    items, found = as_text(frame[item]), {}
    for column in (column for column in columns if column.role in (Role.CATEGORICAL, Role.SEQUENCE)):
        pairs = pl.DataFrame({"item": items, "kind": as_text(frame[column.name])}).drop_nulls().unique()
        first = pairs.unique("item", keep="first", maintain_order=True)
        if len(pairs) <= MOST_VALUES_PER_ITEM * len(first) and 1 < 2 * pairs["kind"].n_unique() <= len(first):
            found[column.name] = dict(first.iter_rows())
    return found
