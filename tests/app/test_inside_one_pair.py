"""Inside one pair of fields: cells, searching for values, example rows, and pairs never seen together."""

from __future__ import annotations

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from ctr_app.training.run_store import Run
from ctr_app.ui.interaction_values import _sentence

from .conftest import OpenPage
from .reading import charts, is_well, words


def by_key(app: AppTest, kind: str, part: str):
    """The one widget of a kind whose key holds ``part``."""
    (found,) = [widget for widget in app.get(kind) if part in (widget.key or "")]
    return found


def on_pair(open_page: OpenPage, run: Run, *pair: str) -> AppTest:
    """The Interactions page with that pair opened."""
    app = open_page("interactions", run)
    choice = by_key(app, "selectbox", "interactions-pair")
    (place,) = [i for i, known in enumerate(choice.options) if set(known.split(" × ")) == set(pair)]
    return choice.set_value(tuple(choice.options[place].split(" × "))).run()


def test_the_cells_can_show_each_measure(open_page: OpenPage, trained: dict[str, Run]) -> None:
    app = open_page("interactions", trained["FM"])
    before = charts(app)
    for measure in ("support", "observed", "predicted", "effect"):
        by_key(app, "segmented_control", "interactions-measure").set_value(measure).run()
        assert is_well(app)
        assert charts(app) == before


def test_the_numbers_and_rows_of_a_chosen_cell_are_shown(open_page: OpenPage, trained: dict[str, Run]) -> None:
    app = on_pair(open_page, trained["FM"], "device", "weekday")
    assert is_well(app)
    for name in ("phone", "Monday"):
        side = next(box for box in app.get("selectbox") if "interactions-cell" in box.key and name in box.options)
        side.select(name).run()
    numbers = {metric.label: metric.value for metric in app.metric}
    assert int(numbers["Rows with both"]) > 10
    assert numbers["Observed CTR"].endswith("%")
    assert "the model says" in words(app)
    rows = app.dataframe[-1].value
    assert len(rows) == 10
    assert set(rows["device"]) == {"phone"}
    assert set(rows["weekday"]) == {"Monday"}


@pytest.mark.parametrize(
    ("measure", "support", "words"),
    [
        ("effect", [0, 1, 90], "user 2 with city Oslo raises the logit by 3.00"),
        ("effect", [0, 0, 0], "user 1 with city Oslo lowers the logit by 7.00"),
        ("predicted", [0, 1, 90], "user 2 with city Oslo is expected to be clicked most, at 60.0%"),
        ("observed", [0, 1, 90], "user 3 with city Oslo was clicked most, in 20.0% of its rows"),
    ],
)
def test_the_title_is_about_values_that_rows_have_together(measure: str, support: list[int], words: str) -> None:
    columns = {"effect": [-7.0, 3.0, 1.0], "predicted": [0.9, 0.6, 0.2], "observed": [None, 1.0, 0.2]}
    names = {"name_a": ["1", "2", "3"], "name_b": ["Oslo"] * 3}
    assert _sentence(pd.DataFrame(names | columns | {"support": support}), ("user", "city"), measure) == words


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("ad 119", None),
        ("nothing like it", "No value of ad has “nothing like it” in it."),
        ("ad", "the 5 most frequent are shown"),
    ],
)
def test_any_value_can_be_asked_for(open_page: OpenPage, trained: dict[str, Run], typed: str, told: str | None) -> None:
    app = on_pair(open_page, trained["FM"], "ad", "slot")
    search = next(box for box in app.multiselect if "Add values of ad" in box.label)
    search.set_value([typed]).run()
    assert is_well(app)
    shown = next(box for box in app.get("selectbox") if "interactions-cell" in box.key and "ad 001" in box.options)
    assert len(shown.options) == {"ad 119": 13, "nothing like it": 12, "ad": 12}[typed]
    if told:
        assert told in words(app)
    else:
        assert shown.options[-1] == typed


def test_pairs_never_seen_together_are_listed_or_said_to_be_none(open_page: OpenPage, trained: dict[str, Run]) -> None:
    app = on_pair(open_page, trained["FM"], "ad", "site")
    app.toggle(key="interactions-unseen").set_value(True).run()
    assert is_well(app)
    assert "this is what it was made for" in words(app)
    app.number_input(key="interactions-unseen-rows").set_value(1_000_000).run()
    assert is_well(app)
    assert "do occur together" in words(app)
    app.number_input(key="interactions-unseen-rows").set_value(2).run()
    by_key(app, "segmented_control", "interactions-unseen-scope").set_value("all").run()
    assert is_well(app)
    assert charts(app) == 3


@pytest.mark.parametrize("model", ["DCN-V2", "DIN"])
def test_other_models_say_that_they_tried_frequent_values(
    open_page: OpenPage, trained: dict[str, Run], model: str
) -> None:
    app = on_pair(open_page, trained[model], *(("history", "film") if model == "DIN" else ("ad", "site")))
    app.toggle(key="interactions-unseen").set_value(True).run()
    app.number_input(key="interactions-unseen-rows").set_value(2).run()
    assert is_well(app)
    assert "Tried among the 30 most frequent values" in words(app)
