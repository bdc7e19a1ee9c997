"""FM and DCN without some pairs and fields, beside the same computed in the slow way."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from ctr_app.explain.wires import without
from ctr_app.training.trainer import predict

from .examples import encoded, random_model

PAIRS = [("price", "film"), ("film", "films"), ("genre", "tags")]
FIELDS = ["visits", "genres"]
DCNS = ["dcn-v1", "dcn-v2", "dcn-mix"]


def logits_of(forward, batch):
    with torch.no_grad():
        return forward(batch).double().numpy()


@pytest.mark.parametrize("is_raw", [False, True])
def test_an_fm_without_pairs_is_the_double_sum_over_the_others(is_raw):
    encoder, batch = encoded()
    model, names = random_model("fm", encoder.layout), encoder.layout.field_names
    with torch.no_grad():
        weights, vectors = model.linear_terms(batch).double(), model.field_vectors(batch).double()
    weights[:, [names.index(f) for f in FIELDS]] = weights.mean(dim=0)[[names.index(f) for f in FIELDS]]
    means = vectors.mean(dim=0)
    expected = []
    for row in range(len(batch)):
        v = [means[f] if names[f] in FIELDS else vectors[row, f] for f in range(len(names))]
        total = model.bias.item() + float(weights[row].sum())
        for i in range(len(names)):
            for j in range(i + 1, len(names)):
                together = float(v[i] @ v[j])
                if (names[i], names[j]) in PAIRS:
                    together -= float(v[i] @ v[j] if is_raw else (v[i] - means[i]) @ (v[j] - means[j]))
                total += together
        expected.append(total)
    found = logits_of(without(model, batch, PAIRS, FIELDS, is_raw), batch)
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_a_raw_cut_is_a_dcn_v2_with_zeros_in_its_blocks():
    encoder, batch = encoded()
    model = random_model("dcn-v2", encoder.layout, num_cross_layers=3)
    zeroed, slices = copy.deepcopy(model), model.inputs.slices
    with torch.no_grad():
        for a, b in PAIRS:
            zeroed.cross.weights[:, slices[a], slices[b]] = 0.0
            zeroed.cross.weights[:, slices[b], slices[a]] = 0.0
    found = logits_of(without(model, batch, PAIRS, [], is_raw=True), batch)
    np.testing.assert_allclose(found, predict(zeroed, batch), atol=1e-5)
    assert np.abs(found - predict(model, batch)).max() > 0.1


@pytest.mark.parametrize("name", ["dcn-v1", "dcn-v2"])
def test_a_purified_cut_of_one_parallel_layer_takes_out_the_centred_products(name):
    encoder, batch = encoded()
    model = random_model(name, encoder.layout, num_cross_layers=1)
    a, b = (model.inputs.slices[field] for field in ("film", "tags"))
    with torch.no_grad():
        x0 = model.inputs(batch).double()
        matrix = model.cross.implied_matrix(0, x0.float()).double()
        slopes = model.output.weight[0, : x0.shape[1]].double()
    centred = x0 - x0.mean(dim=0)
    together = [
        float((slopes[a] * c[a]) @ matrix[a, b] @ c[b] + (slopes[b] * c[b]) @ matrix[b, a] @ c[a]) for c in centred
    ]
    found = logits_of(without(model, batch, [("film", "tags")], []), batch)
    np.testing.assert_allclose(found, predict(model, batch) - together, atol=1e-5)


def slow_dcn(model, batch, pairs, is_raw):
    """Row by row and field by field: what a field is multiplied with is read anew without the fields it is cut from."""
    slices = model.inputs.slices
    with torch.no_grad():
        states = x = x0 = model.inputs(batch)
        for index in range(model.cross.num_layers):
            mean0, mean = (torch.zeros_like(part[0]) if is_raw else part.mean(dim=0) for part in (x0, x))
            rows = []
            for first, now in zip(x0, x, strict=True):
                after = model.cross.layer(index, first[None], now[None])[0]
                for field, columns in slices.items():
                    cut = [other for pair in pairs if field in pair for other in pair if other != field]
                    still = now.clone()
                    for other in cut:
                        still[slices[other]] = mean[slices[other]]
                    one = torch.ones_like(first)[None]
                    whole, part = (model.cross.layer(index, one, read[None])[0] - read for read in (now, still))
                    after[columns] -= ((first - mean0) * (whole - part))[columns]
                rows.append(after)
            states = x = torch.stack(rows)
        return model.head(x0, states).double().numpy()


@pytest.mark.parametrize("is_raw", [False, True])
@pytest.mark.parametrize("name", DCNS)
@pytest.mark.parametrize("structure", ["parallel", "stacked"])
def test_a_cut_of_many_layers_is_a_loop_over_rows_and_fields(name, structure, is_raw):
    encoder, batch = encoded(20)
    model = random_model(name, encoder.layout, structure=structure, embedding_sizes="sqrt")
    found = logits_of(without(model, batch, PAIRS, [], is_raw), batch)
    np.testing.assert_allclose(found, slow_dcn(model, batch, PAIRS, is_raw), atol=1e-5)


@pytest.mark.parametrize("name", ["fm", *DCNS])
def test_a_field_that_is_off_changes_no_prediction_and_takes_its_pairs_along(name):
    encoder, batch = encoded()
    model = random_model(name, encoder.layout)
    off = without(model, batch, [], ["price"])
    batch.numeric[:, 0] += torch.randn(len(batch))
    other = encoded()[1]
    np.testing.assert_allclose(logits_of(off, batch), logits_of(off, other), atol=1e-6)
    with_pair = without(model, other, [("price", "film")], ["price"])
    np.testing.assert_allclose(logits_of(with_pair, other), logits_of(off, other), atol=1e-5)


@pytest.mark.parametrize("name", ["fm", *DCNS])
def test_the_model_is_left_as_it_was(name):
    encoder, batch = encoded()
    model = random_model(name, encoder.layout)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    expected = predict(model, batch)
    for is_raw in (False, True):
        logits_of(without(model, batch, PAIRS, FIELDS, is_raw), batch)
    assert not model.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    np.testing.assert_array_equal(predict(model, batch), expected)


@pytest.mark.parametrize("name", ["fm", *DCNS])
def test_without_a_cut_the_logits_are_the_models_own(name):
    encoder, batch = encoded()
    model = random_model(name, encoder.layout)
    np.testing.assert_allclose(logits_of(without(model, batch, [], []), batch), predict(model, batch), atol=1e-5)


def test_din_has_no_terms_of_pairs():
    encoder, batch = encoded()
    with pytest.raises(TypeError, match="DIN has no pair terms"):
        without(random_model("din", encoder.layout), batch, [("film", "films")], [])
