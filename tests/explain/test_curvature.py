"""The mean curvature of an MLP beside second derivatives, row by row, of one whose bends are as wide as the kernel."""

from __future__ import annotations

import math

import pytest
import torch

from ctr_app.explain.curvature import SILVERMAN, density_at_zero, mean_curvature

from .examples import encoded, random_model


def bent(u, width):
    """max(u, 0) met by a Gaussian kernel: u times the chance to be above 0, and the kernel's part."""
    chance = 0.5 * (1 + torch.erf(u / width / math.sqrt(2)))
    return u * chance + width * torch.exp(-0.5 * (u / width) ** 2) / math.sqrt(2 * math.pi)


def units_before(model, x, layer):
    """What the units of a layer have before their activation, (B, H)."""
    for hidden in model.mlp.hidden[:layer]:
        x = torch.relu(hidden.norm(hidden.linear(x)))
    return model.mlp.hidden[layer].norm(model.mlp.hidden[layer].linear(x))


def second_derivatives(model, x):
    """Of the logit by the MLP's inputs, every row by itself, in the mean: (in, in)."""
    layers = model.mlp.hidden
    widths = [
        SILVERMAN * units_before(model, x, k).std(dim=0, correction=0) * len(x) ** -0.2 for k in range(len(layers))
    ]

    def logit(row):
        row = row[None]
        for hidden, width in zip(layers, widths, strict=True):
            row = bent(hidden.norm(hidden.linear(row)), width)
        return (row @ model.output.weight[0, -model.mlp.out_dim :])[0]

    return torch.stack([torch.autograd.functional.hessian(logit, row) for row in x]).mean(dim=0)


def dcn(mlp_sizes):
    encoder, batch = encoded(12)
    model = random_model("dcn-v2", encoder.layout, structure="parallel", mlp_sizes=mlp_sizes)
    return model, model.inputs(batch).detach()


def check(model, x):
    model.double()
    expected, found = second_derivatives(model, x.double()), mean_curvature(model, x.double())
    assert expected.abs().max() > 0.01
    torch.testing.assert_close(found, expected.detach(), atol=1e-5, rtol=0)


def test_the_curvature_of_one_hidden_layer_is_that_of_its_rows_in_the_mean():
    check(*dcn((6,)))


def test_the_curvature_of_a_second_layer_is_that_of_its_rows_where_the_first_is_straight():
    model, x = dcn((6, 5))
    with torch.no_grad():
        model.mlp.hidden[0].linear.bias.add_(100.0)  # every unit of the first layer is on, far from its bend
        model.mlp.hidden[1].norm.bias.sub_(units_before(model, x, 1).mean(dim=0))
    check(model, x)


@pytest.mark.parametrize("mlp_sizes", [(), (6, 5)])
def test_there_is_no_curvature_without_an_mlp_nor_where_all_rows_are_the_same(mlp_sizes):
    model, x = dcn(mlp_sizes)
    rows = x if mlp_sizes == () else x[:1].expand(4, -1)
    assert mean_curvature(model, rows).abs().max() == 0


def test_the_density_at_zero_is_near_that_of_the_distribution():
    u = torch.randn(20_000, 2, generator=torch.Generator().manual_seed(0)) * torch.tensor([1.0, 3.0])
    expected = torch.tensor([1.0, 1 / 3]) / math.sqrt(2 * math.pi)
    torch.testing.assert_close(density_at_zero(u).mean(dim=0), expected, atol=0, rtol=0.05)
