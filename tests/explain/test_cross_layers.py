"""Cross layers as pictures, beside loops over their numbers."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch

from ctr_app.explain.cross_layers import (
    CrossLayer,
    block_flows,
    block_norms,
    cross_layers,
    experts,
    rank_keeping,
    singular_values,
)
from ctr_app.models.dcn import CrossMix

from .examples import encoded, random_model


def test_block_norms_are_loops_over_the_numbers_of_each_block():
    encoder, batch = encoded()
    model = random_model("dcn-v2", encoder.layout)
    for layer in cross_layers(model, batch):
        norms = block_norms(layer)
        for i, a in enumerate(layer.slices.values()):
            for j, b in enumerate(layer.slices.values()):
                square = sum(layer.matrix[d, e] ** 2 for d in range(a.start, a.stop) for e in range(b.start, b.stop))
                assert norms[i, j] == pytest.approx(square**0.5, rel=1e-5)


def test_block_norms_of_a_known_matrix():
    layer = CrossLayer(
        0, np.array([[3.0, 1.0, 2.0], [4.0, 0.0, 0.0], [0.0, 6.0, 8.0]]), {"a": slice(0, 1), "b": slice(1, 3)}
    )
    np.testing.assert_allclose(block_norms(layer), [[3.0, 5**0.5], [4.0, 10.0]])


def test_cross_layers_of_dcn_v2_are_its_matrices():
    encoder, batch = encoded()
    model = random_model("dcn-v2", encoder.layout, num_cross_layers=3)
    layers = cross_layers(model, batch)
    assert [layer.index for layer in layers] == [0, 1, 2]
    assert all(np.array_equal(layer.matrix, model.cross.weights[layer.index].detach()) for layer in layers)
    assert list(layers[0].slices) == list(encoder.layout.field_names)


def test_a_vector_implies_the_outer_product_of_ones_and_itself():
    encoder, batch = encoded()
    model = random_model("dcn-v1", encoder.layout, num_cross_layers=2)
    for layer in cross_layers(model, batch):
        weights = model.cross.weights[layer.index].detach().numpy()
        np.testing.assert_array_equal(layer.matrix, np.outer(np.ones(len(weights)), weights))


def test_experts_imply_the_jacobian_of_their_sum_at_zero():
    torch.manual_seed(0)
    cross = CrossMix(6, 2, 3, 4).double()
    torch.nn.init.normal_(cross.gate.weight)
    zero, ones, step = torch.zeros(1, 6, dtype=torch.float64), torch.ones(1, 6, dtype=torch.float64), 1e-4
    for index in range(2):
        columns = []
        for e in range(6):
            ends = [zero.clone(), zero.clone()]
            ends[0][0, e], ends[1][0, e] = step, -step
            high, low = (cross.layer(index, ones, x) - x for x in ends)  # the experts' sum alone
            columns.append((high - low)[0] / (2 * step))
        numerical = torch.stack(columns, dim=1)
        torch.testing.assert_close(cross.implied_matrix(index, zero), numerical, rtol=1e-6, atol=1e-8)


def test_experts_are_weighted_by_their_mean_gates():
    torch.manual_seed(0)
    cross, x = CrossMix(4, 1, 2, 3), torch.randn(5, 4)
    torch.nn.init.normal_(cross.gate.weight)
    gates = torch.softmax(cross.gate(x), dim=1).mean(dim=0)
    expected = sum(gates[k] * (cross.into[0, k] @ cross.within[0, k] @ cross.out[0, k]).T for k in range(3))
    torch.testing.assert_close(cross.implied_matrix(0, x), expected)


def test_experts_are_told_with_how_often_their_gates_open():
    encoder, batch = encoded()
    model = random_model("dcn-mix", encoder.layout, num_experts=3, rank=2)
    for index in range(2):
        gates = model.cross.gates(model.cross_states(model.inputs(batch))[index]).detach().numpy()
        leading = Counter(max(range(3), key=lambda k: row[k]) for row in gates)
        found = experts(model, batch, index)
        for k, expert in enumerate(found):
            assert expert.gate == pytest.approx(sum(row[k] for row in gates) / 60, rel=1e-5)
            assert expert.leads == pytest.approx(leading[k] / 60)
        implied = sum(expert.gate * expert.matrix for expert in found)
        np.testing.assert_allclose(implied, cross_layers(model, batch)[index].matrix, atol=1e-5)


@pytest.mark.parametrize("name", ["dcn-v1", "dcn-v2"])
def test_only_a_mix_has_experts(name):
    encoder, batch = encoded()
    assert experts(random_model(name, encoder.layout), batch, 0) == []


def slow_flow(model, batch, index, a, b):
    """Root mean square over all pairs of rows of g x_0a (W_ab x_lb), both centred, term by term."""
    x0 = model.inputs(batch)
    states = [state.detach() for state in model.cross_states(x0)]
    ends = [states[index + 1].clone().requires_grad_(True)]
    for later in range(index + 1, model.cross.num_layers):
        ends.append(model.cross.layer(later, x0.detach(), ends[-1]))
    model.head(x0.detach(), ends[-1]).sum().backward()
    slopes = (ends[0].grad.double().mean(dim=0)).numpy()
    weights = model.cross.implied_matrix(index, states[index]).detach().double().numpy()
    first, second = x0.detach().double().numpy(), states[index].double().numpy()
    first, second = first - first.mean(axis=0), second - second.mean(axis=0)
    squares = []
    for row in first[:, a]:
        for other in second[:, b]:
            squares.append((slopes[a] * row * (weights[a, b] @ other)).sum() ** 2)
    return np.mean(squares) ** 0.5


@pytest.mark.parametrize("cross", ["vector", "matrix", "mix"])
@pytest.mark.parametrize("index", [0, 1])
def test_block_flows_are_a_slow_loop_over_pairs_of_rows(cross, index):
    encoder, batch = encoded(15)
    model = random_model("dcn", encoder.layout, cross=cross)
    flows = block_flows(model, batch, index)
    blocks = list(model.inputs.slices.values())
    assert flows.max() > 0.05
    for a, b in ((0, 0), (0, 2), (2, 0), (3, 4), (5, 6)):
        assert flows[a, b] == pytest.approx(slow_flow(model, batch, index, blocks[a], blocks[b]), abs=1e-5)


def test_block_flows_leave_no_gradients_behind():
    encoder, batch = encoded()
    model = random_model("dcn-v2", encoder.layout).train()
    block_flows(model, batch, 0)
    assert model.training
    assert all(parameter.grad is None for parameter in model.parameters())


def test_singular_values_of_a_known_matrix():
    frame = singular_values(np.diag([3.0, 0.0, 4.0]))
    np.testing.assert_allclose(frame["value"], [4.0, 3.0, 0.0], atol=1e-12)
    np.testing.assert_allclose(frame["energy"], [16 / 25, 1.0, 1.0])
    assert frame["rank"].tolist() == [1, 2, 3]
    assert [rank_keeping(frame, share) for share in (0.5, 0.64, 0.65, 1.0)] == [1, 1, 2, 2]


def test_the_energy_of_a_rank_is_that_of_the_nearest_matrix_of_that_rank():
    matrix = np.random.default_rng(0).normal(size=(6, 6))
    u, s, v = np.linalg.svd(matrix)
    for rank, energy in zip(*singular_values(matrix)[["rank", "energy"]].to_numpy().T, strict=True):
        rest = matrix - (u[:, : int(rank)] * s[: int(rank)]) @ v[: int(rank)]
        assert energy == pytest.approx(1 - (rest**2).sum() / (matrix**2).sum())


def test_a_matrix_of_zeros_needs_no_more_than_rank_one():
    assert rank_keeping(singular_values(np.zeros((3, 3)))) == 1
