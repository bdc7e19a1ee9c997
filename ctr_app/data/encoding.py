"""From a table and its schema to numbers, by what the training rows alone have shown."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

from .batch import FieldLayout, SequenceField
from .columns import as_lists, as_number, as_text, value_text
from .errors import InputError, join_names, shorten
from .schema import Role, Schema
from .tables import ChosenRows, Frame

PADDING, UNKNOWN, MISSING = 0, 1, 2
SPECIAL_NAMES = {PADDING: "(padding)", UNKNOWN: "(unknown)", MISSING: "(missing)"}
NUM_QUANTILES = 1000
# The difference of two numbers up to this is still a finite one.
LARGEST_NUMBER = 1e300


@dataclass(frozen=True)
class NumericTransform:
    """Median imputation, then the training distribution's quantile scaled to mean 0 and variance 1.

    A uniform quantile q in [0, 1] becomes (q - 1/2) * sqrt(12), so a typical value is 0, as a typical
    embedding is. ``quantiles`` float64 (Q,) ascending.
    """

    quantiles: np.ndarray

    @classmethod
    def fit(cls, numbers: np.ndarray) -> NumericTransform:
        """Learn from float (n,) with NaN for missing; a column without any number becomes 0 everywhere."""
        present = np.clip(numbers[~np.isnan(numbers)], -LARGEST_NUMBER, LARGEST_NUMBER)
        if len(present) == 0:
            return cls(np.zeros(1))
        if len(present) <= NUM_QUANTILES:
            return cls(np.sort(present))  # exact, where interpolated quantiles may miss the ends of a plateau
        return cls(np.maximum.accumulate(np.quantile(present, np.linspace(0.0, 1.0, NUM_QUANTILES))))

    @property
    def median(self) -> float:
        """What stands for a missing number."""
        return float(np.interp(0.5, np.linspace(0, 1, len(self.quantiles)), self.quantiles))

    def __call__(self, numbers: np.ndarray) -> np.ndarray:
        """float32 (n,). Equal numbers on a plateau of the distribution get the plateau's middle.

        NOTE[DIFF]: scikit-learn's QuantileTransformer gives the plateaus at both ends 0 and 1, not their middles.
        """
        filled = np.where(np.isnan(numbers), self.median, numbers)
        if len(self.quantiles) < 2 or self.quantiles[0] == self.quantiles[-1]:
            return np.zeros(len(filled), dtype=np.float32)
        references = np.linspace(0.0, 1.0, len(self.quantiles))
        upper = np.interp(filled, self.quantiles, references)
        lower = -np.interp(-filled, -self.quantiles[::-1], -references[::-1])
        return (((upper + lower) / 2 - 0.5) * np.sqrt(12.0)).astype(np.float32)

    def inverse(self, encoded: np.ndarray) -> np.ndarray:
        """The numbers, float64 (n,), that encoded values stand for."""
        positions = np.asarray(encoded, dtype=np.float64) / np.sqrt(12.0) + 0.5
        return np.interp(positions, np.linspace(0, 1, len(self.quantiles)), self.quantiles)


@dataclass(frozen=True)
class Vocabulary:
    """The values of one embedding table, most frequent first, from id 3 on; 0, 1, 2 are PADDING, UNKNOWN, MISSING."""

    values: tuple[str, ...]
    counts: tuple[int, ...]

    @classmethod
    def fit(cls, texts: pl.Series, min_count: int) -> Vocabulary:
        """Learn from the training rows' texts (nulls apart); rarer values than ``min_count`` will be UNKNOWN."""
        counted = (
            texts.drop_nulls()
            .alias("value")
            .value_counts()
            .filter(pl.col("count") >= min_count)
            .sort(["count", "value"], descending=[True, False])
        )
        return cls(tuple(counted["value"]), tuple(counted["count"]))

    def __len__(self) -> int:
        return len(self.values) + 3

    def ids(self, texts: pl.Series) -> np.ndarray:
        """int32 (n,): MISSING for null, UNKNOWN for what training never showed often enough."""
        known = pl.Series(self.values, dtype=pl.String)
        numbers = pl.Series(np.arange(3, len(self), dtype=np.int32))
        found = texts.replace_strict(known, numbers, default=UNKNOWN, return_dtype=pl.Int32)
        return found.zip_with(texts.is_not_null(), pl.Series([MISSING], dtype=pl.Int32)).to_numpy().astype(np.int32)

    def name(self, value_id: int) -> str:
        """The value with that id, or what a special id means in words."""
        return SPECIAL_NAMES.get(value_id) or self.values[value_id - 3]


