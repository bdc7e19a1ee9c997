"""Numbers as vectors."""

from __future__ import annotations

import math

import pytest
import torch

from ctr_app.data.batch import FieldLayout
from ctr_app.models.layers import FieldEmbedding, FieldInputs, uniform_dims
from ctr_app.models.numbers import NumericEmbedding, reading

from .examples import MIXED, ONLY_NUMERIC, build, random_batch


@pytest.mark.parametrize(
    ("choice", "numbers", "others", "expected"),
    [
        ("auto", 2, 1, "vector"),
        ("auto", 1, 1, "number"),
        ("auto", 0, 2, "number"),
        ("number", 3, 0, "number"),
        ("vector", 1, 3, "vector"),
    ],
)
def test_numbers_are_read_as_is_chosen_or_as_suits_the_fields(choice, numbers, others, expected):
    names = [f"c{i}" for i in range(others)]
    layout = FieldLayout(tuple(f"n{i}" for i in range(numbers)), tuple(names), (), dict.fromkeys(names, 3))
    assert reading(choice, layout) == expected


@pytest.mark.parametrize("name", ["fm", "dcn-v2"])
def test_what_suits_the_fields_is_the_same_model_as_the_choice_of_it(name):
    for layout, choice in ((ONLY_NUMERIC, "vector"), (MIXED, "number")):
        suited, chosen = build(name, layout), build(name, layout, numeric_embedding=choice)
        assert torch.equal(suited(random_batch(layout, 5)), chosen(random_batch(layout, 5)))


def slow_vectors(embedding: NumericEmbedding, numbers: torch.Tensor) -> torch.Tensor:
    """W silu(u x + b) + c, number by number."""
    rows = []
    for row in numbers.tolist():
        vectors = []
        for field, x in enumerate(row):
            sums = [u * x + b for u, b in zip(embedding.slopes[field], embedding.shifts[field], strict=True)]
            hidden = [s / (1 + math.exp(-s)) for s in sums]
            vector = embedding.biases[field].clone()
            for h, weights in zip(hidden, embedding.weights[field], strict=True):
                vector = vector + h * weights
            vectors.append(vector)
        rows.append(torch.cat(vectors))
    return torch.stack(rows)


def test_each_number_becomes_a_vector_by_a_net_of_its_own():
    torch.manual_seed(0)
    embedding, numbers = NumericEmbedding(3, 4), torch.randn(5, 3)
    with torch.no_grad():
        embedding.biases.normal_()
        torch.testing.assert_close(embedding(numbers), slow_vectors(embedding, numbers))


def test_the_columns_of_a_number_change_with_that_number_alone():
    embedding, numbers = NumericEmbedding(3, 4), torch.randn(1, 3)
    changed = embedding(numbers + torch.tensor([[0.0, 1.0, 0.0]])) != embedding(numbers)
    assert changed.view(3, 4).any(dim=1).tolist() == [False, True, False]


def test_vectors_of_numbers_lie_in_the_slices_of_their_fields():
    torch.manual_seed(0)
    inputs = FieldInputs(FieldEmbedding(MIXED, uniform_dims(MIXED, 3)), number_dim=3)
    batch = random_batch(MIXED, 4)
    x = inputs(batch)
    assert x.shape == (4, inputs.width)
    assert inputs.width == 3 * len(MIXED.field_names)
    assert torch.equal(x[:, inputs.slices["age"]], inputs.numbers(batch.numeric)[:, 3:6])
    assert torch.equal(x[:, inputs.slices["city"]], inputs.embedding.categorical(batch)[2])
    assert torch.equal(x[:, inputs.slices["tags"]], inputs.embedding.pooled(batch, "tags"))


def test_a_cross_network_alone_reads_numbers_as_vectors():
    model = build("dcn-v2", ONLY_NUMERIC, numeric_embedding="vector", mlp_sizes=(), embedding_dim=5)
    assert model.inputs.width == 15
    assert model(random_batch(ONLY_NUMERIC, 7)).shape == (7,)
