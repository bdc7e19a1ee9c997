"""Three-way terms beside eight forward passes, and on functions whose triples are known."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import torch

from ctr_app.data.batch import Batch, FieldLayout
from ctr_app.data.synthetic.functions import FUNCTIONS
from ctr_app.explain.behaviour import by_behaviour
from ctr_app.explain.triples import has_triples, strongest_triples
from ctr_app.training.trainer import predict

from .examples import encoded, random_model, row_of
from .test_behaviour import slow_swap

NAMES = tuple(f"x{i}" for i in range(1, 11))
NUMBERS = FieldLayout(NAMES, (), (), {})


class Formula(torch.nn.Module):
    """One of the standard functions as a model of ten numbers."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.function = FUNCTIONS[name]

    def forward(self, batch: Batch) -> torch.Tensor:
        values = batch.numeric.double().numpy()
        return torch.from_numpy(self.function.values({i + 1: values[:, i] for i in range(10)}))

    def rows(self, count: int) -> Batch:
        generator = np.random.default_rng(0)
        columns = [generator.uniform(*self.function.bounds(i), size=count) for i in range(1, 11)]
        numeric = torch.tensor(np.array(columns).T, dtype=torch.float32)
        return Batch(numeric, torch.zeros(count, 0, dtype=torch.int32), {}, torch.zeros(count))


@pytest.mark.parametrize("name", [*FUNCTIONS])
def test_on_the_standard_functions_the_true_triples_are_exactly_the_strongest(name: str) -> None:
    model = Formula(name)
    found = strongest_triples(model, NUMBERS, model.rows(400), num_pairs=200)
    true = {t for s in FUNCTIONS[name].sets for t in combinations([f"x{i}" for i in s], 3)}
    assert len(found) == 120
    ranked = list(zip(found["field_a"], found["field_b"], found["field_c"], strict=True))
    assert set(ranked[: len(true)]) == true
    assert (found["strength"][len(true) :] < 1e-5).all()


@pytest.mark.parametrize("name", ["dcn-v2", "din"])
def test_the_strength_is_that_of_eight_forward_passes(name: str) -> None:
    encoder, batch = encoded()
    layout, model = encoder.layout, random_model(name, encoder.layout)
    found = strongest_triples(model, layout, batch, num_pairs=6, seed=3)
    drawn = np.random.default_rng(3).permutation(len(batch))
    assert len(found) == 35
    for line in found.head(4).itertuples():
        squares = []
        for a, b in zip(drawn[:6], drawn[6:12], strict=True):
            row, other = row_of(batch, int(a)), row_of(batch, int(b))
            difference = sum(
                (-1) ** (3 - size) * predict(model, slow_swap(layout, row, other, fields))[0]
                for size in range(4)
                for fields in combinations((line.field_a, line.field_b, line.field_c), size)
            )
            squares.append(difference**2)
        assert line.strength == pytest.approx((np.mean(squares) / 8) ** 0.5, abs=1e-5)
        assert line.error == pytest.approx(np.std(squares) / 6**0.5 / 16 / line.strength, rel=1e-3)


def test_a_product_of_three_has_its_own_root_mean_square_as_strength() -> None:
    class Product(torch.nn.Module):
        def forward(self, batch: Batch) -> torch.Tensor:
            return batch.numeric[:, 2:5].prod(dim=1) + batch.numeric[:, 0] * batch.numeric[:, 2]

    rows = Formula("f2").rows(8000)
    found = strongest_triples(Product(), NUMBERS, rows, most_triples=3, num_pairs=4000)
    best = found.iloc[0]
    assert (best["field_a"], best["field_b"], best["field_c"]) == ("x3", "x4", "x5")
    assert best["strength"] == pytest.approx(3**-1.5, abs=3 * best["error"])
    assert 0 < best["error"] < 0.02
    assert len(found) == 3


def test_no_triple_is_stronger_than_the_weakest_of_its_pairs() -> None:
    model = Formula("f5")
    rows = model.rows(2000)
    pairs = by_behaviour(model, NUMBERS, rows, 1000)
    strengths = {frozenset((p.field_a, p.field_b)): p.strength for p in pairs.itertuples()}
    for line in strongest_triples(model, NUMBERS, rows, num_pairs=1000).head(2).itertuples():
        weakest = min(strengths[frozenset(p)] for p in combinations((line.field_a, line.field_b, line.field_c), 2))
        assert line.strength < weakest + 3 * line.error


def test_an_fm_and_one_cross_layer_alone_have_none_and_the_others_can() -> None:
    encoder, batch = encoded()

    def of(name: str, **settings: object) -> bool:
        return has_triples(random_model(name, encoder.layout, **settings))

    assert not of("fm")
    assert not of("dcn-v2", num_cross_layers=1, mlp_sizes=())
    assert of("dcn-v2", num_cross_layers=2, mlp_sizes=())
    assert of("dcn-v2", num_cross_layers=1)
    assert of("dcn-mix", num_cross_layers=1, mlp_sizes=())
    assert of("din")
    for name, settings in (("fm", {}), ("dcn-v2", {"num_cross_layers": 1, "mlp_sizes": ()})):
        model = random_model(name, encoder.layout, **settings)
        assert strongest_triples(model, encoder.layout, batch)["strength"].max() < 1e-5


def test_two_fields_have_no_triple_and_one_row_no_swap() -> None:
    encoder, batch = encoded()
    model = random_model("dcn-v2", encoder.layout)
    assert strongest_triples(model, encoder.layout, row_of(batch, 0))["strength"].max() < 1e-5
    two = FieldLayout(("x1", "x2"), (), (), {})
    rows = Batch(torch.rand(4, 2), torch.zeros(4, 0, dtype=torch.int32), {}, torch.zeros(4))
    assert strongest_triples(random_model("dcn-v2", two), two, rows).empty
