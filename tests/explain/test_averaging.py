"""Pairs and fields averaged away, beside loops over rows and drawn values."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some

from ctr_app.data.errors import InputError
from ctr_app.explain.averaging import Averages, averages, drawn_values
from ctr_app.explain.wires import without
from ctr_app.training.trainer import predict

from .examples import encoded, random_model, row_of
from .test_behaviour import slow_swap

FIELDS = "abcdef"
some_pairs = some.lists(some.sampled_from(list(combinations(FIELDS, 2))), max_size=4, unique=True)


def left_of(term: set[str], pairs, fields=()) -> int:
    """How often an effect of exactly these fields, each of mean zero, is left: an average over one of them is zero."""
    return sum(count for names, count in averages(pairs, fields).items() if not names & term)


@given(some_pairs, some.sets(some.sampled_from(FIELDS), max_size=3))
@settings(max_examples=60, deadline=None)
def test_an_effect_of_up_to_three_fields_is_left_unless_it_holds_a_pair_that_is_off(pairs, term):
    assert left_of(term, pairs) == (not any(set(pair) <= term for pair in pairs))


@given(some_pairs, some.sets(some.sampled_from(FIELDS)))
def test_an_effect_of_a_field_that_is_off_is_gone_with_all_else_unchanged(pairs, term):
    assert left_of(term, pairs, ["a"]) == (0 if "a" in term else left_of(term, pairs))


def test_linked_pairs_are_exact_for_effects_of_any_order():
    hub = [("a", "b"), ("a", "c"), ("a", "d")]
    assert averages(hub) == {frozenset("a"): 1, frozenset("bcd"): 1, frozenset("abcd"): -1}
    assert left_of(set("abcd"), hub) == left_of(set("abc"), hub) == 0
    assert left_of(set("bcd"), hub) == 1


@pytest.mark.parametrize("name", ["dcn-v2", "din"])
def test_a_pair_that_is_off_is_a_loop_over_rows_and_drawn_values(name):
    encoder, batch = encoded()
    layout, model = encoder.layout, random_model(name, encoder.layout)
    draws, few = drawn_values(layout, batch, 5, seed=3), batch.select(slice(0, 7))
    expected = []
    for row in range(7):
        means = [
            np.mean([predict(model, slow_swap(layout, row_of(few, row), row_of(draws, k), off))[0] for k in range(5)])
            for off in (("film", "genres"), ("film", "tags", "genres"), ("film", "genres", "tags"))
        ]
        only_tags = [
            predict(model, slow_swap(layout, row_of(few, row), row_of(draws, k), ("tags", "genres"))) for k in range(5)
        ]
        expected.append(means[0] + np.mean(only_tags) - means[1])
    found = Averages(model, layout, batch, few, num_draws=5, seed=3).without([("film", "tags")], ["genres"])
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_every_value_of_a_field_is_drawn_as_often_as_it_occurs():
    encoder, batch = encoded(200)
    draws = drawn_values(encoder.layout, batch, 50)
    for column in range(2):
        shares, drawn = (
            torch.bincount(rows.categorical[:, column].long(), minlength=9) / len(rows) for rows in (batch, draws)
        )
        assert (shares - drawn).abs().max() <= 0.021
        assert draws.numeric[:, column].mean() == pytest.approx(float(batch.numeric[:, column].mean()), abs=0.03)
    assert np.corrcoef(draws.categorical.T)[0, 1] == pytest.approx(0.0, abs=0.4)


def test_of_an_fm_the_average_is_what_its_purified_weights_say():
    encoder, batch = encoded()
    model, layout = random_model("fm", encoder.layout), encoder.layout
    averages_of = Averages(model, layout, batch, batch, num_draws=60)
    for pairs, fields in (
        ([("price", "film")], []),
        ([], ["films"]),
        ([("film", "tags"), ("price", "film")], ["genre"]),
    ):
        with torch.no_grad():
            every = [without(model, batch, pairs, fields)(batch).numpy(), averages_of.without(pairs, fields)]
        spread = np.std(predict(model, batch) - every[0])
        assert np.sqrt(np.mean((every[0] - every[1]) ** 2)) < 0.25 * spread


def test_too_many_pairs_at_once_are_refused_before_anything_is_computed():
    with pytest.raises(InputError, match="too many to cut by behaviour at once"):
        averages([(f"x{i}", f"x{i + 1}") for i in range(60)])
    with pytest.raises(InputError, match="cut fewer pairs"):
        averages([(f"x{i}", f"y{i}") for i in range(60)])
