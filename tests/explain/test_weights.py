"""Interactions by weights beside full tables of values, centred by hand."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch

from ctr_app.data.errors import InputError
from ctr_app.explain.behaviour import swapped
from ctr_app.explain.curvature import mean_curvature
from ctr_app.explain.pairs import pair_matrix
from ctr_app.explain.weights import by_weights, dcn_strengths, fm_strengths
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


def raw_rms(table, shares_a, shares_b):
    """Root mean square of a table as it is, under independence."""
    square = sum(
        share_a * share_b * table[i][j] ** 2 for i, share_a in enumerate(shares_a) for j, share_b in enumerate(shares_b)
    )
    return square**0.5


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


def test_raw_strengths_of_an_fm_are_its_pair_terms_as_they_are():
    encoder, batch = encoded(12)
    model, names = random_model("fm", encoder.layout), encoder.layout.field_names
    vectors = model.field_vectors(batch).detach().double().numpy()
    tables = [[vectors[:, i] @ vectors[:, j].T for j in range(7)] for i in range(7)]
    even = [1 / 12] * 12
    expected = np.array([[raw_rms(tables[i][j], even, even) * (i != j) for j in range(7)] for i in range(7)])
    np.testing.assert_allclose(fm_strengths(model, batch, raw=True), expected, atol=1e-5)
    np.testing.assert_allclose(pair_matrix(names, by_weights(model, batch, raw=True)), expected, atol=1e-5)
    assert np.abs(expected - fm_strengths(model, batch)).max() > 0.05


@pytest.mark.parametrize("cross", ["vector", "matrix"])
def test_strengths_of_one_cross_layer_are_the_purified_value_by_value_tables(cross):
    encoder, batch = encoded(12)
    model = random_model("dcn", encoder.layout, cross=cross, structure="parallel", num_cross_layers=1)
    with torch.no_grad():
        model.output.weight[:, model.inputs.width :] = 0.0  # the MLP says nothing
    expected = strengths_by_tables(model, encoder.layout, batch)
    assert expected.max() > 0.1
    np.testing.assert_allclose(dcn_strengths(model, batch), expected, atol=1e-5)


def test_a_layer_by_itself_is_the_stack_with_all_other_layers_empty():
    encoder, batch = encoded()
    model = random_model("dcn-v2", encoder.layout, structure="parallel", num_cross_layers=2, mlp_sizes=())
    with torch.no_grad():
        model.cross.weights[1] = 0.0
        model.cross.biases[1] = 0.0
    np.testing.assert_allclose(dcn_strengths(model, batch, layer=0), dcn_strengths(model, batch), atol=1e-9)
    assert dcn_strengths(model, batch, layer=1).max() == 0


def test_directions_that_cancel_leave_no_interaction():
    encoder, batch = encoded()
    model = random_model("dcn-v2", encoder.layout, structure="parallel", num_cross_layers=1, mlp_sizes=())
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
def test_strengths_of_a_cross_layer_alone_are_zero_where_both_blocks_are_zero(structure):
    encoder, batch = encoded()
    model = random_model("dcn-v2", encoder.layout, structure=structure, num_cross_layers=1, mlp_sizes=())
    price, film = model.inputs.slices["price"], model.inputs.slices["film"]
    with torch.no_grad():
        model.cross.weights[:, price, film] = 0.0
        model.cross.weights[:, film, price] = 0.0
    zero = {frozenset(("price", "film"))}
    frame = by_weights(model, batch)
    for a, b, strength in frame.itertuples(index=False):
        assert (strength == 0.0) == (frozenset((a, b)) in zero)


def mean_hessian(logit_of, x):
    """Second derivatives of a function of one row, row by row, in the mean: (width, width)."""
    return torch.stack([torch.autograd.functional.hessian(logit_of, row) for row in x]).mean(dim=0)


def strengths_of_products(products, x, slices):
    """Root mean square of x_i S_ij x_j over every row for field i and every row for field j, centred."""
    x = x - x.mean(dim=0)
    matrix = np.zeros((len(slices), len(slices)))
    for i, a in enumerate(slices):
        for j, b in enumerate(slices):
            if i != j:
                matrix[i, j] = float((x[:, a] @ products[a, b] @ x[:, b].T).square().mean().sqrt())
    return matrix


@pytest.mark.parametrize("cross", ["vector", "matrix"])
def test_strengths_of_two_cross_layers_are_those_of_the_logits_second_derivatives(cross):
    encoder, batch = encoded(12)
    model = random_model("dcn", encoder.layout, cross=cross, structure="parallel", num_cross_layers=2, mlp_sizes=())
    model.double()
    x0 = model.inputs(batch).detach()
    hessian = mean_hessian(lambda x: model.head(x[None], model.cross_states(x[None])[-1])[0], x0.double())
    expected = strengths_of_products(hessian, x0.double(), list(model.inputs.slices.values()))
    model.float()
    assert expected.max() > 0.1
    np.testing.assert_allclose(dcn_strengths(model, batch), expected, atol=1e-5, rtol=1e-5)


def test_the_mlp_has_its_part_in_the_strengths_of_a_dcn():
    encoder, batch = encoded(12)
    model = random_model("dcn-v2", encoder.layout, structure="parallel")
    with torch.no_grad():
        model.cross.weights.zero_()
    x0 = model.inputs(batch).detach()
    expected = strengths_of_products(mean_curvature(model, x0).float(), x0.float(), list(model.inputs.slices.values()))
    assert expected.max() > 0.01
    np.testing.assert_allclose(dcn_strengths(model, batch), expected, atol=1e-5)


def test_an_mlp_on_top_of_empty_cross_layers_is_read_as_one_beside_them():
    encoder, batch = encoded(12)
    beside, on_top = (random_model("dcn-v2", encoder.layout, structure=name) for name in ("parallel", "stacked"))
    on_top.inputs.load_state_dict(beside.inputs.state_dict())
    on_top.mlp.load_state_dict(beside.mlp.state_dict())
    with torch.no_grad():
        for model in (beside, on_top):
            model.cross.weights.zero_()
            model.cross.biases.zero_()
            model.output.weight.fill_(0.3)
    found = [dcn_strengths(model, batch) for model in (beside, on_top)]
    assert found[0].max() > 0.01
    np.testing.assert_allclose(*found, atol=1e-6)


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
