"""The fewest edits that suffice, against all there are."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from ctr_app.data.errors import InputError
from ctr_app.explain.counterfactuals import counterfactuals
from ctr_app.explain.what_if import edited
from ctr_app.training.metrics import sigmoid
from ctr_app.training.trainer import predict

from .examples import encoded, random_model, row_of

MODELS = ("fm", "dcn-v2", "din")


@pytest.mark.parametrize("name", MODELS)
def test_a_counterfactual_is_the_fewest_edits_there_are(name: str) -> None:
    encoder, batch = encoded()
    model, allowed = random_model(name, encoder.layout), ("film", "genre")
    values = {field: encoder.vocabulary_of(field).values for field in allowed}
    for number in range(6):
        row = row_of(batch, number)
        own = predict(model, row)[0]
        singles = {(f, v): predict(model, edited(row, encoder, {f: v}))[0] for f in allowed for v in values[f]}
        pairs = [
            predict(model, edited(row, encoder, {"film": a, "genre": b}))[0]
            for a in values["film"]
            for b in values["genre"]
        ]
        top = max(max(singles.values()), max(pairs))
        if top <= own + 1e-6:
            continue
        threshold = float(sigmoid(np.array([top - 1e-6]))[0])
        found, _ = counterfactuals(model, encoder, row, allowed, threshold)
        expected = 1 if max(singles.values()) >= top - 1e-6 else 2
        assert len(found[0].edits) == expected
        assert predict(model, edited(row, encoder, found[0].edits))[0] >= top - 1e-5
        none, nearest = counterfactuals(model, encoder, row, allowed, float(sigmoid(np.array([top + 1]))[0]))
        assert none == []
        assert nearest.ctr == pytest.approx(float(sigmoid(np.array([top]))[0]), abs=1e-5)


def test_counterfactuals_go_down_as_well_and_edit_allowed_fields_only() -> None:
    encoder, batch = encoded()
    model, row = random_model("dcn-v2", encoder.layout), row_of(batch, 0)
    ctr = float(sigmoid(predict(model, row))[0])
    found, _ = counterfactuals(model, encoder, row, ("price", "film"), ctr * 0.98)
    assert found
    for one in found:
        assert one.ctr <= ctr * 0.98
        assert set(one.edits) <= {"price", "film"}
        after = predict(model, edited(row, encoder, one.edits))
        assert float(sigmoid(after)[0]) == pytest.approx(one.ctr, abs=1e-5)
    with pytest.raises(InputError, match="between 0 and 1"):
        counterfactuals(model, encoder, row, ("film",), 1.0)
    with pytest.raises(InputError, match="at least one field"):
        counterfactuals(model, encoder, row, ("films",), 0.5)


def test_no_two_lists_of_edits_are_the_same() -> None:
    encoder, batch = encoded()
    model, row = random_model("fm", encoder.layout), row_of(batch, 2)
    ctr = float(sigmoid(predict(model, row))[0])
    found, _ = counterfactuals(model, encoder, row, encoder.layout.categorical, ctr + 0.001, most_edits=2)
    assert len(found) > 1
    assert all(a.edits != b.edits for a, b in combinations(found, 2))


def test_a_search_that_is_stopped_has_what_came_nearest_by_then() -> None:
    encoder, batch = encoded()
    model, row = random_model("fm", encoder.layout), row_of(batch, 1)
    ctr = float(sigmoid(predict(model, row))[0])
    asked: list[tuple[int, int]] = []

    def once(done: int, total: int) -> bool:
        asked.append((done, total))
        return len(asked) < 2

    found, nearest = counterfactuals(model, encoder, row, ("film", "price"), 0.999999, on_progress=once)
    assert found == []
    assert asked == [(0, 300), (100, 300)]
    assert len(nearest.edits) == 1
    assert nearest.ctr > ctr
