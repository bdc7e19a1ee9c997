"""What the data of one column look like, counted over all of its rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from .columns import UNKNOWN_WORDS, as_number, as_text, has_thousands, is_list

MOST_VALUES = 50
NUM_BINS = 16
# Above it, whole numbers have no place of their own in a float.
LARGEST_EXACT = 2**53 - 1
NUM_EXAMPLES, EXAMPLE_ROWS = 3, 1000
HASHED_ROWS = 50_000
NUMERIC_SHARE = 0.98


@dataclass(frozen=True)
class Facts:
    """Counts over one column.

    ``number_share`` and ``unknown_share`` are shares of the cells that are not missing: of those that are numbers,
    and of those that say in a word that nothing is known. ``top`` are the most frequent values with their rows,
    ``occurrences`` how many values occur how often, ``bins`` the rows by number, from ``low`` to ``high``;
    ``least``, ``greatest`` and ``mean`` are of all numbers.
    """

    rows: int
    distinct: int
    missing_share: float
    examples: tuple[str, ...]
    number_share: float
    is_integer: bool
    unknown_share: float = 0.0
    unknown: tuple[str, ...] = ()
    top: tuple[tuple[str, int], ...] = ()
    occurrences: tuple[tuple[int, int], ...] = ()
    bins: tuple[int, ...] = ()
    low: float = 0.0
    high: float = 0.0
    least: float = 0.0
    greatest: float = 0.0
    mean: float = 0.0
    is_huge: bool = False
    infinite: int = 0
    with_thousands: int = 0
    is_running: bool = False
    distinct_numbers: int = 0

    @property
    def present(self) -> int:
        """The number of rows that have a value."""
        return sum(times * values for times, values in self.occurrences)

    @property
    def is_own(self) -> bool:
        """Whether nearly every row has a value of its own."""
        return self.rows > 100 and self.distinct > 0.9 * self.rows

    @property
    def is_probability(self) -> bool:
        """Whether all that is present are numbers from 0 to 1, and not only these two."""
        return self.number_share == 1 and self.least >= 0 and self.greatest <= 1 and not self.is_integer

    @property
    def is_numeric(self) -> bool:
        """Whether nearly all that is present is a number, or a word for not knowing it."""
        return self.number_share > 0.5 and self.number_share + self.unknown_share > NUMERIC_SHARE

    def rarer_than(self, min_count: int) -> float:
        """The share of all rows whose value occurs fewer than ``min_count`` times."""
        return sum(times * values for times, values in self.occurrences if times < min_count) / max(1, self.rows)


def facts_of(series: pl.Series) -> Facts:
    """Count what can be counted in one column; the work is done once per value, not per row."""
    if is_list(series):
        return _facts_of_lists(series)
    texts = as_text(series)
    counted = texts.alias("value").drop_nulls().value_counts()
    return _facts_of_values(counted["value"], counted["count"].to_numpy(), len(series), _examples(texts))


def facts_of_texts(values: pl.Series, codes: np.ndarray) -> Facts:
    """The same of a column of texts: its values (V,), all different, and for each row its place in them, int (n,)."""
    counts = np.bincount(codes, minlength=len(values))
    is_shown = (counts > 0) & values.is_not_null().to_numpy()
    examples = _examples(values.gather(codes[:EXAMPLE_ROWS]))
    if len(examples) < min(NUM_EXAMPLES, int(is_shown.sum())):
        examples = _examples(values.gather(codes))
    return _facts_of_values(values.filter(pl.Series(is_shown)), counts[is_shown], len(codes), examples)


def _facts_of_values(values: pl.Series, counts: np.ndarray, rows: int, examples: tuple[str, ...]) -> Facts:
    """Facts of different texts that occur ``counts`` times each in so many rows."""
    counts = counts.astype(np.int64)
    present = int(counts.sum())
    numbers = as_number(values)
    is_number = numbers.is_not_null().to_numpy() if len(numbers) else np.zeros(len(values), dtype=bool)
    found = numbers.drop_nulls().to_numpy()
    unknown = _unknown(values, counts, present)
    low, high, bins = histogram(found, counts[is_number])
    return Facts(
        rows,
        len(values),
        1 - present / max(1, rows),
        examples,
        _share(counts[is_number], present),
        bool(len(found)) and bool((found == np.floor(found)).all()),
        sum(unknown.values()) / max(1, present),
        tuple(unknown),
        _top(values, counts),
        _occurrences(counts),
        bins,
        low,
        high,
        float(found.min()) if len(found) else 0.0,
        float(found.max()) if len(found) else 0.0,
        _mean(found, counts[is_number]),
        bool(len(found)) and bool(np.abs(found).max() > LARGEST_EXACT),
        _infinite(values, counts, is_number),
        int(counts[has_thousands(values).to_numpy().astype(bool)].sum()) if is_number.any() else 0,
        _is_running(found, rows),
        int(is_number.sum()),
    )


def _mean(numbers: np.ndarray, counts: np.ndarray) -> float:
    """Mean of numbers that occur so often, 0 of none; codes such as ``1234e305`` are numbers near the largest."""
    return float(numbers @ (counts / counts.sum())) if len(numbers) else 0.0


def _facts_of_lists(series: pl.Series) -> Facts:
    """The same of a column of lists, told apart by their hashes: as text they may be larger than the table."""
    rows = pl.DataFrame({"hash": cell_hashes(series), "row": np.arange(len(series))}).filter(series.is_not_null())
    counted = rows.group_by("hash", maintain_order=True).agg(pl.col("row").first(), rows=pl.len())
    counts = counted["rows"].to_numpy().astype(np.int64)
    best = counted.top_k(min(MOST_VALUES, counted.height), by="rows")
    return Facts(
        len(series),
        counted.height,
        1 - rows.height / max(1, len(series)),
        _examples(as_text(series.head(EXAMPLE_ROWS))),
        number_share=0.0,
        is_integer=False,
        top=_top(as_text(series.gather(best["row"])), best["rows"].to_numpy().astype(np.int64)),
        occurrences=_occurrences(counts),
    )


def cell_hashes(series: pl.Series) -> np.ndarray:
    """uint64 (n,): of each cell as it reads, of a list as it is; some rows at a time, as hashing lists takes room."""
    if not is_list(series):
        return as_text(series).hash(0).to_numpy()
    starts = range(0, max(1, len(series)), HASHED_ROWS)
    return np.concatenate([series.slice(start, HASHED_ROWS).hash(0).to_numpy() for start in starts])


def histogram(numbers: np.ndarray, counts: np.ndarray) -> tuple[float, float, tuple[int, ...]]:
    """Least, largest and rows by bin of ``numbers`` float (n,) that occur ``counts`` times each.

    Bins have equal widths between the 1 % and the 99 % quantile; the first and the last hold the rest.
    """
    if len(numbers) == 0:
        return 0.0, 0.0, ()
    low, high = weighted_quantiles(numbers, counts, (0.01, 0.99))
    if low == high:
        low, high = float(numbers.min()), float(numbers.max())
    width = (high - low) / NUM_BINS or 1.0
    places = np.clip(np.floor((numbers - low) / width), 0, NUM_BINS - 1).astype(np.int64)
    bins = np.bincount(places, weights=counts, minlength=NUM_BINS)
    return low, high, tuple(int(rows) for rows in bins)


def weighted_quantiles(numbers: np.ndarray, counts: np.ndarray, shares: tuple[float, ...]) -> list[float]:
    """The least numbers at or below which these shares of the rows lie."""
    order = np.argsort(numbers)
    reached = np.cumsum(counts[order])
    places = np.searchsorted(reached, np.array(shares) * reached[-1])
    return [float(numbers[order[min(place, len(order) - 1)]]) for place in places]


def _share(counts: np.ndarray, of: int) -> float:
    return float(counts.sum() / of) if of else 0.0


def _examples(texts: pl.Series) -> tuple[str, ...]:
    """The first few values that differ; looked for among the first rows, then among all."""
    for rows in (texts.head(EXAMPLE_ROWS), texts):
        found = rows.drop_nulls().unique(maintain_order=True).head(NUM_EXAMPLES)
        if len(found) == NUM_EXAMPLES:
            break
    return tuple(found)


def _unknown(values: pl.Series, counts: np.ndarray, present: int) -> dict[str, int]:
    """The values that say in a word that nothing is known, with their rows; not where no row says anything else."""
    says_nothing = values.str.to_lowercase().is_in(list(UNKNOWN_WORDS)).to_numpy().astype(bool)
    found = dict(zip(values.filter(pl.Series(says_nothing)), counts[says_nothing].tolist(), strict=True))
    return found if sum(found.values()) < present else {}


def _top(values: pl.Series, counts: np.ndarray) -> tuple[tuple[str, int], ...]:
    table = pl.DataFrame({"value": values, "rows": counts})
    best = table.top_k(min(MOST_VALUES, table.height), by=["rows", "value"], reverse=[False, True])
    return tuple(best.sort(["rows", "value"], descending=[True, False]).iter_rows())


def _occurrences(counts: np.ndarray) -> tuple[tuple[int, int], ...]:
    times, values = np.unique(counts, return_counts=True)
    return tuple(zip(times.tolist(), values.tolist(), strict=True))


def _infinite(values: pl.Series, counts: np.ndarray, is_number: np.ndarray) -> int:
    """The rows of a column of numbers that are infinite."""
    if not is_number.any() or is_number.all():
        return 0
    is_infinite = values.cast(pl.Float64, strict=False).is_infinite().fill_null(False).to_numpy().astype(bool)
    return int(counts[is_infinite].sum())


def _is_running(numbers: np.ndarray, rows: int) -> bool:
    """Whether these numbers count the rows: each once, without a gap."""
    return len(numbers) == rows > 1 and bool(numbers.max() - numbers.min() == rows - 1)
