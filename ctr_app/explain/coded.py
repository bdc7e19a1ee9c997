"""One field of many rows as codes, whatever its kind: its values, what they are called, and which rows have them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import polars as pl
import torch
from torch import Tensor

from ..data.batch import Batch
from ..data.encoding import Encoder
from ..data.errors import InputError, join_names, shorten
from ..data.transforms import NumericTransform
from ..data.vocabulary import NUM_SPECIAL, SPECIAL_NAMES, Vocabulary
from .bins import quantile_bins, range_labels

BLOCK_ROWS = 2**16
Names = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class CodedField:
    """One field of n rows. The codes of a categorical or sequence field are ids, those of a numeric field its bins.

    ``codes`` int (n, T) are a row's values (T = 1 but for a history, which 0 fills up); ``values`` (V,) are the texts
    that codes stand for, ``names`` (V,) what a person reads, no two alike, and ``inputs`` (V,) what a model reads: ids,
    or the medians of bins. ``weights`` float64 (n,) say how much each row counts. ``numbers`` (n,) are what a model
    reads of the rows of a numeric field.
    """

    name: str
    is_numeric: bool
    codes: np.ndarray
    values: pl.Series
    names: pl.Series
    inputs: Tensor
    weights: np.ndarray
    numbers: Tensor | None = None

    def __len__(self) -> int:
        return len(self.values)

    @cached_property
    def counts(self) -> np.ndarray:
        """How many rows have each value, int64 (V,)."""
        return self._totals(_ones(len(self.codes)), first_in_row).astype(np.int64)

    @cached_property
    def shares(self) -> np.ndarray:
        """The sum of the weights of the rows that have each value, float64 (V,)."""
        return self._totals(self.weights, first_in_row)

    @cached_property
    def presence(self) -> np.ndarray:
        """The part that each value is of a row in the mean, float64 (V,): an item of a history of T is 1/T of it."""
        lengths = np.concatenate([(codes > 0).sum(axis=1) for _, codes in self.blocks()])
        weights = self.weights / np.maximum(lengths, 1)
        return self._totals(weights, lambda codes: np.ones(codes.shape, dtype=bool)) / self.weights.sum()

    def choose(self, count: int, more: Sequence[int] = ()) -> Chosen:
        """The ``count`` most frequent values, or of a numeric field all in their order; then the codes ``more``."""
        every = np.arange(len(self))
        common = every if self.is_numeric else self._most_frequent(every)[:count]
        added = [code for code in dict.fromkeys(more) if code not in common]
        shares = np.concatenate([self.shares[common], np.zeros(len(added))])
        return Chosen(self, np.concatenate([common, np.array(added, dtype=np.int64)]), shares)

    def at_least(self, min_count: int) -> Chosen:
        """The values that at least ``min_count`` rows have, one or more."""
        codes = np.flatnonzero(self.counts >= max(1, min_count))
        return Chosen(self, codes, self.shares[codes])

    def only(self, code: int) -> Chosen:
        """One value."""
        return Chosen(self, np.array([code]), self.shares[[code]])

    def with_value(self, text: str) -> Chosen:
        """The value, or else the value of that name; raises InputError if no row has it."""
        code = self.code_of(text)
        if code is None:
            raise InputError(
                "Field {field} has no value “{text}” in the training rows, or too few of them have it.",
                field=self.name,
                text=shorten(text),
            )
        return self.only(code)

    def code_of(self, text: str) -> int | None:
        """The code of the value, or else of the name, that is ``text``; None if no row has it."""
        for known in (self.values, self.names):
            found = (known == text).arg_true().to_numpy()
            if (self.counts[found] > 0).any():
                return int(found[self.counts[found] > 0][0])
        return None

    def search(self, text: str) -> np.ndarray:
        """The codes whose value or name holds ``text``, in any case; most frequent first, those that rows have."""
        hits = [
            known.str.to_lowercase().str.contains(text.lower(), literal=True) for known in (self.values, self.names)
        ]
        return self._most_frequent((hits[0] | hits[1]).arg_true().to_numpy())

    def blocks(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Rows and their codes, a block at a time, so that not all of a mapped file is in memory."""
        for start in range(0, len(self.codes), BLOCK_ROWS):
            rows = slice(start, start + BLOCK_ROWS)
            yield rows, np.asarray(self.codes[rows])

    def _totals(self, weights: np.ndarray, which: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
        """For each value the sum of its rows' weights (n,), float64 (V,); ``which`` says which codes (b, T) count."""
        totals = np.zeros(len(self))
        for rows, codes in self.blocks():
            is_counted = which(codes)
            of_codes = np.broadcast_to(weights[rows, None], codes.shape)
            totals += np.bincount(codes[is_counted], weights=of_codes[is_counted], minlength=len(self))
        if not self.is_numeric:
            totals[0] = 0.0
        return totals

    def _most_frequent(self, codes: np.ndarray) -> np.ndarray:
        shown = codes[self.counts[codes] > 0]
        return shown[np.argsort(-self.counts[shown], kind="stable")]


@dataclass(frozen=True)
class Chosen:
    """K values of a field: ``codes`` int64 (K,), and ``shares`` float64 (K,), which weigh the common ones alone."""

    field: CodedField
    codes: np.ndarray
    shares: np.ndarray

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def inputs(self) -> Tensor:
        """What a model reads for each, (K,)."""
        return self.field.inputs[torch.from_numpy(self.codes)]

    def places(self, rows: slice) -> np.ndarray:
        """Where each value of these rows stands among the chosen ones, int64 (rows, T); K if it does not."""
        return self._places[self.field.codes[rows]]

    @cached_property
    def _places(self) -> np.ndarray:
        places = np.full(len(self.field), len(self))
        places[self.codes] = np.arange(len(self))
        return places


def coded_field(encoder: Encoder, batch: Batch, name: str, names: Names | None = None) -> CodedField:
    """A field of the rows of ``batch``.

    Args:
        names: readable names of values by field; those of a candidate are its histories' too.

    Raises:
        InputError: for a field that the run does not have, or a batch without rows.
    """
    layout = encoder.layout
    if name not in layout.field_names:
        raise InputError(
            "This run has no field {field}; it has {known}.", field=name, known=join_names(layout.field_names)
        )
    if len(batch) == 0:
        raise InputError("There are no rows to take the values of {field} from.", field=name)
    weights = _ones(len(batch)) if batch.weights is None else batch.weights.double().numpy()
    if name in layout.numeric:
        numbers = batch.numeric[:, layout.numeric.index(name)]
        return _binned(name, numbers, encoder.transforms[name], weights)
    is_single = name in layout.categorical
    ids = batch.categorical[:, [layout.categorical.index(name)]] if is_single else batch.sequences[name]
    table = layout.table_of(name)
    values = _values(encoder.vocabulary_of(name))
    known = names_of(names or {}, table, name)
    readable = _readable(table, values, known) if known else values
    return CodedField(name, False, ids.numpy(), values, readable, torch.arange(len(values)), weights)


def names_of(names: Names, table: str, field: str) -> dict[str, str]:
    """Value -> name for a field that is encoded with the vocabulary ``table``: its own, or else the vocabulary's."""
    return {**names.get(table, {}), **names.get(field, {})}


def first_in_row(codes: np.ndarray) -> np.ndarray:
    """Which of codes (b, T) are the first of their kind in their row, bool (b, T)."""
    if codes.shape[1] == 1:
        return np.ones(codes.shape, dtype=bool)
    order = np.argsort(codes, axis=1, kind="stable")
    ordered = np.take_along_axis(codes, order, axis=1)
    is_first = np.ones(codes.shape, dtype=bool)
    np.put_along_axis(is_first, order[:, 1:], ordered[:, 1:] != ordered[:, :-1], axis=1)
    return is_first


def _binned(name: str, read: Tensor, transform: NumericTransform, weights: np.ndarray) -> CodedField:
    """Quantile bins of encoded numbers (n,), called by the lowest and highest original number in each."""
    numbers = read.numpy()
    codes = quantile_bins(numbers).astype(np.int8)
    members = np.split(numbers[np.argsort(codes, kind="stable")], np.cumsum(np.bincount(codes))[:-1])
    lows, highs = (transform.inverse(np.array([end(part) for part in members])) for end in (np.min, np.max))
    labels = pl.Series(range_labels(lows, highs))
    medians = torch.tensor([float(np.median(part)) for part in members])
    return CodedField(name, True, codes[:, None], labels, labels, medians, weights, read)


def _ones(count: int) -> np.ndarray:
    """1.0 for each row, without the memory."""
    return np.broadcast_to(1.0, count)


def _values(vocabulary: Vocabulary) -> pl.Series:
    special = pl.Series([SPECIAL_NAMES[i] for i in range(NUM_SPECIAL)])
    return pl.concat([special, vocabulary.texts.rename("")])


def _readable(table: str, values: pl.Series, known: Mapping[str, str]) -> pl.Series:
    """The names of values: a name that several have is told apart by the value; one without has its field's."""
    is_special = pl.Series(np.arange(len(values)) < NUM_SPECIAL)
    named = values.replace_strict(list(known), list(known.values()), default=None, return_dtype=pl.String)
    names = values.zip_with(is_special, named.fill_null(pl.Series([f"{table} "]) + values))
    return (names + " (" + values + ")").zip_with(names.is_duplicated(), names)
