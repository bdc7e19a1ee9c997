"""Two fields taken as one: each combination of their values is a value of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from ..data.arrays import EncodedRows
from ..data.batch import Batch, FieldLayout
from ..data.dataset import as_batch
from ..data.encoding import Encoder
from ..data.errors import InputError, join_names
from ..data.vocabulary import NUM_SPECIAL, SPECIAL_NAMES, UNKNOWN
from .bins import Bins, range_labels
from .codes import field_values

MOST_PAIRS = 10
EMPTY = "(empty)"

Pair = tuple[str, str]


@dataclass(frozen=True)
class Coding:
    """One field as a code in each row: ``read`` gives codes 0..size-1, int (n,), ``label`` what a code stands for."""

    field: str
    size: int
    read: Callable[[EncodedRows], np.ndarray]
    label: Callable[[int], str]


@dataclass(frozen=True)
class Cross:
    """Two fields as one categorical field, by the rules of every vocabulary.

    ``keys`` int64 (V,) are the combinations that training showed often enough, ascending, and ``ids`` int32 (V,) their
    ids, most frequent first, from 3 on; all others are UNKNOWN. A key is a's code times the number of b's plus b's.
    """

    name: str
    a: Coding
    b: Coding
    keys: np.ndarray
    ids: np.ndarray

    @property
    def pair(self) -> Pair:
        """The names of its two fields."""
        return self.a.field, self.b.field

    def __len__(self) -> int:
        return len(self.keys) + NUM_SPECIAL

    def __call__(self, rows: EncodedRows) -> np.ndarray:
        """The id of each row's combination, int32 (n,)."""
        keys = _keys(self.a, self.b, rows)
        if not len(self.keys):
            return np.full(len(keys), UNKNOWN, dtype=np.int32)
        places = np.minimum(np.searchsorted(self.keys, keys), len(self.keys) - 1)
        return np.where(self.keys[places] == keys, self.ids[places], UNKNOWN).astype(np.int32)

    def labels(self) -> list[str]:
        """What each id stands for, in the order of the ids: ``a's value × b's value``."""
        firsts, seconds = np.divmod(self.keys[np.argsort(self.ids)], self.b.size)
        pairs = zip(_labels(self.a, firsts), _labels(self.b, seconds), strict=True)
        return [*(SPECIAL_NAMES[special] for special in range(NUM_SPECIAL)), *(f"{a} × {b}" for a, b in pairs)]


def check_pairs(layout: FieldLayout, pairs: Sequence[Sequence[str]]) -> list[Pair]:
    """The pairs with their fields in the order of the layout, each once.

    Raises:
        InputError: for no pair or more than ten, for a field that the run does not have, or one field twice.
    """
    names = layout.field_names
    for pair in pairs:
        for field in pair:
            if field not in names:
                raise InputError("This run has no field {field}; it has {known}.", field=field, known=join_names(names))
        if len(set(pair)) != 2:
            raise InputError("A pair has two different fields, not {field} twice.", field=pair[0])
    ordered = [tuple(sorted(pair, key=names.index)) for pair in pairs]
    chosen = [(a, b) for a, b in dict.fromkeys(ordered)]
    if not 1 <= len(chosen) <= MOST_PAIRS:
        raise InputError("Choose between 1 and {most} pairs, not {count}.", most=MOST_PAIRS, count=len(chosen))
    return chosen


def fit_crosses(encoder: Encoder, train: EncodedRows, pairs: Sequence[Pair], min_count: int) -> list[Cross]:
    """Learn from the training rows which combinations there are; rarer ones than ``min_count`` will be UNKNOWN."""
    codings = {field: coding_of(encoder, train, field) for pair in pairs for field in pair}
    taken = set(encoder.layout.field_names)
    crosses = []
    for a, b in pairs:
        name = f"{a} × {b}"
        while name in taken:
            name += " ×"
        taken.add(name)
        keys, counts = np.unique(_keys(codings[a], codings[b], train), return_counts=True)
        keys, counts = keys[counts >= min_count], counts[counts >= min_count]
        ranks = np.empty(len(keys), dtype=np.int32)
        ranks[np.argsort(-counts, kind="stable")] = np.arange(len(keys), dtype=np.int32)
        crosses.append(Cross(name, codings[a], codings[b], keys, ranks + NUM_SPECIAL))
    return crosses


def coding_of(encoder: Encoder, train: EncodedRows, field: str) -> Coding:
    """A numeric field by its quantile bins in the training rows, a history by its last item, a value by itself."""
    layout = encoder.layout
    if field in layout.numeric:
        return _binned(encoder, train, field)
    vocabulary, size = encoder.vocabulary_of(field), layout.vocabulary_sizes[layout.table_of(field)]
    return Coding(
        field,
        size,
        lambda rows: field_values(layout, rows, field),
        lambda value_id: vocabulary.name(value_id) if value_id else EMPTY,
    )


def crossed_rows(layout: FieldLayout, rows: EncodedRows, crosses: Sequence[Cross]) -> tuple[FieldLayout, Batch]:
    """The rows with the crosses as further categorical fields, and the layout that says so."""
    batch = as_batch(rows)
    columns = np.stack([cross(rows) for cross in crosses], axis=1) if crosses else np.zeros((len(rows), 0), np.int32)
    categorical = torch.cat([batch.categorical, torch.from_numpy(columns)], dim=1)
    sizes = layout.vocabulary_sizes | {cross.name: len(cross) for cross in crosses}
    names = layout.categorical + tuple(cross.name for cross in crosses)
    return replace(layout, categorical=names, vocabulary_sizes=sizes), replace(batch, categorical=categorical)


def bins_alone(crosses: Sequence[Cross], encoder: Encoder, train: EncodedRows) -> list[Cross]:
    """The bins of each numeric field that is crossed, as a field of their own: a cross with a field of one value.

    A model that is to show what the crosses add needs them too, or else the crosses would also be credited with the
    shape of the curve that one number alone follows.
    """
    numeric = dict.fromkeys(
        c.field for cross in crosses for c in (cross.a, cross.b) if c.field in encoder.layout.numeric
    )
    alone = []
    for field in numeric:
        coding = coding_of(encoder, train, field)
        keys = np.arange(coding.size, dtype=np.int64)
        one = Coding("", 1, lambda rows: np.zeros(len(rows), dtype=np.int64), lambda _: "")
        alone.append(Cross(f"{field} (bins)", coding, one, keys, keys.astype(np.int32) + NUM_SPECIAL))
    return alone


def _binned(encoder: Encoder, train: EncodedRows, field: str) -> Coding:
    layout, inverse = encoder.layout, encoder.transforms[field].inverse
    numbers = field_values(layout, train, field)
    bins = Bins.fit(numbers)
    codes = bins(numbers)
    members = [numbers[codes == code] for code in range(len(bins))]
    lows, highs = (inverse(np.array([end(part) for part in members])) for end in (np.min, np.max))
    labels = range_labels(lows, highs)
    return Coding(field, len(bins), lambda rows: bins(field_values(layout, rows, field)), labels.__getitem__)


def _labels(coding: Coding, codes: np.ndarray) -> list[str]:
    by_code = {code: coding.label(code) for code in np.unique(codes).tolist()}
    return [by_code[code] for code in codes.tolist()]


def _keys(a: Coding, b: Coding, rows: EncodedRows) -> np.ndarray:
    keys: np.ndarray = a.read(rows).astype(np.int64) * b.size + b.read(rows)
    return keys
