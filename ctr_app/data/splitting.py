"""Cutting rows into train, valid and test: at random (stratified, seeded), in groups, or by time."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from .columns import as_text, as_time
from .copies import row_hashes
from .errors import InputError, shorten
from .labels import label_array
from .schema import Schema
from .tables import Frame

SPLITS = ("train", "valid", "test")
MIN_ROWS = 20
# The share of texts in the time column that may be no time: these rows count as the earliest.
MAX_UNREADABLE_TIMES = 0.1


@dataclass(frozen=True)
class SplitRule:
    """How rows are cut. Shares are of all rows, the rest is for training.

    ``method`` is "random", "time" or "files", or one that keeps some rows together at random: "group", those of one
    user, or "equal", those that are equal in every field and the label.
    """

    method: str = "random"
    valid_share: float = 0.1
    test_share: float = 0.1
    seed: int = 0


def split_table(
    frame: Frame, schema: Schema, rule: SplitRule, file_rows: tuple[int, int, int] | None = None
) -> dict[str, np.ndarray]:
    """Row numbers of each split, of the rows that have a label.

    Args:
        file_rows: how many rows came from a train, a valid and a test file, in this order, where files were given.

    Raises:
        InputError: if the table cannot be split so.
    """
    labels = label_array(frame, schema)
    labelled = np.flatnonzero(~np.isnan(labels))
    if file_rows is not None:
        return _given_split(file_rows, labels, labelled, rule)
    times = None
    if rule.method == "time" and schema.time:
        times = _times(frame[schema.time])[labelled]
    if rule.method in ("group", "equal"):
        parts = split_together(_keys(frame, schema, rule)[labelled], labels[labelled], rule)
        return {name: labelled[rows] for name, rows in parts.items()}
    return {name: labelled[rows] for name, rows in split_rows(labels[labelled], rule, times).items()}


def split_together(keys: np.ndarray, labels: np.ndarray, rule: SplitRule) -> dict[str, np.ndarray]:
    """As ``split_rows``, but all rows with the same key fall on the same side; ``keys`` int (n,).

    The shares are met as nearly as whole groups of rows allow, with one group at least where rows are asked for.
    """
    _check_enough(len(labels))
    _, numbers, counts = np.unique(keys, return_inverse=True, return_counts=True)
    order = np.random.default_rng(rule.seed).permutation(len(counts))
    ends = np.cumsum(counts[order])
    middles = ends - counts[order] / 2
    places = np.full(len(counts), SPLITS.index("train"))
    taken = 0
    for name, share in (("test", rule.test_share), ("valid", rule.valid_share)):
        start = ends[taken - 1] if taken else 0
        upto = max(taken + 1, int((middles < start + share * len(labels)).sum())) if share > 0 else taken
        places[order[taken:upto]] = SPLITS.index(name)
        taken = upto
    parts = {name: np.flatnonzero(places[numbers] == place) for place, name in enumerate(SPLITS)}
    parts = {name: rows for name, rows in parts.items() if name == "train" or len(rows)}
    for name, rows in parts.items():
        check_both_labels(labels[rows], name)
    return parts


def _keys(frame: Frame, schema: Schema, rule: SplitRule) -> np.ndarray:
    """uint64 (n,): the same number for rows that belong together; a row without a group is alone in its own."""
    if rule.method == "equal":
        return row_hashes(frame, [*(column.name for column in schema.fields), schema.label])
    if schema.group is None:
        raise InputError("To keep each user's rows together, say which column is the user with --group COL.")
    keys = row_hashes(frame, [schema.group])
    is_missing = as_text(frame[schema.group]).is_null().to_numpy()
    keys[is_missing] = np.arange(is_missing.sum(), dtype=np.uint64)
    return keys


def _check_enough(count: int) -> None:
    if count < MIN_ROWS:
        raise InputError(
            "The table has {count} rows with a label; training needs at least {needed}.", count=count, needed=MIN_ROWS
        )


def split_rows(labels: np.ndarray, rule: SplitRule, times: np.ndarray | None = None) -> dict[str, np.ndarray]:
    """Row numbers of each split, each ascending; together they are every row once.

    Args:
        labels: (n,), to keep the share of clicks, or of probabilities of at least 1/2, alike in each split.
        times: float (n,), for ``rule.method == "time"``; rows without a time count as the earliest.

    Raises:
        InputError: if there are too few rows, or if one split would hold one label or probability only.
    """
    _check_enough(len(labels))
    if rule.method == "time":
        if times is None:
            raise InputError("To split by time, say which column is the time with --time COL.")
        parts = _by_time(times, rule)
    else:
        parts = _stratified(labels, rule)
    for name, rows in parts.items():
        check_both_labels(labels[rows], name)
    return parts


def check_both_labels(labels: np.ndarray, split: str) -> None:
    """Raise InputError if the rows of a split are all clicks, all non-clicks, or none at all.

    Probabilities must not be all the same.
    """
    if len(labels) == 0 or (labels == labels[0]).all():
        words = {0.0: "no clicks", 1.0: "only clicks"}
        what = words.get(float(labels[0]), "one probability only") if len(labels) else "no rows"
        raise InputError(
            "The {split} part has {what} ({count} rows); clicks and non-clicks are both needed there.",
            split=split,
            what=what,
            count=len(labels),
        )


def _times(series: pl.Series) -> np.ndarray:
    """float64 (n,), NaN for missing; raises InputError if too many are no times."""
    times = as_time(series)
    unreadable = as_text(series).filter(times.is_null()).drop_nulls()
    if times.null_count() == len(times) or len(unreadable) > MAX_UNREADABLE_TIMES * len(times):
        raise InputError(
            "Column {name} cannot be read as a time in {count} of {rows} rows, such as “{value}”.",
            name=series.name,
            count=times.null_count(),
            rows=len(times),
            value=shorten(unreadable[0]) if len(unreadable) else "missing",
        )
    return times.to_numpy().astype(np.float64)


def _given_split(
    file_rows: tuple[int, int, int], labels: np.ndarray, labelled: np.ndarray, rule: SplitRule
) -> dict[str, np.ndarray]:
    """The splits that the files are; validation rows are drawn from the training file if no file gives them."""
    edges = np.cumsum((0, *file_rows))
    parts = {
        name: labelled[(labelled >= edges[i]) & (labelled < edges[i + 1])]
        for i, name in enumerate(SPLITS)
        if file_rows[i]
    }
    for name, rows in parts.items():
        check_both_labels(labels[rows], name)
    if "valid" not in parts:
        drawn = split_rows(labels[parts["train"]], replace(rule, method="random", test_share=0.0))
        parts |= {name: parts["train"][rows] for name, rows in drawn.items()}
    return {name: parts[name] for name in SPLITS if name in parts}


def _stratified(labels: np.ndarray, rule: SplitRule) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(rule.seed)
    places = np.full(len(labels), SPLITS.index("train"), np.int8)
    for label in (False, True):
        rows = generator.permutation(np.flatnonzero((labels >= 0.5) == label))
        valid = _at_least_one(rule.valid_share, len(rows))
        test = _at_least_one(rule.test_share, len(rows))
        places[rows[:valid]] = SPLITS.index("valid")
        places[rows[valid : valid + test]] = SPLITS.index("test")
    parts = {name: np.flatnonzero(places == place) for place, name in enumerate(SPLITS)}
    return {name: rows for name, rows in parts.items() if len(rows)}


def _at_least_one(share: float, count: int) -> int:
    return max(1, round(share * count)) if share > 0 and count >= 3 else 0


def _by_time(times: np.ndarray, rule: SplitRule) -> dict[str, np.ndarray]:
    order = np.argsort(np.nan_to_num(times, nan=-np.inf), kind="stable")
    test = round(rule.test_share * len(times))
    valid = round(rule.valid_share * len(times))
    train = len(times) - valid - test
    parts = {"train": order[:train], "valid": order[train : train + valid], "test": order[train + valid :]}
    return {name: np.sort(rows) for name, rows in parts.items() if len(rows)}
