"""Interactions by weights beside full tables of values, centred by hand."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch

from ctr_app.data.errors import InputError
from ctr_app.explain.behaviour import swapped
from ctr_app.explain.pairs import pair_matrix
from ctr_app.explain.weights import CrossLayer, block_norms, by_weights, cross_layers, dcn_strengths, fm_strengths
from ctr_app.models.dcn import CrossMix
from ctr_app.training.trainer import predict

from .examples import encoded, random_model, row_of


def values_of(layout, batch, name):
    """The distinct values of a field as {value: (share of rows, a row that has it)}."""
    if name in layout.numeric:
        values = batch.numeric[:, layout.numeric.index(name)].tolist()
    elif name in layout.categorical:
        values = batch.categorical[:, layout.categorical.index(name)].tolist()
    else:
        values = [tuple(ids) for ids in batch.sequences[name].tolist()]
    return {value: (count / len(values), values.index(value)) for value, count in Counter(values).items()}


def rms_of_purified(table, shares_a, shares_b):
    """Root mean square of a table without its row and column means, cell by cell, under independence."""
    rows, columns = range(len(shares_a)), range(len(shares_b))
    by_row = [sum(shares_b[j] * table[i][j] for j in columns) for i in rows]
    by_column = [sum(shares_a[i] * table[i][j] for i in rows) for j in columns]
    mean = sum(shares_a[i] * by_row[i] for i in rows)
    square = sum(
        shares_a[i] * shares_b[j] * (table[i][j] - by_row[i] - by_column[j] + mean) ** 2 for i in rows for j in columns
    )
    return square**0.5


def strength_by_tables(model, layout, batch, first, second):
    """The same from the model's own logits: one row with the two fields set to every pair of their values."""
    a, b = values_of(layout, batch, first), values_of(layout, batch, second)
    base = row_of(batch, 0)
    table = []
    for _, row in a.values():
        with_a = swapped(layout, base, row_of(batch, row), (first,))
        table.append([predict(model, swapped(layout, with_a, row_of(batch, r), (second,)))[0] for _, r in b.values()])
    return rms_of_purified(table, [share for share, _ in a.values()], [share for share, _ in b.values()])


def strengths_by_tables(model, layout, batch):
    names = layout.field_names
    matrix = np.zeros((len(names), len(names)))
    for i in range(len(names)):
        for j in range(i + 1, len(names)):
            matrix[i, j] = matrix[j, i] = strength_by_tables(model, layout, batch, names[i], names[j])
    return matrix


def test_fm_strengths_are_the_purified_value_by_value_tables():
    encoder, batch = encoded(12)
    model = random_model("fm", encoder.layout)
    expected = strengths_by_tables(model, encoder.layout, batch)
    assert expected.max() > 0.1
    np.testing.assert_allclose(fm_strengths(model, batch), expected, atol=1e-5)


@pytest.mark.parametrize("cross", ["vector", "matrix"])
def test_strengths_of_one_cross_layer_are_the_purified_value_by_value_tables(cross):
    encoder, batch = encoded(12)
    model = random_model("dcn", encoder.layout, cross=cross, structure="parallel", num_cross_layers=1)
    with torch.no_grad():
        model.output.weight[:, model.inputs.width :] = 0.0  # the MLP says nothing
    expected = strengths_by_tables(model, encoder.layout, batch)
    assert expected.max() > 0.1
    np.testing.assert_allclose(dcn_strengths(model, batch), expected, atol=1e-5)


def test_directions_that_cancel_leave_no_interaction():
    encoder, batch = encoded()
    model = random_model("dcn-v2", encoder.layout, structure="parallel", num_cross_layers=1)
    with torch.no_grad():
        model.output.weight.fill_(1.0)
        model.cross.weights[0] -= model.cross.weights[0].T.clone()
    assert model.cross.weights.abs().max() > 0.1
    assert dcn_strengths(model, batch).max() < 1e-6


DCN_VARIANTS = [(cross, structure) for cross in ("vector", "matrix", "mix") for structure in ("parallel", "stacked")]


@pytest.mark.parametrize(("cross", "structure"), DCN_VARIANTS)
def test_dcn_strengths_are_finite_symmetric_and_positive(cross, structure):
    encoder, batch = encoded()
    strengths = dcn_strengths(random_model("dcn", encoder.layout, cross=cross, structure=structure), batch)
    assert np.isfinite(strengths).all()
    np.testing.assert_allclose(strengths, strengths.T)
    assert not np.diag(strengths).any()
    assert (strengths[np.triu_indices(7, 1)] > 0).all()


@pytest.mark.parametrize("structure", ["parallel", "stacked"])
def test_dcn_strengths_are_zero_where_both_blocks_are_zero_in_all_layers(structure):
    encoder, batch = encoded()
    model = random_model("dcn-v2", encoder.layout, structure=structure, num_cross_layers=3)
    price, film = model.inputs.slices["price"], model.inputs.slices["film"]
    with torch.no_grad():
        model.cross.weights[:, price, film] = 0.0
        model.cross.weights[:, film, price] = 0.0
    zero = {frozenset(("price", "film"))}
    frame = by_weights(model, batch)
    for a, b, strength in frame.itertuples(index=False):
        assert (strength == 0.0) == (frozenset((a, b)) in zero)


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


@pytest.mark.parametrize(("cross", "structure"), DCN_VARIANTS)
def test_a_model_in_training_is_read_in_evaluation_mode_and_left_as_it_was(cross, structure):
    encoder, batch = encoded()
    model = random_model("dcn", encoder.layout, cross=cross, structure=structure)
    expected = by_weights(model, batch)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    assert by_weights(model.train(), batch).equals(expected)
    assert model.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_a_stored_model_without_gradients_is_read_too():
    encoder, batch = encoded()
    model = random_model("dcn-v2", encoder.layout)
    assert by_weights(model.requires_grad_(False), batch).equals(by_weights(model.requires_grad_(True), batch))


def test_by_weights_is_the_frame_of_the_familys_strengths():
    encoder, batch = encoded()
    names = encoder.layout.field_names
    for name, strengths in (("fm", fm_strengths), ("dcn-v2", dcn_strengths)):
        model = random_model(name, encoder.layout)
        np.testing.assert_allclose(pair_matrix(names, by_weights(model, batch)), strengths(model, batch))


def test_the_weights_of_din_name_no_pairs():
    encoder, batch = encoded()
    with pytest.raises(
        InputError, match=r"^The weights of DIN do not name pairs of fields; read its behaviour instead\.$"
    ):
        by_weights(random_model("din", encoder.layout), batch)
