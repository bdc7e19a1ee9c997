"""Counting pairs of values beside loops over rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from ctr_app.explain import cells
from ctr_app.explain.cells import cells_of, seen_pairs
from ctr_app.explain.coded import coded_field

from .examples import encoded

PAIRS = [("film", "genre"), ("price", "film"), ("films", "film"), ("films", "genres"), ("visits", "tags")]


def chosen_pair(fields, rows=60):
    """Two fields of weighted rows whose labels are probabilities, and some of their values."""
    encoder, batch = encoded(rows)
    generator = torch.Generator().manual_seed(0)
    labels, weights = torch.rand(rows, generator=generator), torch.rand(rows, generator=generator) + 0.5
    batch = replace(batch, labels=labels, weights=weights)
    a, b = (coded_field(encoder, batch, name) for name in fields)
    return batch, a.choose(3), b.choose(2)


def members(chosen, code):
    return {row for row, codes in enumerate(chosen.field.codes.tolist()) if code in codes}


@pytest.mark.parametrize("block", [1, 2**24])
@pytest.mark.parametrize("fields", PAIRS)
def test_support_observed_ctr_and_drawn_rows_are_loops_over_rows(fields, block, monkeypatch):
    monkeypatch.setattr(cells, "BLOCK_SIZE", block)
    batch, a, b = chosen_pair(fields)
    found = cells_of(a, b, batch.labels.numpy(), 4)
    for i, code_a in enumerate(a.codes):
        for j, code_b in enumerate(b.codes):
            rows = sorted(members(a, code_a) & members(b, code_b))
            assert found.support[i, j] == len(rows)
            observed = np.average(batch.labels[rows], weights=batch.weights[rows]) if rows else np.nan
            np.testing.assert_allclose(found.observed[i, j], observed, atol=1e-6)
            drawn = found.rows[found.cells == i * len(b) + j].tolist()
            assert len(drawn) == len(set(drawn)) == min(4, len(rows))
            assert set(drawn) <= set(rows)


def test_drawn_rows_do_not_depend_on_the_size_of_blocks(monkeypatch):
    batch, a, b = chosen_pair(("films", "genre"))
    whole = cells_of(a, b, batch.labels.numpy(), 3)
    monkeypatch.setattr(cells, "BLOCK_SIZE", 40)
    parts = cells_of(a, b, batch.labels.numpy(), 3)
    np.testing.assert_array_equal(whole.rows, parts.rows)
    np.testing.assert_array_equal(whole.cells, parts.cells)


@pytest.mark.parametrize("fields", PAIRS)
def test_seen_pairs_are_the_cells_with_support(fields, monkeypatch):
    monkeypatch.setattr(cells, "BLOCK_SIZE", 16)
    batch, a, b = chosen_pair(fields, rows=4)
    a, b = a.field.at_least(1), b.field.at_least(1)
    support = cells_of(a, b, batch.labels.numpy(), 1).support
    assert seen_pairs(a, b).tolist() == np.flatnonzero(support).tolist()
    assert 0 < len(seen_pairs(a, b)) < support.size
