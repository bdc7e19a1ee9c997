"""Columns that give the label away, judged on rows that were held out."""

from __future__ import annotations

import numpy as np
import polars as pl

from .columns import as_number, as_text, is_list

LEAK_AUC = 0.995


def leaks_in(sample: pl.DataFrame, label: str, labels: np.ndarray) -> dict[str, float]:
    """The columns that alone tell the label almost perfectly, with the AUC that each reaches.

    Args:
        sample: rows of the table, drawn at random.
        labels: float (rows,), 1 for a click, 0 for none, NaN where the label is missing.
    """
    rows = np.flatnonzero(~np.isnan(labels))
    others = [name for name in sample.columns if name != label and not is_list(sample[name])]
    reached = {name: auc_alone(sample[name].gather(rows), labels[rows] > 0.5) for name in others}
    return {name: auc for name, auc in reached.items() if auc > LEAK_AUC}


def is_leak(series: pl.Series, labels: np.ndarray) -> bool:
    """Whether a column alone tells the label (bool, one per row) almost perfectly."""
    return auc_alone(series, labels) > LEAK_AUC


def auc_alone(series: pl.Series, labels: np.ndarray) -> float:
    """AUC of a column by itself: of its label rates by value, or of the column as a number, whichever is higher.

    The rates are taken on half of the rows and judged on the other. Halves are drawn at random: in a table that
    alternates clicks and others, every other row is all alike.
    """
    is_drawn = np.random.default_rng(0).permutation(len(labels)) % 2 == 0
    return max(_auc_of_rates(as_text(series), labels, is_drawn), _auc_of_numbers(as_number(series), labels))


def _auc_of_rates(texts: pl.Series, labels: np.ndarray, is_drawn: np.ndarray) -> float:
    """Values that the drawn half shows once or never share one rate: an id that only clicks have tells them too."""
    codes = texts.rank("dense").fill_null(0).to_numpy().astype(np.int64)
    drawn = codes[is_drawn]
    rows = np.bincount(drawn, minlength=codes.max(initial=0) + 1)
    clicks = np.bincount(drawn, weights=labels[is_drawn], minlength=len(rows))
    is_single = rows == 1
    rare = clicks[is_single].sum() / is_single.sum() if is_single.any() else labels.mean()
    rates = np.where(rows > 1, clicks / np.maximum(rows, 1), rare)
    return auc(rates[codes[~is_drawn]], labels[~is_drawn])


def _auc_of_numbers(numbers: pl.Series, labels: np.ndarray) -> float:
    """AUC of the numbers either way up, or 1/2 if half of them are missing."""
    present = numbers.is_not_null().to_numpy()
    if present.sum() <= len(labels) / 2:
        return 0.5
    found = auc(numbers.drop_nulls().to_numpy(), labels[present])
    return max(found, 1 - found)


def auc(scores: np.ndarray, labels: np.ndarray) -> float:
    """AUC of ``scores`` (n,) for labels bool (n,), or 1/2 where the labels are all alike."""
    clicks, others = int(labels.sum()), int((~labels).sum())
    if clicks * others == 0:
        return 0.5
    _, places, counts = np.unique(scores, return_inverse=True, return_counts=True)
    ranks = np.cumsum(counts) - (counts - 1) / 2  # of equal scores, the middle of their ranks
    return float((ranks[places][labels].sum() - clicks * (clicks + 1) / 2) / (clicks * others))
