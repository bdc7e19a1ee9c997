"""What is said of a map: where it looks empty beside others, and where another refutes its strongest pair."""

from __future__ import annotations

import pandas as pd
import pytest

from ctr_app.ui import pair_charts
from ctr_app.ui.interaction_map import _sentence
from ctr_app.ui.map_row import FAINT, too_faint


@pytest.mark.parametrize(("strength", "is_told"), [(0.99 * FAINT, True), (1.01 * FAINT, False), (1.0, False)])
def test_a_map_that_looks_empty_beside_the_others_is_told(strength: float, is_told: bool) -> None:
    frame = pd.DataFrame({"field_a": ["a", "a"], "field_b": ["b", "c"], "strength": [2.0 * strength, 0.0]})
    words = too_faint(frame, 2.0, "logits")
    assert words.startswith(f" Its strongest pair has {2.0 * strength:.3f} logits, too little" if is_told else "")
    assert bool(words) == is_told


@pytest.mark.parametrize(
    ("doubted", "words"),
    [
        ([], "user and country interact most"),
        ([["user", "item"]], "user and country interact most"),
        ([["user", "item"], ["country", "user"]], "user and country interact most here, but not in every map"),
    ],
)
def test_a_strongest_pair_that_another_map_refutes_is_told_so(doubted: list[list[str]], words: str) -> None:
    pairs = {"field_a": ["user", "user", "item"], "field_b": ["country", "item", "country"]}
    assert _sentence(pd.DataFrame(pairs | {"strength": [2.0, 1.0, 0.5]}), doubted) == words
    assert "there is nothing" in _sentence(pd.DataFrame(pairs | {"strength": [2e-20, 1e-20, 0.0]}), doubted)


@pytest.mark.parametrize(("strength", "scale"), [(1e-20, {"domain": [0, 1]}), (1e-3, {"domainMin": 0})])
def test_strengths_that_are_nothing_look_so(strength: float, scale: dict[str, object]) -> None:
    frame = pd.DataFrame({"field_a": ["a", "a"], "field_b": ["b", "c"], "strength": [strength, 0.0]})
    bars = pair_charts.ranking(frame, "logits", "fm").spec
    cells = pair_charts.pair_heatmap(["a", "b", "c"], frame, {"text": "t"}, "logits").spec
    assert bars["encoding"]["x"]["scale"] == scale
    assert cells["encoding"]["color"]["scale"] == scale


def test_bars_of_other_rows_stand_in_the_order_of_those_rows() -> None:
    frame = pd.DataFrame({"field_a": ["a", "a"], "field_b": ["c", "b"], "strength": [2.0, 1.0]})
    assert pair_charts.ranking(frame, "logits", "fm").spec["encoding"]["y"]["sort"] == ["a × c", "a × b"]
    frame = frame.iloc[::-1]
    assert pair_charts.ranking(frame, "logits", "fm").spec["encoding"]["y"]["sort"] == ["a × b", "a × c"]
