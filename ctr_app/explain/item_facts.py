"""What a table tells of the items of a history beside their names: of which kind each is, and when its user met it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import polars as pl

from ..data.batch import Batch
from ..data.columns import as_text, as_time
from ..data.distinct import PADDING
from ..data.encoding import Encoder
from ..data.event_examples import moment
from ..data.kinds import Kinds, kinds_among
from ..data.schema import Schema
from ..data.tables import Frame
from ..data.vocabulary import NUM_SPECIAL

# The kinds of items are read off so many rows at the start of a table.
MOST_ROWS = 200_000


def item_kinds(frame: Frame, schema: Schema, candidate: str) -> Kinds:
    """The fields that tell of what kind a value of ``candidate`` is, of items that the table's first rows offer."""
    fields = [column for column in schema.fields if column.name != candidate and not column.candidate]
    return kinds_among(frame.slice(0, MOST_ROWS), candidate, fields)


def kind_codes(encoder: Encoder, candidate: str, kinds: Mapping[str, str]) -> np.ndarray:
    """int64 by the id of a value of ``candidate``: its kind's number from 0, -1 where none is known."""
    vocabulary = encoder.vocabulary_of(candidate)
    of_value = pl.Series(list(kinds.values()), dtype=pl.String).cast(pl.Categorical).to_physical().to_numpy()
    codes = np.full(len(vocabulary), -1, dtype=np.int64)
    codes[vocabulary.ids(pl.Series(list(kinds), dtype=pl.String))] = of_value
    codes[:NUM_SPECIAL] = -1  # what is unknown has no kind
    return codes


def is_same_kind(batch: Batch, history: str, place: int, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Bool (B, T) twice: which items are of the kind of the candidate, and of which items that can be said.

    ``place`` is the candidate's among the categorical fields, ``codes`` are those of ``kind_codes``.
    """
    ids = batch.sequences[history].numpy()
    of_items, of_candidate = codes[ids], codes[batch.categorical[:, place].numpy()][:, None]
    return of_items == of_candidate, (ids > PADDING) & (of_items >= 0) & (of_candidate >= 0)


def item_times(frame: Frame, schema: Schema, row: int, candidate: str) -> dict[str, str]:
    """Item -> when the user of a row met it last before that row, as a date or a number.

    Known where the table has a user (its group) and a time, for items that were that user's candidates in other rows.
    """
    if schema.group is None or schema.time is None:
        return {}
    groups = as_text(frame[schema.group])
    rows = groups.eq(groups[row]).fill_null(False).arg_true()
    times = as_time(frame[schema.time].gather(rows))
    own = times.gather(rows.eq(row).arg_true())[0]
    if own is None:
        return {}
    met = pl.DataFrame({"item": as_text(frame[candidate].gather(rows)), "time": times})
    past = met.filter(pl.col("time") < own).drop_nulls().sort("time")
    return {item: moment(float(time)) for item, time in past.iter_rows()}
