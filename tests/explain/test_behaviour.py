"""The swap measure beside a loop over rows, and where it must be zero."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from ctr_app.data.batch import Batch
from ctr_app.data.errors import InputError
from ctr_app.explain.behaviour import by_behaviour, half_root_mean, swapped
from ctr_app.explain.pairs import pair_matrix
from ctr_app.explain.weights import by_weights
from ctr_app.training.trainer import predict

from .examples import encoded, random_model, row_of, table


class Additive(nn.Module):
    """Whole numbers per value, summed: exact in floating point, and without any interaction."""

    def forward(self, batch: Batch):
        histories = sum((ids * ids).sum(dim=1) for ids in batch.sequences.values())
        return (4 * batch.numeric).round().sum(dim=1) + batch.categorical.sum(dim=1) + histories


def test_an_additive_model_has_strengths_of_exactly_zero():
    encoder, batch = encoded()
    assert by_behaviour(Additive(), encoder.layout, batch)["strength"].tolist() == [0.0] * 21


def test_an_fm_without_factors_has_no_interactions():
    encoder, batch = encoded()
    model = random_model("fm", encoder.layout)
    with torch.no_grad():
        for parameter in (*model.embedding.parameters(), model.numeric):
            parameter[:, 1:] = 0.0
    assert by_behaviour(model, encoder.layout, batch)["strength"].max() < 1e-6


def slow_strengths(model, layout, batch, num_pairs, seed, along=()):
    """The definition, swap by swap; ``along`` are fields that go together."""
    drawn = np.random.default_rng(seed).permutation(len(batch))
    names = layout.field_names
    matrix = np.zeros((len(names), len(names)))
    for i in range(len(names)):
        for j in range(i + 1, len(names)):
            squares = []
            together = {names[i], names[j]} <= set(along)
            first, second = ([n] if together or n not in along else list(along) for n in (names[i], names[j]))
            for a, b in zip(drawn[:num_pairs], drawn[num_pairs : 2 * num_pairs], strict=True):
                row, other = row_of(batch, int(a)), row_of(batch, int(b))
                logit = [
                    predict(model, slow_swap(layout, row, other, fields))[0]
                    for fields in (first + second, first, second, ())
                ]
                squares.append((logit[0] - logit[1] - logit[2] + logit[3]) ** 2)
            matrix[i, j] = matrix[j, i] = 0.5 * np.mean(squares) ** 0.5
    return matrix


def slow_swap(layout, row, other, fields):
    numeric = [[(other if n in fields else row).numeric[0, i] for i, n in enumerate(layout.numeric)]]
    ids = [[(other if n in fields else row).categorical[0, i] for i, n in enumerate(layout.categorical)]]
    sequences = {s.name: (other if s.name in fields else row).sequences[s.name] for s in layout.sequences}
    return Batch(torch.tensor(numeric), torch.tensor(ids), sequences, row.labels)


@pytest.mark.parametrize("name", ["fm", "dcn-v2", "din"])
def test_the_swap_measure_is_a_loop_over_pairs_of_rows(name):
    encoder, batch = encoded()
    model = random_model(name, encoder.layout)
    frame = by_behaviour(model, encoder.layout, batch, num_pairs=6, seed=3)
    expected = slow_strengths(model, encoder.layout, batch, 6, 3)
    np.testing.assert_allclose(pair_matrix(encoder.layout.field_names, frame), expected, atol=1e-5)


def test_histories_attended_to_jointly_are_swapped_together():
    encoder, batch = encoded()
    model = random_model("din", encoder.layout, attention_groups="joint")
    frame = by_behaviour(model, encoder.layout, batch, num_pairs=3, seed=3)
    expected = slow_strengths(model, encoder.layout, batch, 3, 3, along=("films", "genres"))
    found = pair_matrix(encoder.layout.field_names, frame)
    np.testing.assert_allclose(found, expected, atol=1e-5)
    assert found[0, 4] == pytest.approx(found[0, 5], abs=1e-6)  # price with films is price with genres


def test_the_error_is_the_deltas_of_the_root_of_a_mean():
    squares = np.random.default_rng(0).exponential(size=(3, 40))
    counted = np.random.default_rng(1).random((3, 40)) < 0.8
    strengths, errors = half_root_mean(squares, counted)
    for row, chosen, strength, error in zip(squares, counted, strengths, errors, strict=True):
        kept = row[chosen]
        assert strength == pytest.approx(0.5 * kept.mean() ** 0.5)
        slope = 0.25 * kept.mean() ** -0.5
        assert error == pytest.approx(slope * kept.std(ddof=1) / len(kept) ** 0.5)


def test_the_error_is_about_how_far_strengths_scatter_over_draws_of_rows():
    encoder, batch = encoded(2000)
    model = random_model("dcn-v2", encoder.layout)
    draws = [by_behaviour(model, encoder.layout, batch, 60, seed=seed) for seed in range(30)]
    names = encoder.layout.field_names
    strengths = np.array([pair_matrix(names, frame)[2, 3] for frame in draws])
    told = np.mean([pair_matrix(names, frame.assign(strength=frame["error"]))[2, 3] for frame in draws])
    assert 0.6 < told / strengths.std(ddof=1) < 1.7


@pytest.mark.parametrize("least", [1, 4])
def test_support_leaves_only_swaps_of_pairs_of_values_seen_so_often(least):
    encoder, batch = encoded()
    rows = encoder.transform(table())
    model, names = random_model("fm", encoder.layout), encoder.layout.field_names
    frame = by_behaviour(model, encoder.layout, batch, 20, seed=3, training_rows=rows, support=least)
    line = next(line for line in frame.itertuples() if {line.field_a, line.field_b} == {"film", "genre"})
    drawn = np.random.default_rng(3).permutation(len(batch))
    ids = [tuple(pair) for pair in rows.categorical.tolist()]
    squares = []
    for a, b in zip(drawn[:20], drawn[20:40], strict=True):
        made = [ids[a], ids[b], (ids[a][0], ids[b][1]), (ids[b][0], ids[a][1])]
        if min(map(ids.count, made)) >= least:
            row, other = row_of(batch, int(a)), row_of(batch, int(b))
            logits = [
                predict(model, slow_swap(encoder.layout, row, other, fields))[0]
                for fields in (("film", "genre"), ("film",), ("genre",), ())
            ]
            squares.append((logits[0] - logits[1] - logits[2] + logits[3]) ** 2)
    assert 0 < len(squares) < 20
    assert line.swaps == len(squares)
    assert line.strength == pytest.approx(0.5 * np.mean(squares) ** 0.5, abs=1e-6)
    assert set(names) == set(frame["field_a"]) | set(frame["field_b"])


def test_a_pair_without_a_supported_swap_has_none_and_no_strength():
    encoder, batch = encoded()
    rows = encoder.transform(table())
    model = random_model("dcn-v2", encoder.layout)
    frame = by_behaviour(model, encoder.layout, batch, 20, training_rows=rows, support=61)
    assert frame[["strength", "error", "swaps"]].to_numpy().max() == 0


def test_support_of_less_than_one_row_is_refused():
    encoder, batch = encoded()
    rows = encoder.transform(table())
    model = random_model("fm", encoder.layout)
    with pytest.raises(InputError, match=r"^Support is a number of rows, at least 1, not -2\.$"):
        by_behaviour(model, encoder.layout, batch, 20, training_rows=rows, support=-2)


def test_many_chunks_give_what_one_gives(monkeypatch):
    encoder, batch = encoded()
    model = random_model("dcn-v2", encoder.layout)
    whole = by_behaviour(model, encoder.layout, batch)
    monkeypatch.setattr("ctr_app.explain.behaviour.EVALUATION_ROWS", 70)
    chunked = by_behaviour(model, encoder.layout, batch)
    np.testing.assert_allclose(chunked["strength"], whole["strength"], atol=1e-5)


def test_behaviour_and_weights_agree_on_an_fm_of_independent_fields():
    encoder, batch = encoded(4000)
    drawn = torch.Generator().manual_seed(0)
    batch = Batch(
        batch.numeric[torch.randperm(4000, generator=drawn)],
        batch.categorical,
        {name: ids[torch.randperm(4000, generator=drawn)] for name, ids in batch.sequences.items()},
        batch.labels,
    )
    model, names = random_model("fm", encoder.layout), encoder.layout.field_names
    behaviour = pair_matrix(names, by_behaviour(model, encoder.layout, batch, num_pairs=2000))
    np.testing.assert_allclose(behaviour, pair_matrix(names, by_weights(model, batch)), rtol=0.15, atol=0.02)


def test_the_same_seed_gives_the_same_strengths_and_another_seed_others():
    encoder, batch = encoded()
    model = random_model("dcn-v2", encoder.layout)
    first, again, other = (by_behaviour(model, encoder.layout, batch, 8, seed=seed) for seed in (1, 1, 2))
    assert first.equals(again)
    assert not first.equals(other)


def test_a_model_in_training_is_read_in_evaluation_mode_and_left_as_it_was():
    encoder, batch = encoded()
    model = random_model("dcn-v2", encoder.layout)
    expected, state = by_behaviour(model, encoder.layout, batch), model.state_dict()
    before = {name: tensor.clone() for name, tensor in state.items()}
    assert by_behaviour(model.train(), encoder.layout, batch).equals(expected)
    assert model.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_one_row_has_nothing_to_swap_with():
    encoder, batch = encoded()
    frame = by_behaviour(random_model("dcn-v2", encoder.layout), encoder.layout, row_of(batch, 0))
    assert frame["strength"].max() < 1e-6


def test_swapped_takes_the_given_fields_and_leaves_its_arguments_alone():
    encoder, batch = encoded()
    a, b = batch.select(slice(0, 10)), batch.select(slice(10, 20))
    kept = replace(a, numeric=a.numeric.clone(), categorical=a.categorical.clone())
    mixed = swapped(encoder.layout, a, b, ("visits", "film", "tags"))
    assert torch.equal(mixed.numeric, torch.stack([a.numeric[:, 0], b.numeric[:, 1]], dim=1))
    assert torch.equal(mixed.categorical, torch.stack([b.categorical[:, 0], a.categorical[:, 1]], dim=1))
    assert torch.equal(mixed.sequences["tags"], b.sequences["tags"])
    assert torch.equal(mixed.sequences["films"], a.sequences["films"])
    assert torch.equal(a.numeric, kept.numeric)
    assert torch.equal(a.categorical, kept.categorical)
