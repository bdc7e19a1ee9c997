"""The Attention page beyond one row's bars."""

from __future__ import annotations

import pandas as pd
import pytest

from ctr_app.training.run_store import Run
from ctr_app.ui.attention_items import labels_of
from ctr_app.ui.words import plain

from .conftest import OpenPage
from .reading import charts, is_well, words


def test_bars_are_sorted_and_shared(open_page: OpenPage, trained: dict[str, Run]) -> None:
    app = open_page("attention", trained["DIN"])
    assert is_well(app)
    assert charts(app) == 3
    app.get_by_key("attention-order").set_value("effect")
    app.toggle(key="attention-shares").set_value(True).run()
    assert is_well(app)
    assert charts(app) == 3


def test_a_changed_history_is_another_prediction(open_page: OpenPage, trained: dict[str, Run]) -> None:
    app = open_page("attention", trained["DIN"])
    items = next(box for box in app.multiselect if box.key.startswith("attention-items"))
    logit = {metric.label: metric for metric in app.metric}["Logit"]
    assert float(logit.delta) == 0
    items.set_value([*items.value[1:], "new-0"]).run()
    assert is_well(app)
    assert charts(app) == 5
    assert float({metric.label: metric for metric in app.metric}["Logit"].delta) != 0
    next(box for box in app.multiselect if box.key.startswith("attention-items")).set_value([]).run()
    assert is_well(app)
    assert "Without any item" in words(app)


@pytest.mark.parametrize("way", ["candidates", "deletion", "means"])
def test_every_further_way_is_drawn(open_page: OpenPage, trained: dict[str, Run], way: str) -> None:
    app = open_page("attention", trained["DIN"])
    app.get_by_key("attention-further").set_value(way)
    app.run()
    assert is_well(app)
    assert charts(app) >= 4
    if way == "deletion":
        app.toggle(key=f"attention-faithfulness-{trained['DIN'].id}").set_value(True).run()
        assert not app.exception
        assert charts(app) == 5


def test_kinds_that_are_long_lists_are_told_by_their_first() -> None:
    frame = pd.DataFrame(
        {
            "position": [0, 1],
            "name": ["Heat", "Dune"],
            "kind": ["Action|Crime|Thriller", "Sci-Fi"],
            "time": ["", "3 May 1998"],
        }
    )
    assert labels_of(frame) == ["1. Heat · Action +2", "2. Dune · Sci-Fi · 3 May 1998"]


def test_rows_are_found_by_their_user(open_page: OpenPage, trained: dict[str, Run]) -> None:
    run = trained["DIN"]
    group = str(run.spec().preparation.schema.group)
    app = open_page("attention", run)
    search = app.selectbox(key=f"attention-searched-{run.id}-0")
    assert search.value is None
    assert app.selectbox(key=f"attention-search-{run.id}").value == group
    user, rows = str(search.options[-1]).rstrip(")").split(" (")
    search.set_value(user).run()
    assert is_well(app)
    assert plain(f"{group}: {user}") in words(app)
    assert rows == "1"
    assert "Row, 1 to 1" in [box.label for box in app.number_input]
    others = "unclicked" if "click = 1" in words(app) else "clicked"
    app.selectbox(key="attention-filter").set_value(others).run()
    assert "No test row is like that. Another split may have one." in app.info[0].value
