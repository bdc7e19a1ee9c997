"""Contributions of the fields to one logit: exact sums, and slow obvious versions."""

from __future__ import annotations

from itertools import permutations

import pytest
import torch
from captum.attr import FeatureAblation, IntegratedGradients

from ctr_app.data.batch import Batch
from ctr_app.explain.contributions import ablation, agreement, exact, per_field, shapley
from ctr_app.explain.gradients import integrated_gradients
from ctr_app.models.fm import FM
from ctr_app.training.trainer import predict

from .examples import encoded, random_model, row_of

MODELS = ("fm", "dcn-v1", "dcn-v2", "dcn-mix", "din")


def with_values(batch: Batch, row: Batch, layout: object, fields: set[str]) -> Batch:
    """The rows of ``batch`` with ``fields`` from ``row``, field by field."""
    numeric, categorical, sequences = batch.numeric.clone(), batch.categorical.clone(), dict(batch.sequences)
    for name in fields:
        if name in layout.numeric:  # type: ignore[attr-defined]
            numeric[:, layout.numeric.index(name)] = row.numeric[0, layout.numeric.index(name)]  # type: ignore[attr-defined]
        elif name in layout.categorical:  # type: ignore[attr-defined]
            place = layout.categorical.index(name)  # type: ignore[attr-defined]
            categorical[:, place] = row.categorical[0, place]
        else:
            sequences[name] = row.sequences[name].expand_as(sequences[name])
    return Batch(numeric, categorical, sequences, batch.labels)


def test_fm_sums_to_the_logit_exactly_and_each_pair_is_its_own_term() -> None:
    encoder, batch = encoded()
    model = random_model("fm", encoder.layout)
    assert isinstance(model, FM)
    for number in range(10):
        row = row_of(batch, number)
        found = exact(model, row, batch)
        assert abs(found.delta) < 1e-5
        vectors, means = (model.field_vectors(rows).double().mean(dim=0).detach() for rows in (row, batch))
        line = found.frame[(found.frame["field"] == "price") & (found.frame["with_field"] == "film")]
        names = encoder.layout.field_names
        i, j = names.index("price"), names.index("film")
        assert line["contribution"].item() == pytest.approx(((vectors[i] - means[i]) @ (vectors[j] - means[j])).item())


@pytest.mark.parametrize("name", MODELS)
def test_ablation_is_the_mean_of_rows_with_one_field_changed(name: str) -> None:
    encoder, batch = encoded()
    model, row, others = random_model(name, encoder.layout), row_of(batch, 3), batch.select(slice(10, 30))
    found = ablation(model, encoder.layout, row, others).frame.set_index("field")["contribution"]
    for field in encoder.layout.field_names:
        rest = set(encoder.layout.field_names) - {field}
        slow = predict(model, row)[0] - predict(model, with_values(others, row, encoder.layout, rest)).mean()
        assert found[field] == pytest.approx(slow, abs=1e-5), field


@pytest.mark.parametrize("name", MODELS)
def test_shapley_values_of_all_orders_are_the_definitions(name: str) -> None:
    encoder, batch = encoded()
    model, row, other = random_model(name, encoder.layout), row_of(batch, 3), row_of(batch, 8)
    found = shapley(model, encoder.layout, row, other, num_orders=400)
    assert abs(found.delta) < 1e-5
    slow = dict.fromkeys(encoder.layout.field_names, 0.0)
    orders = list(permutations(encoder.layout.field_names))[:: 5040 // 720]
    subsets: dict[frozenset[str], float] = {}

    def value(fields: frozenset[str]) -> float:
        if fields not in subsets:
            subsets[fields] = float(predict(model, with_values(other, row, encoder.layout, set(fields)))[0])
        return subsets[fields]

    for order in orders:
        for place, field in enumerate(order):
            slow[field] += (value(frozenset(order[: place + 1])) - value(frozenset(order[:place]))) / len(orders)
    errors = found.frame.set_index("field")["error"]
    for line in found.frame.to_dict("records"):
        assert line["contribution"] == pytest.approx(slow[line["field"]], abs=5 * errors[line["field"]] + 1e-3)


def test_shapley_can_be_stopped_and_what_is_done_counts() -> None:
    encoder, batch = encoded()
    model = random_model("dcn-v2", encoder.layout)
    done: list[int] = []

    def stop(count: int, _of: int) -> bool:
        done.append(count)
        return count < 50

    found = shapley(model, encoder.layout, row_of(batch, 0), batch, on_progress=stop)
    assert done == [25, 50]
    assert abs(found.delta) < 1e-5


@pytest.mark.parametrize("name", MODELS)
def test_integrated_gradients_sum_to_the_logit(name: str) -> None:
    encoder, batch = encoded()
    model = random_model(name, encoder.layout)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    for number in range(8):
        row = row_of(batch, number)
        found = integrated_gradients(model, encoder.layout, row, batch)
        assert found.logit == pytest.approx(predict(model, row)[0], abs=1e-4)
        assert found.relative_delta < 0.01 or abs(found.delta) < 1e-3
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())


def test_integrated_gradients_are_captums_on_the_numbers_of_a_model_of_numbers() -> None:
    encoder, batch = encoded()
    model = random_model("dcn-v2", encoder.layout)
    row = row_of(batch, 2)
    own = row.numeric.double()
    ours = integrated_gradients(model, encoder.layout, row, row.select(slice(None))).frame  # same row: nothing moves
    assert ours["contribution"].abs().max() < 1e-9
    zeros = Batch(torch.zeros_like(row.numeric), row.categorical, row.sequences, row.labels)
    ours = integrated_gradients(model, encoder.layout, row, zeros).frame.set_index("field")["contribution"]
    double = random_model("dcn-v2", encoder.layout).double().eval()
    double.load_state_dict({key: value.double() for key, value in model.state_dict().items()})

    def of_numbers(numbers: torch.Tensor) -> torch.Tensor:
        count = len(numbers)
        many = Batch(
            numbers,
            row.categorical.expand(count, -1),
            {name: ids.expand(count, -1) for name, ids in row.sequences.items()},
            row.labels.expand(count),
        )
        return double(many)

    theirs = IntegratedGradients(of_numbers).attribute(own, torch.zeros_like(own), n_steps=256)[0]
    assert ours[list(encoder.layout.numeric)].to_numpy() == pytest.approx(theirs.detach().numpy(), abs=5e-3)
    assert FeatureAblation(of_numbers).attribute(own, torch.zeros_like(own)).shape == own.shape


def test_methods_that_say_the_same_agree() -> None:
    encoder, batch = encoded()
    model = random_model("fm", encoder.layout)
    assert isinstance(model, FM)
    row = row_of(batch, 1)
    found = [exact(model, row, batch), shapley(model, encoder.layout, row, batch, num_orders=600)]
    assert per_field(found[0]).sum() == pytest.approx(found[0].logit - found[0].baseline, abs=1e-5)
    assert agreement(found)["correlation"].item() > 0.9