@dataclass(frozen=True)
class EncodedRows:
    """Arrays of n rows: numeric float32 (n, N), categorical int32 (n, C), sequences int32 (n, T), labels float32 (n,).

    ``group_ids`` int64 (n,) tells whose row it is, where the schema has a group; a row without one is alone in its
    own. ``rows`` int64 (n,) are the rows of the table that these are. ``weights`` float32 (n,), above 0, say how much
    each row counts, where the schema has a weight.
    """

    numeric: np.ndarray
    categorical: np.ndarray
    sequences: dict[str, np.ndarray]
    labels: np.ndarray
    rows: np.ndarray
    group_ids: np.ndarray | None = None
    weights: np.ndarray | None = None

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Encoder:
    """Everything needed to encode a table the way a run was trained on; ``fit`` sees training rows only."""

    schema: Schema
    transforms: dict[str, NumericTransform]
    vocabularies: dict[str, Vocabulary]
    sequence_lengths: dict[str, int]

    @classmethod
    def fit(cls, frame: Frame, schema: Schema, min_count: int = 2, rows: np.ndarray | None = None) -> Encoder:
        """Learn vocabularies and quantiles from the training rows: ``rows`` of ``frame``, or all of it."""
        frame = frame if rows is None else ChosenRows(frame, rows)
        transforms = {
            c.name: NumericTransform.fit(as_number(frame[c.name]).to_numpy().astype(np.float64))
            for c in schema.with_role(Role.NUMERIC)
        }
        texts: dict[str, list[pl.Series]] = {
            c.name: [as_text(frame[c.name])] for c in schema.with_role(Role.CATEGORICAL)
        }
        lengths = {}
        for column in schema.with_role(Role.SEQUENCE):
            lists = as_lists(frame[column.name], column)
            lengths[column.name] = int(lists.list.len().to_numpy().max(initial=1))
            texts.setdefault(column.candidate or column.name, []).append(lists.explode())
        vocabularies = {
            table: Vocabulary.fit(pl.concat([s.alias("value") for s in parts]), min_count)
            for table, parts in texts.items()
        }
        return cls(schema, transforms, vocabularies, lengths)

    @property
    def layout(self) -> FieldLayout:
        """What a model must know of the fields."""
        sequences = tuple(
            SequenceField(c.name, c.candidate, self.sequence_lengths[c.name])
            for c in self.schema.with_role(Role.SEQUENCE)
        )
        return FieldLayout(
            tuple(c.name for c in self.schema.with_role(Role.NUMERIC)),
            tuple(c.name for c in self.schema.with_role(Role.CATEGORICAL)),
            sequences,
            {name: len(vocabulary) for name, vocabulary in self.vocabularies.items()},
        )

    def vocabulary_of(self, field: str) -> Vocabulary:
        """The vocabulary of a categorical or sequence field."""
        return self.vocabularies[self.layout.table_of(field)]

    def transform(self, frame: Frame, rows: np.ndarray | None = None) -> EncodedRows:
        """Encode ``frame`` (all of it, or only ``rows``); the label may be absent or missing, then it is NaN.

        Raises:
            InputError: if a column that the model reads is not there.
        """
        missing = [c.name for c in self.schema.fields if c.name not in frame.columns]
        if missing:
            raise InputError("The table lacks {names}, which the model was trained on.", names=join_names(missing))
        frame = frame if rows is None else ChosenRows(frame, rows)
        rows = np.arange(frame.height) if rows is None else rows
        layout = self.layout
        numeric = [
            self.transforms[name](as_number(frame[name]).to_numpy().astype(np.float64)) for name in layout.numeric
        ]
        categorical = [self.vocabularies[name].ids(as_text(frame[name])) for name in layout.categorical]
        return EncodedRows(
            _stack(numeric, len(rows), np.float32),
            _stack(categorical, len(rows), np.int32),
            {s.name: self._sequence(frame[s.name], s) for s in layout.sequences},
            label_array(frame, self.schema),
            rows.astype(np.int64),
            _group_ids(frame, self.schema.group),
            weight_array(frame, self.schema),
        )

    def _sequence(self, series: pl.Series, field: SequenceField) -> np.ndarray:
        """int32 (n, T), oldest first, PADDING after the last item."""
        lists = as_lists(series, self.schema.column(field.name)).list.tail(field.max_length)
        lengths = lists.list.len().to_numpy().astype(np.int64)
        padded = np.full((len(lists), field.max_length), PADDING, dtype=np.int32)
        items = lists.filter(lists.list.len() > 0).explode()
        if len(items):
            positions = np.arange(field.max_length)[None, :] < lengths[:, None]
            padded[positions] = self.vocabulary_of(field.name).ids(items)
        return padded

    def save(self, folder: Path) -> None:
        """Write data files only (JSON and Parquet), no pickle."""
        folder.mkdir(parents=True, exist_ok=True)
        described = {
            "schema": self.schema.to_json(),
            "quantiles": {name: t.quantiles.tolist() for name, t in self.transforms.items()},
            "sequence_lengths": self.sequence_lengths,
            "tables": list(self.vocabularies),
        }
        (folder / "encoder.json").write_text(json.dumps(described, ensure_ascii=False), encoding="utf-8")
        pl.concat(
            [
                pl.DataFrame(
                    {"table": [table] * len(v.values), "value": v.values, "count": v.counts},
                    schema={"table": pl.String, "value": pl.String, "count": pl.Int64},
                )
                for table, v in self.vocabularies.items()
            ]
            or [pl.DataFrame(schema={"table": pl.String, "value": pl.String, "count": pl.Int64})]
        ).write_parquet(folder / "vocabularies.parquet")

    @classmethod
    def load(cls, folder: Path) -> Encoder:
        """Read what ``save`` wrote."""
        described = json.loads((folder / "encoder.json").read_text(encoding="utf-8"))
        stored = pl.read_parquet(folder / "vocabularies.parquet")
        vocabularies = {}
        for table in described["tables"]:
            part = stored.filter(pl.col("table") == table)
            vocabularies[table] = Vocabulary(tuple(part["value"]), tuple(part["count"]))
        return cls(
            Schema.from_json(described["schema"]),
            {name: NumericTransform(np.array(q)) for name, q in described["quantiles"].items()},
            vocabularies,
            described["sequence_lengths"],
        )


