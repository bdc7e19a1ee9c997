"""What DIN's compiled loops work out, beside obvious versions in torch: values, gradients, and running statistics."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ctr_app.models.looped_attention import UnitLayer, real_items, unit_scores, weighted_sums

from .differentiating import assert_alike, column_by_column, differentiated, few, random, rows, spread, two_norms


def whose(num_rows, count):
    """Whose each of so many items is, in the order of the rows; the first row has none."""
    return torch.randint(1, num_rows + 1, (count,), generator=torch.Generator().manual_seed(count)).sort().values


def unit(width, sizes):
    """Layers of a unit for vectors of ``width``, the same in float64, and the last weight and bias."""
    layers, exact = [], []
    for place, (inner, size) in enumerate(pairwise((4 * width, *sizes))):
        norm, precise = two_norms(size, eps=1e-8, affine=False)
        layers.append(UnitLayer(random(size, inner, seed=place), random(size, seed=1), random(size, seed=2), norm))
        exact.append(precise)
    return layers, exact, random(1, sizes[-1], seed=3), random(1, seed=4)


def with_tensors(layers, tensors):
    """The layers with other weights, biases and alphas, one after the other in ``tensors``."""
    return [UnitLayer(*tensors[3 * i : 3 * i + 3], layer.norm) for i, layer in enumerate(layers)]


def obvious_scores(queries, keys, its, layers, weight, bias):
    q = queries[its]
    x = torch.cat([q, keys, q - keys, q * keys], dim=1)
    for layer in layers:
        z = x @ layer.weight.T + layer.bias
        p = torch.sigmoid(layer.norm(z))
        x = z * (p + layer.alpha * (1 - p))
    return (x @ weight.T + bias)[:, 0]


@few
@given(
    num_rows=rows,
    count=st.sampled_from((20, 64, 500)),
    width=st.sampled_from((1, 3, 16, 40)),
    sizes=st.sampled_from(((1,), (5,), (16, 8), (7, 3, 2))),
)
def test_unit_scores(num_rows, count, width, sizes):
    its = whose(num_rows, count)
    layers, exact, weight, bias = unit(width, sizes)
    precise = [layer._replace(norm=norm) for layer, norm in zip(layers, exact, strict=True)]
    assert_alike(
        lambda q, k, *tensors: unit_scores(q, k, its, with_tensors(layers, tensors[:-2]), *tensors[-2:]),
        lambda q, k, *tensors: obvious_scores(q, k, its, with_tensors(precise, tensors[:-2]), *tensors[-2:]),
        spread(num_rows + 1, width),
        spread(count, width),
        *(tensor for layer in layers for tensor in layer[:3]),
        weight,
        bias,
        rtol=2e-3,
    )
    for layer, norm in zip(layers, exact, strict=True):
        torch.testing.assert_close(layer.norm.running_mean.double(), norm.running_mean, rtol=1e-4, atol=1e-4)
        torch.testing.assert_close(layer.norm.running_var.double(), norm.running_var, rtol=1e-4, atol=1e-4)


@few
@given(num_rows=rows, count=st.sampled_from((0, 1, 2, 500)), width=st.sampled_from((1, 3, 16, 40)))
def test_weighted_sums(num_rows, count, width):
    its = whose(num_rows, count)

    def obvious(weights, keys):
        sums = [(weights[:, None] * keys)[its == row].sum(dim=0) for row in range(num_rows + 1)]
        return torch.stack(sums)

    assert_alike(
        lambda weights, keys: weighted_sums(weights, keys, its, num_rows + 1),
        obvious,
        random(count),
        random(count, width, seed=1),
    )


@pytest.mark.parametrize("kind", [torch.int32, torch.int64])
@pytest.mark.parametrize("shape", [(0, 4), (3, 0), (1, 1), (50, 7)])
def test_real_items_are_those_above_zero_row_by_row(shape, kind):
    ids = torch.randint(-1, 3, shape, generator=torch.Generator().manual_seed(0)).to(kind)
    for laid in (ids, column_by_column(ids)):
        found, items = real_items(laid)
        assert torch.equal(found, (ids > 0).nonzero()[:, 0])
        assert torch.equal(items, ids[ids > 0].long())


def test_how_the_numbers_lie_in_memory_does_not_matter():
    x, its, keys = random(30, 6), whose(29, 40), random(40, 6)
    layers, _, weight, bias = unit(6, (4, 3))
    calls = [
        lambda x: unit_scores(x, keys, its, layers, weight, bias),
        lambda x: unit_scores(keys[:30], x.repeat(2, 1)[:40], its, layers, weight, bias),
        lambda x: weighted_sums(x[:, 0].repeat(2)[:40], keys, its, 30),
    ]
    for call in calls:
        for found, expected in zip(*(differentiated(call, [y]) for y in (column_by_column(x), x)), strict=True):
            torch.testing.assert_close(found, expected)


@pytest.mark.parametrize("odd", [float("nan"), float("inf"), -float("inf")])
def test_what_is_no_number_stays_none(odd):
    its, keys = whose(29, 40), random(40, 6)
    keys[3, 2] = odd
    layers, _, weight, bias = unit(6, (4, 3))
    assert not unit_scores(random(30, 6), keys, its, layers, weight, bias).isfinite().all()
    assert not weighted_sums(random(40), keys, its, 30).isfinite().all()
