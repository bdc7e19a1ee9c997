"""Metrics with intervals, curves, slices and importance against scikit-learn and slow, obvious versions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as reference

from ctr_app.data.arrays import EncodedRows
from ctr_app.explain.curves import calibration, gains, histogram, precision_recall, roc
from ctr_app.explain.evaluation import groups_of, metrics_of
from ctr_app.explain.scored import Scored
from ctr_app.training.metrics import sigmoid


def scored(labels: np.ndarray, logits: np.ndarray, **more: np.ndarray | None) -> Scored:
    n = len(labels)
    none = np.zeros((n, 0), np.float32)
    rows = EncodedRows(none, none.astype(np.int32), {}, labels.astype(np.float32), np.arange(n))
    return Scored(labels.astype(float), logits.astype(float), rows, **more)


def example(n: int = 500, seed: int = 0, **more: np.ndarray | None) -> Scored:
    generator = np.random.default_rng(seed)
    logits = generator.normal(-1, 1, n).round(1)
    return scored((generator.random(n) < sigmoid(logits)).astype(int), logits, **more)


def values(found: pd.DataFrame) -> dict[str, float]:
    return dict(zip(found["metric"], found["value"], strict=True))


@pytest.mark.parametrize("is_weighted", [False, True])
def test_metrics_equal_scikit_learns(is_weighted: bool) -> None:
    weights = np.random.default_rng(1).uniform(0.5, 2, 500) if is_weighted else None
    rows = example(weights=weights)
    found = values(metrics_of(rows, num_draws=2))
    loss = reference.log_loss(rows.labels, rows.ctr, sample_weight=weights)
    rate = np.average(rows.labels, weights=weights)
    constant = reference.log_loss(rows.labels, np.full(500, rate), sample_weight=weights)
    expected = {
        "auc": reference.roc_auc_score(rows.labels, rows.ctr, sample_weight=weights),
        "logloss": loss,
        "normalised_entropy": loss / constant,
        "brier": reference.brier_score_loss(rows.labels, rows.ctr, sample_weight=weights),
        "calibration": np.average(rows.ctr, weights=weights) / rate,
    }
    assert list(found) == list(expected)
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, abs=1e-9), name


@given(seed=st.integers(0, 50), num_groups=st.integers(1, 40), is_weighted=st.booleans())
def test_gauc_equals_a_slow_group_by_and_counts_the_groups_left_out(
    seed: int, num_groups: int, is_weighted: bool
) -> None:
    generator = np.random.default_rng(seed)
    groups = generator.integers(0, num_groups, 120)
    weights = generator.uniform(0.5, 2, num_groups)[groups] if is_weighted else None
    rows = example(120, seed, group_ids=groups, weights=weights)
    total = parts = left_out = 0.0
    for group in np.unique(groups):
        mine = groups == group
        if len(set(rows.labels[mine])) == 1:
            left_out += 1
            continue
        weight = rows.weight[mine]
        total += weight.sum()
        parts += weight.sum() * reference.roc_auc_score(rows.labels[mine], rows.logits[mine], sample_weight=weight)
    found = groups_of(rows)
    assert found is not None
    assert found.left_out == left_out
    if total:
        assert values(metrics_of(rows, num_draws=2))["gauc"] == pytest.approx(parts / total, abs=1e-9)
    else:
        assert "gauc" not in values(metrics_of(rows, num_draws=2))


def test_the_interval_is_as_wide_as_the_spread_over_samples() -> None:
    found = metrics_of(example(2000), num_draws=300).set_index("metric")
    many = pd.DataFrame([values(metrics_of(example(2000, seed), num_draws=1)) for seed in range(100)])
    for name in ("auc", "logloss", "brier", "calibration"):
        width = (found.loc[name, "high"] - found.loc[name, "low"]) / (2 * 1.96)
        assert width == pytest.approx(many[name].std(), rel=0.25), name
        assert found.loc[name, "low"] < found.loc[name, "value"] < found.loc[name, "high"]


def test_whole_users_are_drawn_where_rows_of_a_user_are_alike() -> None:
    alone = example(400)
    copies = scored(np.repeat(alone.labels, 5), np.repeat(alone.logits, 5), group_ids=np.repeat(np.arange(400), 5))
    by_user, by_row = (metrics_of(rows).set_index("metric").loc["auc"] for rows in (copies, alone))
    assert by_user["high"] - by_user["low"] == pytest.approx(by_row["high"] - by_row["low"], rel=0.2)


@pytest.mark.parametrize("label", [0, 1])
def test_one_class_has_no_ranking_but_a_loss(label: int) -> None:
    rows = scored(np.full(50, label), np.linspace(-1, 1, 50))
    found = values(metrics_of(rows, num_draws=5))
    assert "auc" not in found
    assert found["logloss"] > 0


def test_probabilities_as_labels_are_measured() -> None:
    ctr = np.linspace(0.05, 0.95, 100)
    found = values(metrics_of(scored(ctr, np.log(ctr / (1 - ctr))), num_draws=5))
    assert found["brier"] == pytest.approx(0, abs=1e-12)
    assert found["calibration"] == pytest.approx(1)


def test_roc_and_precision_recall_are_scikit_learns() -> None:
    rows = example(80)
    fpr, tpr, _ = reference.roc_curve(rows.labels, rows.logits, drop_intermediate=False)
    assert np.allclose(roc(rows), np.stack([fpr, tpr], axis=1))
    precision, recall, _ = reference.precision_recall_curve(rows.labels, rows.logits)
    assert np.allclose(precision_recall(rows), np.stack([recall, precision], axis=1)[-2::-1])


def test_gains_end_at_all_clicks_and_lift_at_one() -> None:
    found = gains(example(3000))
    assert len(found) <= 400
    assert found.iloc[-1].tolist() == [1, 1, 1]
    assert found["lift"].iloc[1] > 1
    assert found["clicks"].is_monotonic_increasing


@given(seed=st.integers(0, 30), num_bins=st.integers(1, 20))
def test_calibration_counts_every_row_once(seed: int, num_bins: int) -> None:
    rows = example(200, seed)
    found = calibration(rows, num_bins)
    assert found["rows"].sum() == 200
    assert 1 <= len(found) <= num_bins
    assert found["rows"] @ found["observed"] == pytest.approx(rows.labels.sum())
    assert found["rows"] @ found["predicted"] == pytest.approx(rows.ctr.sum())
    assert ((found["low"] <= found["observed"]) & (found["observed"] <= found["high"])).all()
    assert found["predicted"].is_monotonic_increasing


def test_the_histogram_spreads_each_label_over_all_bins() -> None:
    found = histogram(example())
    assert found.groupby("label")["share"].sum().tolist() == pytest.approx([1, 1])
