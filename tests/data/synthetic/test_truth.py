"""The best AUC that can be reached."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ctr_app.data.synthetic import best_auc

PROBABILITIES = arrays(np.float64, st.integers(2, 12), elements=st.sampled_from([0.01, 0.2, 0.5, 0.5001, 0.9, 0.99]))


@given(PROBABILITIES)
def test_the_best_auc_is_the_expectation_over_all_pairs_of_rows(probabilities):
    p = probabilities
    chance = p[:, None] * (1.0 - p[None, :])
    won = (p[:, None] > p[None, :]) + 0.5 * (p[:, None] == p[None, :])
    assert best_auc(p) == pytest.approx((chance * won).sum() / chance.sum())
