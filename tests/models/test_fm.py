"""FM's closed form beside the double sum that it stands for."""

from __future__ import annotations

import pytest
import torch

from ctr_app.models.fm import FM, FMConfig, pairwise_sum

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
            logit = logit + x * (model.numeric_linear[i] if table is None else model.linear.weight(table)[i, 0])
    for first in range(len(fields)):
        for second in range(first + 1, len(fields)):
            for x, table, i in fields[first][1]:
                for y, other, j in fields[second][1]:
                    v = model.numeric_factors[i] if table is None else model.factors.weight(table)[i]
                    w = model.numeric_factors[j] if other is None else model.factors.weight(other)[j]
                    logit = logit + dot(v, w) * x * y
    return logit


@pytest.mark.parametrize("layout", [MIXED, TWO_HISTORIES, ONLY_NUMERIC, ONLY_CATEGORICAL])
def test_fm_is_the_double_sum_over_pairs_of_features(layout):
    model, batch = build("fm", layout), random_batch(layout, 7)
    expected = torch.stack([slow_logit(model, batch, row) for row in range(7)])
    torch.testing.assert_close(model(batch), expected)


def test_pairwise_sum_is_the_sum_over_pairs():
    vectors = torch.randn(3, 5, 4)
    expected = torch.stack(
        [sum(dot(v[i], v[j]) for i in range(5) for j in range(i + 1, 5)) for v in vectors]  # type: ignore[misc]
    )
    torch.testing.assert_close(pairwise_sum(vectors), expected)


def test_pairwise_sum_of_one_field_is_zero():
    torch.testing.assert_close(pairwise_sum(torch.randn(3, 1, 4)), torch.zeros(3))


def test_field_vectors_and_linear_terms_are_in_the_order_of_the_layout():
    model, batch = build("fm", MIXED), random_batch(MIXED, 4)
    vectors, terms = model.field_vectors(batch), model.linear_terms(batch)
    assert vectors.shape == (4, 7, 4)
    assert terms.shape == (4, 7)
    torch.testing.assert_close(vectors[:, 1], batch.numeric[:, 1:2] * model.numeric_factors[1])
    assert torch.equal(vectors[:, 3], model.factors.weight("device")[batch.categorical[:, 1]])
    assert torch.equal(terms[:, 3], model.linear.weight("device")[batch.categorical[:, 1], 0])


def test_fm_begins_without_linear_weights_and_with_small_vectors():
    model = FM(MIXED, FMConfig())
    assert not model.linear.weight("film").any()
    assert model.factors.weight("city").std() < 0.02
