"""Cross networks and their head beside loops over coordinates and experts."""

from __future__ import annotations

import pytest
import torch

from ctr_app.models.dcn import CrossMatrix, CrossMix, CrossVector, DCNConfig, cross_network

from .examples import MIXED, build, dot, random_batch, slow_linear

WIDTH, LAYERS = 5, 3


def filled(module, seed=0):
    """The module with every parameter drawn from N(0, 0.5^2)."""
    torch.manual_seed(seed)
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=0.5)
    return module


def inputs(rows=4):
    torch.manual_seed(9)
    return torch.randn(rows, WIDTH), torch.randn(rows, WIDTH)


def slow_vector(cross, index, x0, x):
    inner = dot(cross.weights[index], x)
    return torch.stack([x0[d] * inner + cross.biases[index, d] + x[d] for d in range(len(x))])


def slow_matrix(cross, index, x0, x):
    rows = [dot(cross.weights[index, d], x) + cross.biases[index, d] for d in range(len(x))]
    return torch.stack([x0[d] * rows[d] + x[d] for d in range(len(x))])


def slow_mix(cross, index, x0, x):
    scores = [torch.exp(dot(weights, x)) for weights in cross.gate.weight]
    total = [0.0] * len(x)
    for expert, score in enumerate(scores):
        v, c, u = cross.into[index, expert], cross.within[index, expert].T, cross.out[index, expert].T
        low = torch.tanh(torch.stack([dot(v[:, r], x) for r in range(v.shape[1])]))
        low = torch.tanh(torch.stack([dot(c[r], low) for r in range(len(c))]))
        for d in range(len(x)):
            total[d] = total[d] + score / sum(scores) * x0[d] * (dot(u[d], low) + cross.biases[index, d])
    return torch.stack([total[d] + x[d] for d in range(len(x))])


@pytest.mark.parametrize(
    ("cross", "slow"),
    [
        (CrossVector(WIDTH, LAYERS), slow_vector),
        (CrossMatrix(WIDTH, LAYERS), slow_matrix),
        (CrossMix(WIDTH, LAYERS, 2, 3), slow_mix),
    ],
    ids=["vector", "matrix", "mix"],
)
def test_a_cross_layer_is_its_equation_coordinate_by_coordinate(cross, slow):
    filled(cross)
    x0, x = inputs()
    for index in range(LAYERS):
        expected = torch.stack([slow(cross, index, x0[row], x[row]) for row in range(len(x))])
        torch.testing.assert_close(cross.layer(index, x0, x), expected)
    assert cross.num_layers == LAYERS


def test_gates_are_shares_of_the_experts():
    cross = filled(CrossMix(WIDTH, LAYERS, 2, 3))
    gates = cross.gates(inputs()[1])
    assert gates.shape == (4, 3)
    assert (gates > 0).all()
    torch.testing.assert_close(gates.sum(dim=1), torch.ones(4))


@pytest.mark.parametrize("structure", ["parallel", "stacked"])
@pytest.mark.parametrize("cross", ["vector", "matrix", "mix"])
def test_dcn_is_cross_layers_and_mlp_parallel_or_stacked(cross, structure):
    model = build("dcn", MIXED, cross=cross, structure=structure, num_cross_layers=2, rank=3).eval()
    batch = random_batch(MIXED, 6)
    slow = {"vector": slow_vector, "matrix": slow_matrix, "mix": slow_mix}[cross]
    x0 = model.inputs(batch)
    expected = []
    for row in range(6):
        x = x0[row]
        for index in range(2):
            x = slow(model.cross, index, x0[row], x)
        read = model.mlp(x[None])[0] if structure == "stacked" else torch.cat([x, model.mlp(x0[row][None])[0]])
        expected.append(slow_linear(model.output, read)[0])
    torch.testing.assert_close(model(batch), torch.stack(expected))


def test_cross_states_go_from_the_inputs_to_the_last_layer():
    model, batch = build("dcn", MIXED, num_cross_layers=3), random_batch(MIXED, 3)
    x0 = model.inputs(batch)
    states = model.cross_states(x0)
    assert len(states) == 4
    assert torch.equal(states[0], x0)
    assert torch.equal(states[2], model.cross.layer(1, x0, states[1]))


def test_sizes_that_grow_make_the_input_narrower():
    uniform = build("dcn", MIXED, embedding_sizes="uniform", embedding_dim=6)
    growing = build("dcn", MIXED, embedding_sizes="sqrt", embedding_dim=6)
    assert uniform.inputs.width == 2 + 5 * 6
    assert growing.inputs.width == 2 + 3 + 2 + 6 + 3 + 2


def test_an_experts_rank_is_at_most_the_width():
    cross = cross_network(3, DCNConfig(cross="mix", rank=32))
    assert isinstance(cross, CrossMix)
    assert cross.into.shape[-1] == 3
