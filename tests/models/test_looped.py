"""What compiled loops work out, beside obvious versions in torch: values, gradients, and running statistics."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

from ctr_app.models import looped
from ctr_app.models.looped import Dropping

# Around the widths at which rows are taken together (128 numbers) and products are padded (16).
WIDTHS = (1, 2, 3, 15, 16, 17, 63, 64, 65, 127, 128, 129, 200)
ROWS = (2, 3, 7, 64, 3000)
widths, rows = st.sampled_from(WIDTHS), st.sampled_from(ROWS)
few = settings(max_examples=25)


def random(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(1000 * sum(shape) + seed))


def differentiated(function, inputs):
    """The value at ``inputs``, and the gradients there of its sum weighted by fixed numbers."""
    leaves = [x.detach().clone(memory_format=torch.preserve_format).requires_grad_() for x in inputs]
    value = function(*leaves)
    (value * random(*value.shape, seed=9).to(value.dtype)).sum().backward()
    return [value.detach(), *(leaf.grad for leaf in leaves)]


def assert_alike(loops, obvious, *inputs, rtol=1e-4):
    """The obvious version computes in float64; errors count beside the largest of the numbers."""
    found, expected = differentiated(loops, inputs), differentiated(obvious, [x.double() for x in inputs])
    for ours, theirs in zip(found, expected, strict=True):
        assert ours.dtype == torch.float32
        largest = float(theirs.abs().max()) if theirs.numel() else 0.0
        torch.testing.assert_close(ours.double(), theirs, rtol=rtol, atol=2e-6 * max(1.0, largest))


def spread(num_rows, width):
    """Numbers about 2, none of whose columns is nearly constant, however few rows there are."""
    return random(num_rows, width, seed=5).clamp(-1, 1) + 2 + 3 * (torch.arange(num_rows) % 2)[:, None]


def column_by_column(x):
    """The same numbers, with those of one column beside each other in memory."""
    return x.T.contiguous().T


def two_norms(width, **settings):
    """A batch norm with statistics of its own, and the same in float64."""
    norm = nn.BatchNorm1d(width, **settings)
    norm.running_mean.copy_(random(width, seed=3))
    norm.running_var.copy_(random(width, seed=4).abs() + 0.1)
    return norm, copy.deepcopy(norm).double()


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


def whose(num_rows, count):
    """Whose each of so many items is, in the order of the rows; the first row has none."""
    return torch.randint(1, num_rows + 1, (count,), generator=torch.Generator().manual_seed(count)).sort().values


@few
@given(num_rows=rows, count=st.sampled_from((0, 1, 2, 500)), width=st.sampled_from((1, 3, 16, 40)))
def test_paired_linear(num_rows, count, width):
    its = whose(num_rows, count)

    def obvious(queries, keys, weight, bias):
        q = queries[its]
        return torch.cat([q, keys, q - keys, q * keys], dim=1) @ weight.T + bias

    assert_alike(
        lambda queries, keys, weight, bias: looped.paired_linear(queries, keys, its, weight, bias),
        obvious,
        random(num_rows + 1, width),
        random(count, width, seed=1),
        random(5, 4 * width, seed=2),
        random(5, seed=3),
    )


@few
@given(num_rows=rows, count=st.sampled_from((0, 1, 2, 500)), width=st.sampled_from((1, 3, 16, 40)))
def test_weighted_sums(num_rows, count, width):
    its = whose(num_rows, count)

    def obvious(weights, keys):
        sums = [(weights[:, None] * keys)[its == row].sum(dim=0) for row in range(num_rows + 1)]
        return torch.stack(sums)

    assert_alike(
        lambda weights, keys: looped.weighted_sums(weights, keys, its, num_rows + 1),
        obvious,
        random(count),
        random(count, width, seed=1),
    )


@pytest.mark.parametrize("kind", [torch.int32, torch.int64])
@pytest.mark.parametrize("shape", [(0, 4), (3, 0), (1, 1), (50, 7)])
def test_real_items_are_those_above_zero_row_by_row(shape, kind):
    ids = torch.randint(-1, 3, shape, generator=torch.Generator().manual_seed(0)).to(kind)
    for laid in (ids, column_by_column(ids)):
        found, items = looped.real_items(laid)
        assert torch.equal(found, (ids > 0).nonzero()[:, 0])
        assert torch.equal(items, ids[ids > 0].long())


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_the_gradient_of_dropout_goes_through_the_units_that_were_kept(share):
    x = random(300, 7)
    kept = looped.drop(torch.ones(300, 7), Dropping(share, 3)).double()
    assert 0 < (kept == 0).sum() < kept.numel()
    assert_alike(lambda x: looped.drop(x, Dropping(share, 3)), lambda x: x * kept, x)


def test_how_the_numbers_lie_in_memory_does_not_matter():
    x, weight, bias, slope = parts_of_norm(30, 6)
    its, keys, crosses = whose(29, 40), random(40, 6), random(2, 6, 6) / 4
    calls = [
        lambda x: looped.norm_and_activate(x, weight, bias, slope, two_norms(6)[0], Dropping(0.2, 1)),
        lambda x: looped.dice(x, slope, two_norms(6)[0]),
        lambda x: looped.drop(x, Dropping(0.2, 1)),
        lambda x: looped.cross_matrices(x, crosses, crosses[:, 0]),
        lambda x: looped.cross_vectors(x, crosses[:, 1], crosses[:, 0]),
        lambda x: looped.paired_linear(x, keys, its, random(3, 24), random(3)),
        lambda x: looped.weighted_sums(x[:, 0].repeat(2)[:40], keys, its, 30),
    ]
    for call in calls:
        for found, expected in zip(*(differentiated(call, [y]) for y in (column_by_column(x), x)), strict=True):
            torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_stays_none_in_value_or_gradient(odd):
    x, weight, bias, slope = parts_of_norm(30, 6)
    x[3, 2] = odd
    its, keys, crosses = whose(29, 40), x.repeat(2, 1)[:40], random(2, 6, 6) / 4
    found = [
        looped.norm_and_activate(x, weight, bias, slope * 0, two_norms(6)[0], Dropping()),
        looped.norm_and_activate(x, weight, bias, slope, two_norms(6)[0], Dropping(0.5, 1)),
        looped.dice(x, slope, two_norms(6)[0]),
        looped.cross_matrices(x, crosses, crosses[:, 0]),
        looped.cross_vectors(x, crosses[:, 1], crosses[:, 0]),
        looped.paired_linear(random(30, 6), keys, its, random(3, 24), random(3)),
        looped.weighted_sums(random(40), keys, its, 30),
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
