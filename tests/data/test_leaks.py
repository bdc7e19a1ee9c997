"""Columns that give the label away, as they occur in well-known tables."""

from __future__ import annotations

from datetime import datetime, timedelta

import numpy as np
import polars as pl

from ctr_app.data.leaks import auc, auc_alone, is_leak, leaks_in

ROWS = 2000
RANDOM = np.random.default_rng(0)
LABELS = RANDOM.random(ROWS) < 0.2


def times_of(labels: np.ndarray) -> pl.Series:
    """A time of its own for each click, and none for the others, as attributed_time has it."""
    start = datetime(2017, 11, 7)
    return pl.Series([start + timedelta(seconds=37 * i) if label else None for i, label in enumerate(labels)])


def test_the_time_of_a_conversion_that_only_clicks_have_is_a_leak_as_a_date_and_as_text():
    times = times_of(LABELS)
    assert is_leak(times, LABELS)
    assert is_leak(times.cast(pl.String), LABELS)


def test_the_score_of_another_model_that_saw_the_label_is_a_leak_either_way_up():
    noise = RANDOM.random(ROWS) * 1e-3
    bayes = np.where(LABELS, 0.999 - noise, noise)
    assert is_leak(pl.Series(bayes), LABELS)
    assert is_leak(pl.Series(1 - bayes), LABELS)


def test_an_id_of_its_own_in_each_row_tells_nothing():
    assert auc_alone(pl.Series([f"row {i}" for i in range(ROWS)]), LABELS) < 0.7


def test_a_strong_honest_field_is_no_leak():
    honest = np.where(RANDOM.random(ROWS) < 0.9, LABELS, ~LABELS)
    assert not is_leak(pl.Series(honest), LABELS)


def test_leaks_are_found_in_a_sample_by_rows_that_have_a_label_and_lists_are_left_alone():
    labels = LABELS.astype(np.float64)
    labels[:100] = np.nan
    sample = pl.DataFrame(
        {
            "click": labels,
            "alive": ["yes" if label else "no" for label in LABELS],
            "x": RANDOM.random(ROWS),
            "seen": [["a"] if label else ["b"] for label in LABELS],
        }
    )
    found = leaks_in(sample, "click", labels)
    assert list(found) == ["alive"]
    assert found["alive"] == 1.0


def test_auc_is_the_share_of_pairs_in_the_right_order():
    scores, labels = np.array([0.1, 0.4, 0.4, 0.8]), np.array([False, True, False, True])
    pairs = [(s > t) + 0.5 * (s == t) for s in scores[labels] for t in scores[~labels]]
    assert auc(scores, labels) == np.mean(pairs)
    assert auc(scores, np.ones(4, dtype=bool)) == 0.5
