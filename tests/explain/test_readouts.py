"""Readouts of a run: which there are, on which rows, and what they say when they are not there."""

from __future__ import annotations

from dataclasses import dataclass
from types import SimpleNamespace

import pytest
import torch

from ctr_app.data.dataset import as_batch
from ctr_app.data.errors import InputError
from ctr_app.explain.behaviour import by_behaviour
from ctr_app.explain.counts import by_counts
from ctr_app.explain.readouts import interactions, num_swaps, readouts_for, sample_batch
from ctr_app.explain.weights import by_weights
from ctr_app.models.registry import FAMILIES, title_of

from .examples import SCHEMA, encoded, random_model, table


@dataclass
class StoredRun:
    """A run as the readouts see one."""

    family: str

    def spec(self):
        return SimpleNamespace(
            family=self.family,
            title=title_of(self.family, FAMILIES[self.family].config().to_json()),
            preparation=SCHEMA,
        )

    def load_model(self):
        encoder, _ = encoded()
        return random_model(self.family, encoder.layout), encoder


class StoredData:
    """A data set whose training rows are the example table."""

    def encoded(self, preparation):
        assert preparation is SCHEMA
        encoder, batch = encoded()
        rows = encoder.transform(table())
        return SimpleNamespace(
            encoder=encoder, rows=lambda split: {"train": rows}[split], batch=lambda split: {"train": batch}[split]
        )


@pytest.mark.parametrize("family", ["fm", "dcn", "din"])
def test_each_readout_of_a_family_is_the_function_of_that_name(family):
    encoder, batch = encoded()
    model = random_model(family, encoder.layout)
    for readout in readouts_for(StoredRun(family).spec().title):
        frame = interactions(StoredRun(family), StoredData(), readout)
        if readout == "weights":
            assert frame.equals(by_weights(model, batch))
        elif readout == "behaviour":
            assert frame.equals(by_behaviour(model, encoder.layout, batch))
        else:
            assert frame.equals(by_counts(encoder.layout, encoder.transform(table())))
        error = ["error"] if readout == "behaviour" else []
        assert list(frame.columns) == ["field_a", "field_b", "strength", *error]
        assert len(frame) == 21


@pytest.mark.parametrize(("family", "first"), [("fm", "weights"), ("dcn", "behaviour"), ("din", "behaviour")])
def test_without_a_name_the_familys_first_readout_is_meant(family, first):
    assert readouts_for(StoredRun(family).spec().title)[0] == first
    assert interactions(StoredRun(family), StoredData()).equals(interactions(StoredRun(family), StoredData(), first))


@pytest.mark.parametrize(
    ("family", "readout", "sentence"),
    [
        ("din", "weights", r"^DIN has no readout by weights; it has behaviour, counts\.$"),
        ("fm", "magic", r"^FM has no readout by magic; it has weights, behaviour, counts\.$"),
    ],
)
def test_a_readout_that_a_family_lacks_is_one_sentence(family, readout, sentence):
    with pytest.raises(InputError, match=sentence):
        interactions(StoredRun(family), StoredData(), readout)


def test_raw_weights_and_support_of_swaps_are_choices_of_their_readouts():
    encoder, batch = encoded()
    model, rows = random_model("fm", encoder.layout), encoder.transform(table())
    raw = interactions(StoredRun("fm"), StoredData(), "weights", raw=True)
    assert raw.equals(by_weights(model, batch, raw=True))
    supported = interactions(StoredRun("fm"), StoredData(), "behaviour", support=2)
    assert supported.equals(by_behaviour(model, encoder.layout, batch, training_rows=rows, support=2))


@pytest.mark.parametrize(
    ("readout", "choices", "sentence"),
    [
        ("counts", {"raw": True}, r"^Raw strengths are those of weights; there are none by counts\.$"),
        ("weights", {"support": 3}, r"^Support limits swaps, which are made by behaviour, not by weights\.$"),
    ],
)
def test_a_choice_that_a_readout_lacks_is_one_sentence(readout, choices, sentence):
    with pytest.raises(InputError, match=sentence):
        interactions(StoredRun("fm"), StoredData(), readout, **choices)


@pytest.mark.parametrize(("fields", "swaps"), [(1, 512), (39, 512), (40, 487), (125, 50), (1000, 32)])
def test_many_fields_are_swapped_between_fewer_rows(fields, swaps):
    assert num_swaps(fields) == swaps


def test_sample_batch_draws_the_same_rows_each_time_in_their_order():
    _, batch = encoded(300)
    first, again, other = (sample_batch(batch, 50, seed=seed) for seed in (0, 0, 1))
    assert len(first) == 50
    assert torch.equal(first.numeric, again.numeric)
    assert torch.equal(first.sequences["films"], again.sequences["films"])
    assert not torch.equal(first.numeric, other.numeric)
    places = [(batch.numeric == row).all(dim=1).nonzero()[:, 0].tolist() for row in first.numeric]
    assert all(places)
    assert len({tuple(row) for row in first.numeric.tolist()}) > 40


@pytest.mark.parametrize("rows", [60, 61, 4096])
def test_sample_batch_of_few_rows_is_all_of_them(rows):
    encoder, batch = encoded()
    whole = sample_batch(batch, rows)
    assert torch.equal(whole.numeric, batch.numeric)
    assert torch.equal(whole.labels, as_batch(encoder.transform(table())).labels)


@pytest.mark.parametrize("title", ["DCN-V1", "DCN-V2", "DCN-Mix"])
def test_models_whose_weights_do_not_tell_all_begin_with_their_behaviour(title):
    assert readouts_for(title) == ("behaviour", "weights", "counts")
