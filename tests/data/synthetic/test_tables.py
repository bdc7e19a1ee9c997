"""Making one block of rows after another."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctr_app.data.synthetic import tables
from ctr_app.data.synthetic.tables import in_blocks


@given(st.integers(1, 60))
def test_rows_made_in_blocks_are_as_many_as_asked_for_and_in_order(rows):
    made = iter(range(rows))

    def block(size):
        numbers = [next(made) for _ in range(size)]
        return pl.DataFrame({"number": numbers}), np.array(numbers, dtype=np.float64)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tables, "BLOCK_ROWS", 7)
        frame, probabilities = in_blocks(rows, block)
    assert frame["number"].to_list() == probabilities.tolist() == list(range(rows))
