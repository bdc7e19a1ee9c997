"""Logistic regression on encoded rows, against its own equations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from ctr_app.data.errors import InputError
from ctr_app.explain.linear import TOLERANCE, design, fit_logistic
from ctr_app.training.metrics import sigmoid

from .examples import encoded


def test_a_design_has_numbers_values_and_the_share_of_each_item_of_a_history() -> None:
    encoder, batch = encoded(40)
    layout = encoder.layout
    x = design(layout, batch).toarray()
    starts = np.cumsum([len(layout.numeric), *layout.vocabulary_sizes.values()])
    first = dict(zip(layout.vocabulary_sizes, starts, strict=False))
    assert x.shape == (40, starts[-1])
    for row in range(40):
        expected = np.zeros(starts[-1])
        expected[: len(layout.numeric)] = batch.numeric[row]
        for place, name in enumerate(layout.categorical):
            expected[first[name] + int(batch.categorical[row, place])] += 1
        for sequence in layout.sequences:
            items = [i for i in batch.sequences[sequence.name][row].tolist() if i]
            for item in items:
                expected[first[layout.table_of(sequence.name)] + item] += 1 / len(items)
        assert x[row] == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("is_probability", [False, True])
def test_the_penalised_loss_of_a_fit_is_flat(is_probability: bool) -> None:
    encoder, batch = encoded(300)
    if is_probability:
        batch = replace(batch, labels=torch.rand(300, generator=torch.Generator().manual_seed(0)))
    batch = replace(batch, weights=torch.rand(300, generator=torch.Generator().manual_seed(1)) + 0.5)
    x = design(encoder.layout, batch)
    fitted = fit_logistic(x, x, batch, batch)
    weights = batch.weights.double().numpy() / batch.weights.double().mean().item()
    excess = weights * (sigmoid(fitted.logits(x)) - batch.labels.double().numpy())
    slopes = (x.T @ excess + fitted.weights / fitted.strength) / 300
    assert np.abs(slopes).max() < 2 * TOLERANCE
    assert abs(excess.sum()) / 300 < 2 * TOLERANCE


def test_fitting_can_be_stopped_and_needs_clicks_and_others() -> None:
    encoder, batch = encoded(100)
    x = design(encoder.layout, batch)

    def stop(share: float) -> None:
        assert 0 <= share <= 1
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fit_logistic(x, x, batch, batch, stop)
    clicks = replace(batch, labels=torch.ones(100))
    with pytest.raises(InputError, match="all clicks, or all not"):
        fit_logistic(x, x, clicks, clicks)
