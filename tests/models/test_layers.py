"""The parts that models are composed of, beside slow and obvious versions."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn

from ctr_app.models.layers import (
    MLP,
    Dice,
    Dropout,
    FieldEmbedding,
    FieldInputs,
    SafeBatchNorm,
    activation,
    evaluation_mode,
    square_root_dims,
    uniform_dims,
)

from .examples import ACTIVATIONS, MIXED, random_batch, slow_linear


def embedding(dims=None):
    torch.manual_seed(1)
    return FieldEmbedding(MIXED, dims or uniform_dims(MIXED, 3), std=1.0)


@pytest.mark.parametrize("dims", [uniform_dims(MIXED, 3), square_root_dims(MIXED, 5)], ids=["uniform", "sqrt"])
def test_categorical_vectors_are_rows_of_the_fields_own_tables(dims):
    vectors, batch = embedding(dims), random_batch(MIXED, 6)
    found = vectors.categorical(batch)
    for column, name in enumerate(MIXED.categorical):
        assert found[column].shape == (6, dims[name])
        for row in range(6):
            assert torch.equal(found[column][row], vectors.weight(name)[batch.categorical[row, column]])


@pytest.mark.parametrize("name", ["history", "tags"])
def test_pooled_sequence_is_the_mean_of_its_real_items_and_zero_without_any(name):
    vectors, batch = embedding(), random_batch(MIXED, 7)
    pooled = vectors.pooled(batch, name)
    for row, ids in enumerate(batch.sequences[name].tolist()):
        items = [vectors.weight(name)[i] for i in ids if i > 0]
        expected = sum(items) / len(items) if items else torch.zeros(3)
        torch.testing.assert_close(pooled[row], expected)


def test_lookup_gives_the_vectors_of_any_shape_of_ids():
    vectors, ids = embedding(), torch.tensor([[1, 2], [5, 0]], dtype=torch.int32)
    assert torch.equal(vectors.lookup("history", ids), vectors.weight("film")[ids.long()])


def test_candidate_and_history_share_one_table():
    vectors = embedding()
    assert vectors.weight("history").data_ptr() == vectors.weight("film").data_ptr()
    assert vectors.weight("tags").data_ptr() != vectors.weight("film").data_ptr()


def test_a_gradient_through_the_history_moves_the_candidates_vector():
    vectors, batch = embedding(), random_batch(MIXED, 1)
    batch.sequences["history"][:] = torch.tensor([[4, 0, 0, 0, 0]])
    batch.categorical[0, 0] = 4
    before = vectors.categorical(batch)[0].detach().clone()
    vectors.pooled(batch, "history").sum().backward()
    with torch.no_grad():
        for parameter in vectors.parameters():
            parameter -= 0.5 * parameter.grad
    torch.testing.assert_close(vectors.categorical(batch)[0], before - 0.5)


def test_tables_of_one_width_lie_in_one_matrix_without_overlap():
    vectors = embedding(square_root_dims(MIXED, 5))
    for table, size in MIXED.vocabulary_sizes.items():
        assert vectors.weight(table).shape == (size, vectors.dims[table])
    assert sum(p.numel() for p in vectors.parameters()) == sum(
        size * vectors.dims[table] for table, size in MIXED.vocabulary_sizes.items()
    )


def test_square_root_sizes_grow_with_the_vocabulary_between_two_and_the_maximum():
    assert square_root_dims(MIXED, 5) == {"film": 3, "device": 2, "city": 5, "tags": 2}
    assert uniform_dims(MIXED, 5) == {"film": 5, "device": 5, "city": 5, "tags": 5}


@pytest.mark.parametrize("dims", [uniform_dims(MIXED, 3), square_root_dims(MIXED, 5)], ids=["uniform", "sqrt"])
def test_field_inputs_slices_say_whose_each_column_is(dims):
    inputs, batch = FieldInputs(embedding(dims)), random_batch(MIXED, 4)
    x = inputs(batch)
    assert x.shape == (4, inputs.width)
    assert list(inputs.slices) == list(MIXED.field_names)
    assert torch.equal(x[:, inputs.slices["age"]], batch.numeric[:, 1:2])
    assert torch.equal(x[:, inputs.slices["city"]], inputs.embedding.categorical(batch)[2])
    assert torch.equal(x[:, inputs.slices["tags"]], inputs.embedding.pooled(batch, "tags"))


def slow_dice(s, alpha, mean, variance):
    """p s + (1 - p) alpha s with p the sigmoid of s normalised, number by number."""
    out = torch.empty_like(s)
    for row in range(s.shape[0]):
        for unit in range(s.shape[1]):
            z = (s[row, unit].item() - mean[unit]) / math.sqrt(variance[unit] + 1e-8)
            p = 1 / (1 + math.exp(-z))
            out[row, unit] = p * s[row, unit] + (1 - p) * alpha[unit] * s[row, unit]
    return out


def dice_and_input():
    torch.manual_seed(2)
    dice, s = Dice(3), 2 * torch.randn(5, 3) + 1
    nn.init.normal_(dice.alpha)
    dice.norm.running_mean.copy_(torch.tensor([0.5, -1.0, 2.0]))
    dice.norm.running_var.copy_(torch.tensor([0.5, 4.0, 1.0]))
    return dice, s


def test_dice_in_training_normalises_over_the_rows_it_is_given():
    dice, s = dice_and_input()
    means = [sum(s[:, unit].tolist()) / 5 for unit in range(3)]
    variances = [sum((x - means[unit]) ** 2 for x in s[:, unit].tolist()) / 5 for unit in range(3)]
    torch.testing.assert_close(dice(s), slow_dice(s, dice.alpha, means, variances))


def test_dice_in_evaluation_uses_its_running_statistics():
    dice, s = dice_and_input()
    expected = slow_dice(s, dice.alpha, dice.norm.running_mean.tolist(), dice.norm.running_var.tolist())
    torch.testing.assert_close(dice.eval()(s), expected)


@pytest.mark.parametrize("rows", [0, 1])
def test_batch_norm_of_fewer_than_two_training_rows_uses_and_keeps_its_running_statistics(rows):
    norm, x = SafeBatchNorm(3), torch.randn(rows, 3)
    norm.running_mean.normal_()
    before = norm.running_mean.clone()
    in_training = norm(x)
    assert torch.equal(norm.running_mean, before)
    torch.testing.assert_close(in_training, norm.eval()(x))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_mlp_is_linear_norm_and_activation_once_per_size(name):
    torch.manual_seed(3)
    mlp, x = MLP(4, (3, 2), activation_name=name).eval(), torch.randn(5, 4)
    assert [layer.linear.out_features for layer in mlp.layers] == [3, 2]
    expected = x
    for layer in mlp.layers:
        rows = torch.stack([slow_linear(layer.linear, row) for row in expected])
        expected = layer.activation(layer.norm(rows))
    torch.testing.assert_close(mlp(x), expected)


def test_mlp_without_hidden_sizes_hands_its_input_on():
    mlp, x = MLP(4, ()), torch.randn(2, 4)
    assert mlp.out_dim == 4
    assert torch.equal(mlp(x), x)


def test_activation_is_one_of_three():
    assert isinstance(activation("relu", 2), nn.ReLU)
    assert isinstance(activation("dice", 2), Dice)
    with pytest.raises(KeyError):
        activation("swish", 2)


@pytest.mark.parametrize("was_training", [True, False])
def test_evaluation_mode_puts_the_models_mode_back_even_after_an_error(was_training):
    model = nn.Sequential(nn.Dropout(0.5)).train(was_training)
    with evaluation_mode(model):
        assert not model[0].training
    assert model[0].training is was_training
    with pytest.raises(RuntimeError), evaluation_mode(model):
        raise RuntimeError
    assert model[0].training is was_training


@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_dropout_leaves_out_its_share_and_keeps_the_mean(share):
    dropout, x = Dropout(share), torch.ones(400, 251)
    dropped = dropout(x)
    assert (dropped == 0).float().mean() == pytest.approx(share, abs=0.01)
    assert dropped.mean() == pytest.approx(1.0, abs=0.05)
    kept = dropped[dropped != 0]
    assert torch.equal(kept, kept[0].expand_as(kept))


def test_dropout_is_the_identity_in_evaluation_and_without_a_share():
    x = torch.randn(5, 3)
    assert Dropout(0.5).eval()(x) is x
    assert Dropout(0.0)(x) is x


def test_dropout_sends_gradients_through_what_it_kept_only():
    x = torch.randn(50, 3, requires_grad=True)
    dropped = Dropout(0.5)(x)
    dropped.sum().backward()
    assert torch.equal(x.grad != 0, dropped != 0)
