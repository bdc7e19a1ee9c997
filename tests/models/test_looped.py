"""What compiled loops work out, beside obvious versions in torch: values, gradients, and running statistics."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from ctr_app.models import looped
from ctr_app.models.looped import Dropping

from .differentiating import (
    ROWS,
    assert_alike,
    column_by_column,
    differentiated,
    few,
    random,
    rows,
    spread,
    two_norms,
    widths,
)


def assert_same_statistics(norm, expected):
    torch.testing.assert_close(norm.running_mean.double(), expected.running_mean, rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(norm.running_var.double(), expected.running_var, rtol=1e-5, atol=1e-6)


def activated(norm, kept=1.0):
    """Batch norm, an activation of a slope below zero, and the units that are kept."""

    def obvious(x, weight, bias, slope):
        norm.weight, norm.bias = nn.Parameter(weight.detach()), nn.Parameter(bias.detach())
        standard = (x - x.mean(dim=0)) / (x.var(dim=0, correction=0) + norm.eps).sqrt()
        norm(x.detach())  # for its running statistics
        y = standard * weight + bias
        return torch.where(y > 0, y, slope * y) * kept

    return obvious


def parts_of_norm(num_rows, width, slope=None):
    below = random(width, seed=8) if slope is None else torch.full((width,), slope)
    return spread(num_rows, width), random(width, seed=6), random(width, seed=7), below


@few
@given(num_rows=rows, width=widths, slope=st.sampled_from([0.0, 0.25, None]), share=st.sampled_from([0.0, 0.3]))
def test_norm_and_activate(num_rows, width, slope, share):
    norm, slow_norm = two_norms(width, momentum=0.2)
    dropping = Dropping(share, 77)
    kept = looped.drop(torch.ones(num_rows, width), dropping).double() if share else 1.0
    assert_alike(
        lambda x, weight, bias, below: looped.norm_and_activate(x, weight, bias, below, norm, dropping),
        activated(slow_norm, kept),
        *parts_of_norm(num_rows, width, slope),
    )
    assert_same_statistics(norm, slow_norm)


def test_norm_and_activate_equals_torchs_batch_norm_and_prelu():
    norm, slow_norm = two_norms(5)
    x, weight, bias, slope = parts_of_norm(40, 5)
    slow_norm.weight, slow_norm.bias = nn.Parameter(weight.double()), nn.Parameter(bias.double())
    expected = nn.functional.prelu(slow_norm(x.double()), slope.double())
    found = looped.norm_and_activate(x, weight, bias, slope, norm, Dropping())
    torch.testing.assert_close(found.double(), expected, rtol=1e-5, atol=1e-6)


@few
@given(num_rows=rows, width=widths)
def test_dice(num_rows, width):
    norm, slow_norm = two_norms(width, eps=1e-8, affine=False)

    def obvious(s, alpha):
        slow_norm(s.detach())  # for its running statistics
        p = torch.sigmoid((s - s.mean(dim=0)) / (s.var(dim=0, correction=0) + 1e-8).sqrt())
        return p * s + (1 - p) * alpha * s

    assert_alike(
        lambda s, alpha: looped.dice(s, alpha, norm),
        obvious,
        spread(num_rows, width),
        random(width, seed=6),
    )
    assert_same_statistics(norm, slow_norm)


def test_numbers_far_from_zero_are_normalised_like_others():
    norm, slow_norm = two_norms(3)
    x, (weight, bias, slope) = 1000 + random(3000, 3), parts_of_norm(3000, 3)[1:]
    found = looped.norm_and_activate(x, weight, bias, slope, norm, Dropping())
    torch.testing.assert_close(
        found.double(), activated(slow_norm)(*(t.double() for t in (x, weight, bias, slope))), rtol=1e-3, atol=1e-3
    )
    assert_same_statistics(norm, slow_norm)


@few
@given(num_rows=st.sampled_from((1, *ROWS)), width=widths, num_layers=st.integers(1, 4))
def test_cross_matrices(num_rows, width, num_layers):
    def obvious(x0, weights, biases):
        x = x0
        for weight, bias in zip(weights, biases, strict=True):
            x = x0 * (x @ weight.T + bias) + x
        return x

    weights = random(num_layers, width, width) / (2 * width) ** 0.5
    assert_alike(looped.cross_matrices, obvious, random(num_rows, width), weights, random(num_layers, width, seed=2))


@few
@given(num_rows=st.sampled_from((1, *ROWS)), width=widths, num_layers=st.integers(1, 4))
def test_cross_vectors(num_rows, width, num_layers):
    def obvious(x0, weights, biases):
        x = x0
        for weight, bias in zip(weights, biases, strict=True):
            x = x0 * (x @ weight)[:, None] + bias + x
        return x

    weights = random(num_layers, width) / (2 * width) ** 0.5
    assert_alike(looped.cross_vectors, obvious, random(num_rows, width), weights, random(num_layers, width, seed=2))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_the_gradient_of_dropout_goes_through_the_units_that_were_kept(share):
    x = random(300, 7)
    kept = looped.drop(torch.ones(300, 7), Dropping(share, 3)).double()
    assert 0 < (kept == 0).sum() < kept.numel()
    assert_alike(lambda x: looped.drop(x, Dropping(share, 3)), lambda x: x * kept, x)


def test_how_the_numbers_lie_in_memory_does_not_matter():
    x, weight, bias, slope = parts_of_norm(30, 6)
    crosses = random(2, 6, 6) / 4
    calls = [
        lambda x: looped.norm_and_activate(x, weight, bias, slope, two_norms(6)[0], Dropping(0.2, 1)),
        lambda x: looped.dice(x, slope, two_norms(6)[0]),
        lambda x: looped.drop(x, Dropping(0.2, 1)),
        lambda x: looped.cross_matrices(x, crosses, crosses[:, 0]),
        lambda x: looped.cross_vectors(x, crosses[:, 1], crosses[:, 0]),
    ]
    for call in calls:
        for found, expected in zip(*(differentiated(call, [y]) for y in (column_by_column(x), x)), strict=True):
            torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_stays_none_in_value_or_gradient(odd):
    x, weight, bias, slope = parts_of_norm(30, 6)
    x[3, 2] = odd
    crosses = random(2, 6, 6) / 4
    found = [
        looped.norm_and_activate(x, weight, bias, slope * 0, two_norms(6)[0], Dropping()),
        looped.norm_and_activate(x, weight, bias, slope, two_norms(6)[0], Dropping(0.5, 1)),
        looped.dice(x, slope, two_norms(6)[0]),
        looped.cross_matrices(x, crosses, crosses[:, 0]),
        looped.cross_vectors(x, crosses[:, 1], crosses[:, 0]),
    ]
    assert [bool(value.isfinite().all()) for value in found] == [False] * len(found)
    assert looped.drop(x, Dropping()).isfinite().logical_not().sum() == 1


def test_the_running_statistics_of_a_unit_that_is_no_number_say_so():
    norm, _ = two_norms(6)
    x, weight, bias, slope = parts_of_norm(30, 6)
    x[3, 2] = torch.nan
    looped.norm_and_activate(x, weight, bias, slope, norm, Dropping())
    assert norm.running_mean.isnan().tolist() == [False, False, True, False, False, False]
    assert norm.running_var.isnan().tolist() == [False, False, True, False, False, False]
