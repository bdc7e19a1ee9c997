"""FM's closed form beside the double sum that it stands for."""

from __future__ import annotations

import pytest
import torch

from ctr_app.models.fm import FM, FMConfig, linear_and_pairwise

from .examples import MIXED, ONLY_CATEGORICAL, ONLY_NUMERIC, TWO_HISTORIES, build, dot, random_batch


def features_of(layout, batch, row):
    """Each field of one row as (field, [(x, table, id or numeric index)]): the x_i of Rendle's equation 1."""
    fields = [(name, [(batch.numeric[row, i], None, i)]) for i, name in enumerate(layout.numeric)]
    fields += [
        (name, [(torch.tensor(1.0), name, int(batch.categorical[row, i]))]) for i, name in enumerate(layout.categorical)
    ]
    for sequence in layout.sequences:
        items = [int(i) for i in batch.sequences[sequence.name][row] if i > 0]
        fields.append((sequence.name, [(torch.tensor(1 / len(items)), sequence.name, i) for i in items]))
    return fields


def slow_logit(model, batch, row):
    """w0 + sum w_i x_i + sum over pairs of features of different fields of <v_i, v_j> x_i x_j."""
    logit = model.bias.clone()
    fields = features_of(model.layout, batch, row)
    for _, features in fields:
        for x, table, i in features:
            logit = logit + x * (model.numeric[i, 0] if table is None else model.linear_weights(table)[i])
    for first in range(len(fields)):
        for second in range(first + 1, len(fields)):
            for x, table, i in fields[first][1]:
                for y, other, j in fields[second][1]:
                    v = model.numeric[i, 1:] if table is None else model.factors(table)[i]
                    w = model.numeric[j, 1:] if other is None else model.factors(other)[j]
                    logit = logit + dot(v, w) * x * y
    return logit


@pytest.mark.parametrize("layout", [MIXED, TWO_HISTORIES, ONLY_NUMERIC, ONLY_CATEGORICAL])
def test_fm_is_the_double_sum_over_pairs_of_features(layout):
    model, batch = build("fm", layout, numeric_embedding="number"), random_batch(layout, 7)
    expected = torch.stack([slow_logit(model, batch, row) for row in range(7)])
    torch.testing.assert_close(model(batch), expected)


def slow_linear_and_pairwise(terms):
    """The linear terms and the sum over pairs, one by one."""
    pairs = [[dot(v[i, 1:], v[j, 1:]) for i in range(len(v)) for j in range(i + 1, len(v))] for v in terms]
    return torch.stack([v[:, 0].sum() + sum(found) for v, found in zip(terms, pairs, strict=True)])


def test_the_closed_form_is_the_sum_over_fields_and_pairs():
    terms = torch.randn(3, 5, 4)
    torch.testing.assert_close(linear_and_pairwise(terms), slow_linear_and_pairwise(terms))


def test_one_field_has_no_pairs():
    terms = torch.randn(3, 1, 4)
    torch.testing.assert_close(linear_and_pairwise(terms), terms[:, 0, 0])


def test_the_gradient_by_hand_is_that_of_the_double_sum():
    terms = torch.randn(3, 5, 4, dtype=torch.double, requires_grad=True)
    assert torch.autograd.gradcheck(linear_and_pairwise, terms)
    weights = torch.randn(3, dtype=torch.double)
    (by_hand,) = torch.autograd.grad(linear_and_pairwise(terms) @ weights, terms)
    (expected,) = torch.autograd.grad(slow_linear_and_pairwise(terms) @ weights, terms)
    torch.testing.assert_close(by_hand, expected)


def test_field_vectors_and_linear_terms_are_in_the_order_of_the_layout():
    model, batch = build("fm", MIXED), random_batch(MIXED, 4)
    vectors, terms = model.field_vectors(batch), model.linear_terms(batch)
    assert vectors.shape == (4, 7, 4)
    assert terms.shape == (4, 7)
    torch.testing.assert_close(vectors[:, 1], batch.numeric[:, 1:2] * model.numeric[1, 1:])
    assert torch.equal(vectors[:, 3], model.factors("device")[batch.categorical[:, 1]])
    assert torch.equal(terms[:, 3], model.linear_weights("device")[batch.categorical[:, 1]])


@pytest.mark.parametrize("layout", [MIXED, ONLY_NUMERIC])
def test_with_vectors_the_terms_of_a_number_are_what_its_net_makes_of_it(layout):
    model, batch = build("fm", layout, numeric_embedding="vector"), random_batch(layout, 7)
    terms, net = model.terms(batch), model.numbers
    assert torch.equal(terms[:, 1], net(batch.numeric).view(7, len(layout.numeric), 5)[:, 1])
    torch.testing.assert_close(model(batch), model.bias + slow_linear_and_pairwise(terms))
    torch.testing.assert_close(model.number_vectors("age", batch.numeric[:, 1]), terms[:, 1, 1:])


@pytest.mark.parametrize("layout", [MIXED, ONLY_NUMERIC])
def test_the_nets_of_numbers_learn_as_the_sum_over_pairs_would_have_them(layout):
    model, batch = build("fm", layout, numeric_embedding="vector"), random_batch(layout, 7)
    parameters = [model.bias, *model.numbers.parameters()]
    fast = torch.autograd.grad(model(batch).square().sum(), parameters)
    slow = torch.autograd.grad((model.bias + slow_linear_and_pairwise(model.terms(batch))).square().sum(), parameters)
    for one, other in zip(fast, slow, strict=True):
        torch.testing.assert_close(one, other)


def test_fm_begins_without_linear_weights_and_with_small_vectors():
    model = FM(MIXED, FMConfig())
    assert not model.linear_weights("film").any()
    assert model.factors("city").std() < 0.02


def test_with_vectors_fm_begins_without_linear_weights_too():
    model = FM(ONLY_NUMERIC, FMConfig(numeric_embedding="vector"))
    assert not model.linear_terms(random_batch(ONLY_NUMERIC, 7)).any()
    assert model.field_vectors(random_batch(ONLY_NUMERIC, 7)).any()
