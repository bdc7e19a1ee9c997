"""The best AUC that can be reached, and rows that are made in blocks."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ctr_app.data.synthetic import best_auc, truth
from ctr_app.data.synthetic.truth import in_blocks

PROBABILITIES = arrays(np.float64, st.integers(2, 12), elements=st.sampled_from([0.01, 0.2, 0.5, 0.5001, 0.9, 0.99]))


@given(PROBABILITIES)
def test_the_best_auc_is_the_expectation_over_all_pairs_of_rows(probabilities):
    p = probabilities
    chance = p[:, None] * (1.0 - p[None, :])
    won = (p[:, None] > p[None, :]) + 0.5 * (p[:, None] == p[None, :])
    assert best_auc(p) == pytest.approx((chance * won).sum() / chance.sum())


@given(st.integers(1, 60))
def test_rows_made_in_blocks_are_as_many_as_asked_for_and_in_order(rows):
    made = iter(range(rows))

    def block(size):
        numbers = [next(made) for _ in range(size)]
        return pl.DataFrame({"number": numbers}), np.array(numbers, dtype=np.float64)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(truth, "BLOCK_ROWS", 7)
        frame, probabilities = in_blocks(rows, block)
    assert frame["number"].to_list() == probabilities.tolist() == list(range(rows))
