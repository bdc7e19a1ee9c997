"""The values of an embedding table and their ids."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path

import numpy as np
import polars as pl

from .distinct import PADDING
from .tables import Frame, ParquetTable

UNKNOWN, MISSING = 1, 2
NUM_SPECIAL = 3
COLUMNS: dict[str, type[pl.DataType]] = {"value": pl.String, "count": pl.Int64}
SPECIAL_NAMES = {PADDING: "(padding)", UNKNOWN: "(unknown)", MISSING: "(missing)"}


class Vocabulary:
    """The values of one embedding table, most frequent first, from id 3 on; 0, 1, 2 are PADDING, UNKNOWN, MISSING.

    They may lie in a file, which is read when a value is asked for; how many there are is known before.
    """

    def __init__(self, table: Frame) -> None:
        """``table`` has the columns ``value``, texts, and ``count``, in the order of the ids."""
        self._table = table

    @classmethod
    def of(cls, values: Sequence[str], counts: Sequence[int]) -> Vocabulary:
        """The vocabulary of these values in this order."""
        columns = {"value": values, "count": counts}
        return cls(pl.DataFrame(columns, schema=COLUMNS))

    @classmethod
    def fit(cls, texts: pl.Series, min_count: int) -> Vocabulary:
        """Learn from the training rows' texts (nulls apart); rarer values than ``min_count`` will be UNKNOWN."""
        return cls.fit_counts([(texts, np.ones(len(texts), dtype=np.int64))], min_count)

    @classmethod
    def fit_counts(cls, counted: Iterable[tuple[pl.Series, np.ndarray]], min_count: int) -> Vocabulary:
        """Learn from texts (V,), some of which may be equal, and how often training showed each (V,)."""
        shown = pl.concat(_shown(values, counts, 1).drop("place") for values, counts in counted)
        shown = shown.group_by("value").agg(pl.col("count").sum()).filter(pl.col("count") >= min_count)
        return cls(_in_order(shown))

    @classmethod
    def fit_different(cls, values: pl.Series, counts: np.ndarray, min_count: int) -> tuple[Vocabulary, np.ndarray]:
        """``fit_counts`` of texts (V,) that are different or null, and what ``ids`` gives of them, int32 (V,)."""
        shown = _in_order(_shown(values, counts, min_count))
        ids = np.where(values.is_null().to_numpy(), MISSING, UNKNOWN).astype(np.int32)
        ids[shown["place"].to_numpy()] = np.arange(NUM_SPECIAL, NUM_SPECIAL + len(shown))
        return cls(shown.drop("place")), ids

    def __len__(self) -> int:
        return self._table.height + NUM_SPECIAL

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and self.table().equals(other.table())

    __hash__ = None  # type: ignore[assignment]

    @cached_property
    def texts(self) -> pl.Series:
        """The values in the order of their ids."""
        return self._table["value"]

    @cached_property
    def values(self) -> tuple[str, ...]:
        """The values in the order of their ids."""
        return tuple(self.texts)

    @property
    def counts(self) -> tuple[int, ...]:
        """How often training showed each value."""
        return tuple(self._table["count"])

    def table(self) -> pl.DataFrame:
        """The columns ``value`` and ``count``."""
        return pl.DataFrame({"value": self.texts, "count": self._table["count"]})

    def ids(self, texts: pl.Series) -> np.ndarray:
        """int32 (n,): MISSING for null, UNKNOWN for what training never showed often enough."""
        numbers = pl.Series(np.arange(NUM_SPECIAL, len(self), dtype=np.int32))
        found = texts.replace_strict(self.texts, numbers, default=UNKNOWN, return_dtype=pl.Int32)
        return found.zip_with(texts.is_not_null(), pl.Series([MISSING], dtype=pl.Int32)).to_numpy().astype(np.int32)

    def name(self, value_id: int) -> str:
        """The value with that id, or what a special id means in words."""
        return SPECIAL_NAMES.get(value_id) or str(self.texts[int(value_id) - NUM_SPECIAL])


def _shown(values: pl.Series, counts: np.ndarray, min_count: int) -> pl.DataFrame:
    """The values that are not null and occur so often, at least once, with their places among all."""
    places = np.flatnonzero(counts >= max(1, min_count))
    columns = {"value": values.gather(places), "count": counts[places], "place": places}
    return pl.DataFrame(columns, schema={**COLUMNS, "place": pl.Int64}).drop_nulls("value")


def _in_order(shown: pl.DataFrame) -> pl.DataFrame:
    return shown.sort(["count", "value"], descending=[True, False])


def write_vocabularies(path: Path, vocabularies: Mapping[str, Vocabulary]) -> None:
    """Write all vocabularies into one Parquet file, one after another."""
    none = pl.DataFrame(schema={"table": pl.String, **COLUMNS})
    tables = [v.table().select(pl.lit(name).alias("table"), *COLUMNS) for name, v in vocabularies.items()]
    pl.concat([none, *tables]).write_parquet(path)


def read_vocabularies(path: Path, sizes: Mapping[str, int] | Iterable[str]) -> dict[str, Vocabulary]:
    """What ``write_vocabularies`` wrote, not read before it is asked for.

    Args:
        sizes: how many values each has; older versions kept the names alone.
    """
    if not isinstance(sizes, Mapping):
        counted = pl.read_parquet(path, columns=["table"])["table"].value_counts()
        sizes = dict.fromkeys(sizes, 0) | dict(counted.iter_rows())
    ends = np.cumsum(list(sizes.values()), dtype=np.int64)
    starts = zip(sizes.items(), ends, strict=True)
    return {name: Vocabulary(ParquetTable(path, int(end) - size, size)) for (name, size), end in starts}
