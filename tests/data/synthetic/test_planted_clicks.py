"""Planted clicks: main effects, the five pairs, and columns that look like clicks."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from ctr_app.data.encoding import Encoder
from ctr_app.data.schema import Role
from ctr_app.data.synthetic import planted_clicks
from ctr_app.data.synthetic.planted_clicks import CLICK_PAIRS

from .examples import logits


def additive_part(planted) -> float:
    """R² of the true logit by main effects of all fields alone: one-hot categories, and numbers as they act."""
    numeric = [c.name for c in planted.schema.with_role(Role.NUMERIC)]
    encoder = Encoder.fit(planted.frame, planted.schema, min_count=1)
    rows = encoder.transform(planted.frame)
    blocks = [rows.numeric[:, [encoder.layout.numeric.index(name)]] for name in numeric]
    for j in range(rows.categorical.shape[1]):
        blocks.append(np.eye(rows.categorical[:, j].max() + 1)[rows.categorical[:, j]])
    design, target = np.hstack([*blocks, np.ones((len(rows), 1))]), logits(planted.probabilities)
    residual = target - design @ np.linalg.lstsq(design.T @ design, design.T @ target, rcond=None)[0]
    return 1.0 - residual.var() / target.var()


def test_without_pairs_the_logit_is_a_sum_of_main_effects():
    assert additive_part(planted_clicks(4000, pairs=())) == pytest.approx(1.0, abs=1e-3)


def test_with_pairs_main_effects_explain_only_their_own_part():
    mains = 12 * 0.35**2
    expected = mains / (mains + len(CLICK_PAIRS) * 0.75**2)
    assert additive_part(planted_clicks(20_000)) == pytest.approx(expected, abs=0.03)


def test_the_pairs_that_are_told_are_those_that_were_planted():
    for pairs in ((("site", "ad"),), CLICK_PAIRS):
        planted = planted_clicks(500, pairs=pairs)
        assert planted.truth.pairs == pairs
        assert planted.truth.to_json()["pairs"] == [list(pair) for pair in pairs]


def test_prices_and_visits_look_like_prices_and_visits():
    frame = planted_clicks(2000).frame
    assert frame["price"].min() > 0
    assert frame["visits"].min() >= 0
    assert frame.select(pl.col("scroll_depth").is_between(0, 100).all()).item()