def label_array(frame: Frame, schema: Schema) -> np.ndarray:
    """float32 (n,): 1 for a click, 0 otherwise, NaN where the label is missing or the column absent.

    Where the label holds the probability itself, that.

    Raises:
        InputError: if it should be a probability and is none; the sentence names the row.
    """
    if schema.label not in frame.columns:
        return np.full(frame.height, np.nan, dtype=np.float32)
    labels = frame[schema.label]
    if schema.positive is not None:
        labels = (as_text(labels) == value_text(schema.positive)).cast(pl.Float32)
        return labels.to_numpy().astype(np.float32)
    numbers = as_number(labels)
    is_wrong = as_text(labels).is_not_null() & ~numbers.is_between(0.0, 1.0).fill_null(False)
    _refuse_any(labels, is_wrong, "Label {name} must hold numbers from 0 to 1; row {row} has “{value}”.")
    return numbers.to_numpy().astype(np.float32)


def weight_array(frame: Frame, schema: Schema) -> np.ndarray | None:
    """float32 (n,): how much each row counts; None where the schema has no weight or the table lacks the column.

    Raises:
        InputError: if a weight is missing, no number, or not above 0; the sentence names the row.
    """
    if schema.weight is None or schema.weight not in frame.columns:
        return None
    numbers = as_number(frame[schema.weight]).cast(pl.Float32)
    is_wrong = ~((numbers > 0) & numbers.is_finite()).fill_null(False)
    template = "Weight {name} must be a number above 0 in each row; row {row} has “{value}”."
    _refuse_any(frame[schema.weight], is_wrong, template)
    return numbers.to_numpy().astype(np.float32)


def _refuse_any(series: pl.Series, is_wrong: pl.Series, template: str) -> None:
    """Raise InputError with the first row that is wrong, counted from 1, and what it holds."""
    if is_wrong.any():
        row = int(is_wrong.arg_max() or 0)
        value = as_text(series.slice(row, 1))[0]
        raise InputError(template, name=series.name, row=row + 1, value="nothing" if value is None else shorten(value))


def _group_ids(frame: Frame, group: str | None) -> np.ndarray | None:
    if group is None or group not in frame.columns:
        return None
    texts = as_text(frame[group])
    ids = texts.rank("dense").fill_null(0).to_numpy().astype(np.int64)
    is_missing = texts.is_null().to_numpy()
    ids[is_missing] = -1 - np.arange(is_missing.sum())
    return ids


def _stack(columns: list[np.ndarray], rows: int, dtype: type) -> np.ndarray:
    return np.stack(columns, axis=1) if columns else np.zeros((rows, 0), dtype=dtype)
