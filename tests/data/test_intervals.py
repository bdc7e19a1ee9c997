"""Wilson's interval against the textbook's numbers, and what must hold of any."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctr_app.data.intervals import wilson


def test_wilson_is_the_textbooks() -> None:
    low, high = wilson(np.array([0.0, 0.5, 0.1]), np.array([10, 20, 10]))
    assert low == pytest.approx([0.0, 0.2992980, 0.01788], abs=1e-5)
    assert high == pytest.approx([0.2775328, 0.7007020, 0.40415], abs=1e-5)


@given(st.integers(1, 500), st.floats(0, 1))
def test_the_interval_holds_the_rate_and_narrows_with_rows(rows: int, share: float) -> None:
    rate = round(share * rows) / rows
    low, high = wilson(np.full(2, rate), np.array([rows, 9 * rows]))
    assert (low >= 0).all()
    assert (low <= rate).all()
    assert (rate <= high).all()
    assert (high <= 1).all()
    assert high[1] - low[1] < high[0] - low[0]
