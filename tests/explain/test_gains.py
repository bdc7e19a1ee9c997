"""Gains of one model over another on the same rows, against the definitions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctr_app.explain.gains import Rows, auc_by_row, gain_in_auc, gain_in_logloss, logloss_by_row


def drawn(rows: int, seed: int, of: int = 2) -> tuple[np.ndarray, list[np.ndarray]]:
    """Labels with both kinds, and logits of some models with ties among them."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(0, 2, rows).astype(float)
    labels[:2] = 0, 1
    return labels, [np.round(labels + generator.normal(0, 1.5, rows), 1) for _ in range(of)]


def delong(labels: np.ndarray, before: np.ndarray, after: np.ndarray) -> float:
    """Variance of the difference of two AUCs, by the sums over all pairs of DeLong et al. (1988)."""
    wins = []
    for logits in (before, after):
        clicks, others = logits[labels == 1], logits[labels == 0]
        wins.append((clicks[:, None] > others) + 0.5 * (clicks[:, None] == others))
    won = wins[1] - wins[0]
    by_click, by_other = won.mean(axis=1), won.mean(axis=0)
    return by_click.var(ddof=1) / len(by_click) + by_other.var(ddof=1) / len(by_other)


@given(st.integers(20, 60), st.integers(0, 10**6))
def test_the_error_of_a_gain_in_auc_is_that_of_delong_but_for_small_samples(rows: int, seed: int) -> None:
    labels, (before, after) = drawn(rows, seed)
    clicks = int(labels.sum())
    gain = gain_in_auc(Rows(labels), [before], [after])
    smaller, larger = sorted((clicks, rows - clicks))
    variance = delong(labels, before, after)
    if smaller > 1 and variance > 1e-12:
        assert (smaller - 1) / smaller - 1e-9 <= gain.error**2 / variance <= (larger - 1) / larger + 1e-9


@given(st.integers(2, 40), st.integers(0, 10**6))
def test_a_row_of_weight_two_counts_like_two_rows_and_half_a_click_like_both(rows: int, seed: int) -> None:
    labels, (logits,) = drawn(rows, seed, 1)
    weights = np.random.default_rng(seed).integers(1, 3, rows)
    several = np.repeat(np.arange(rows), weights)
    for by_row in (auc_by_row, logloss_by_row):
        once = by_row(Rows(labels, weights.astype(float)), logits)
        assert np.bincount(several, by_row(Rows(labels[several]), logits[several])) == pytest.approx(once)
        halves = by_row(Rows(np.full(rows, 0.5)), logits)
        both = by_row(Rows(np.repeat([1.0, 0.0], rows), np.full(2 * rows, 0.5)), np.tile(logits, 2))
        assert both.reshape(2, rows).sum(axis=0) == pytest.approx(halves, abs=1e-12)


def test_what_rows_bring_adds_up_to_nothing_and_a_worse_model_has_a_gain_below_zero() -> None:
    labels, (noisy,) = drawn(200, 1, 1)
    better = noisy + 3 * labels
    rows = Rows(labels)
    assert auc_by_row(rows, noisy).sum() == pytest.approx(0, abs=1e-12)
    assert logloss_by_row(rows, noisy).sum() == pytest.approx(0, abs=1e-12)
    for measure in (gain_in_auc, gain_in_logloss):
        gain, loss = measure(rows, [noisy], [better]), measure(rows, [better], [noisy])
        assert gain.value == pytest.approx(-loss.value)
        assert gain.is_clear
        assert loss.is_clear
        assert gain.low > 0 > loss.high
        assert not measure(rows, [noisy], [noisy]).is_clear


def test_the_interval_holds_the_true_gain_about_as_often_as_it_says() -> None:
    generator = np.random.default_rng(5)
    held = 0
    for _ in range(300):
        labels = generator.integers(0, 2, 400).astype(float)
        before, after = (labels + generator.normal(0, 1, 400) for _ in range(2))  # equally good
        gain = gain_in_auc(Rows(labels), [before], [after])
        held += gain.low <= 0 <= gain.high
    assert 270 <= held <= 297  # 285 expected; three standard errors are 11


def test_rows_of_one_group_are_one_draw_and_seeds_that_disagree_widen_the_interval() -> None:
    labels, (before, after) = drawn(100, 3)
    alone = gain_in_auc(Rows(labels), [before], [after])
    copies = np.tile(np.arange(100), 4)
    as_if_new = gain_in_auc(Rows(labels[copies]), [before[copies]], [after[copies]])
    grouped = gain_in_auc(Rows(labels[copies], group_ids=copies), [before[copies]], [after[copies]])
    assert as_if_new.error == pytest.approx(alone.error / 2)
    assert grouped.error == pytest.approx(alone.error)
    again = gain_in_auc(Rows(labels), [before] * 3, [after] * 3)
    assert again.error == pytest.approx(alone.error)
    disagree = gain_in_auc(Rows(labels), [before] * 3, [after, before, after])
    assert disagree.high - disagree.low > again.high - again.low
