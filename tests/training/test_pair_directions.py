"""First vectors from pairs: what they hold, whose they are, and what a model makes of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from ctr_app.data.batch import Batch, FieldLayout
from ctr_app.models.dcn import FIRST_LENGTH
from ctr_app.training import pair_directions as module
from ctr_app.training.pair_directions import begin_from_pairs, pair_directions

from . import examples

LAYOUT = FieldLayout(("price",), ("film", "device", "city"), (), {"film": 8, "device": 7, "city": 9})
# An effect of film and device without a mean in any row or column, one number of which is all: (5, 4).
EFFECT = 1.5 * np.outer([1.0, -1.0, 1.0, -1.0, 0.0], [1.0, 1.0, -1.0, -1.0])


def rows_with(effect=EFFECT, slope=0.0, rows=6000, seed=0):
    """Clicks by main effects of every field, by ``effect`` of film and device, and by ``slope`` of price and city."""
    generator = np.random.default_rng(seed)
    film, device, city = (generator.integers(0, size, rows) for size in (5, 4, 6))
    price = generator.normal(size=rows)
    logits = -1 + 0.5 * film - 0.4 * device + 0.3 * price + effect[film, device] + slope * price * np.sign(city - 2.5)
    labels = generator.random(rows) < 1 / (1 + np.exp(-logits))
    ids = torch.from_numpy(np.stack([film, device, city], axis=1) + 3)
    numbers = torch.from_numpy(price[:, None]).float()
    return Batch(numbers, ids, {}, torch.from_numpy(labels).float())


def products(found, a, b):
    """The products of two fields' vectors, values in the order of their ids."""
    return found[a].vectors[found[a].ids.argsort()] @ found[b].vectors[found[b].ids.argsort()].T


def test_products_of_first_vectors_are_about_the_effect_of_their_pair():
    found = pair_directions(LAYOUT, rows_with(), 4)
    assert set(found) == {"film", "device"}
    learned = products(found, "film", "device")
    assert np.corrcoef(learned.ravel(), EFFECT.ravel())[0, 1] > 0.97
    assert np.sqrt((learned**2).mean()) == pytest.approx(np.sqrt((EFFECT**2).mean()), rel=0.35)


def test_a_number_has_one_vector_and_the_values_that_it_bends_follow_its_slope():
    found = pair_directions(LAYOUT, rows_with(0 * EFFECT, slope=1.0), 4)
    assert set(found) == {"price", "city"}
    assert found["price"].ids.tolist() == [0]
    slopes = products(found, "city", "price")[:, 0]
    assert (slopes[:3] < -0.5).all()
    assert (slopes[3:] > 0.5).all()


@pytest.mark.parametrize("seed", range(4))
def test_main_effects_alone_give_no_first_vectors(seed):
    assert pair_directions(LAYOUT, rows_with(0 * EFFECT, seed=seed), 4) == {}


def test_labels_that_are_all_alike_give_none():
    rows = rows_with(rows=50)
    assert pair_directions(LAYOUT, Batch(rows.numeric, rows.categorical, {}, torch.ones(50)), 4) == {}


def test_the_order_of_rows_does_not_count():
    rows = rows_with()
    turned = rows.select(torch.arange(len(rows)).flip(0))
    one, other = (products(pair_directions(LAYOUT, of, 4), "film", "device") for of in (rows, turned))
    np.testing.assert_allclose(one, other, atol=1e-6)


def test_rare_values_have_no_vector(monkeypatch):
    monkeypatch.setattr(module, "MOST_VALUES", 3)
    rows = rows_with()
    found = pair_directions(LAYOUT, rows, 4)
    frequent = np.bincount(rows.categorical[:, 0].numpy()).argsort(kind="stable")[::-1][:3]
    assert set(found["film"].ids.tolist()) == set(frequent.tolist())


def test_of_many_rows_a_sample_is_enough(monkeypatch):
    monkeypatch.setattr(module, "MOST_ROWS", 3000)
    found = pair_directions(LAYOUT, rows_with(rows=9000), 4)
    assert np.corrcoef(products(found, "film", "device").ravel(), EFFECT.ravel())[0, 1] > 0.9


def test_directions_keep_distances_up_to_a_factor_and_have_the_length_asked_for():
    known = pair_directions(LAYOUT, rows_with(), 4)["film"]
    turned = known.directions(6, 1.5)
    assert turned.shape == (len(known.ids), 6)
    assert np.sqrt((known.shares[:, None] * turned**2).sum()) == pytest.approx(1.5)
    ratio = (turned @ turned.T) / (known.vectors @ known.vectors.T)
    np.testing.assert_allclose(ratio, ratio[0, 0], rtol=1e-6)


@pytest.mark.parametrize(("first_vectors", "has_moved"), [("pairs", True), ("random", False)])
def test_fm_begins_with_the_pairs_unless_it_is_to_begin_at_random(first_vectors, has_moved):
    model = examples.build("fm", first_vectors=first_vectors)
    before = model.factors("item").clone(), model.linear_weights("item").clone()
    begin_from_pairs(model, examples.random_batch(2000))
    assert torch.equal(model.factors("item"), before[0]) != has_moved
    assert torch.equal(model.linear_weights("item"), before[1])


@pytest.mark.parametrize(("most_values", "length"), [(9, FIRST_LENGTH), (8, 0.0)])
def test_dcn_begins_with_directions_where_every_value_of_the_interacting_fields_has_some(
    most_values, length, monkeypatch
):
    rows = examples.random_batch(2000)  # of 9 items and 4 devices
    begun, random = (examples.build("dcn", first_vectors=first_vectors) for first_vectors in ("pairs", "random"))
    assert _change(begun, random, "item").abs().max() == 0
    monkeypatch.setattr(module, "MOST_VALUES", most_values)
    begin_from_pairs(begun, rows)
    begin_from_pairs(random, rows)
    for place, name in enumerate(("item", "device")):
        change = _change(begun, random, name)
        shares = torch.bincount(rows.categorical[:, place], minlength=len(change))[:, None] / len(rows)
        assert (shares * change**2).sum().sqrt().item() == pytest.approx(length, rel=1e-4)


def _change(one, other, field):
    """By how much two models' vectors of a field differ, (V, D)."""
    return (one.inputs.embedding.weight(field) - other.inputs.embedding.weight(field)).detach()


def test_fm_begins_with_the_effect_in_its_logit():
    rows = examples.random_batch(2000)
    model = examples.build("fm")
    begin_from_pairs(model, rows)
    known = pair_directions(examples.LAYOUT, rows, model.first_dim)
    ids = torch.from_numpy(known["item"].ids)
    expected = known["item"].vectors @ known["device"].vectors.T
    learned = model.factors("item")[ids] @ model.factors("device")[torch.from_numpy(known["device"].ids)].T
    np.testing.assert_allclose(learned.detach(), expected, atol=0.2)


def test_din_begins_at_random():
    model = examples.build("din")
    before = [weights.clone() for weights in model.parameters()]
    begin_from_pairs(model, examples.random_batch(200))
    assert all(torch.equal(one, other) for one, other in zip(before, model.parameters(), strict=True))
