"""A new installation: every page says what to do next."""

from __future__ import annotations

import pytest

from .conftest import OpenPage
from .reading import is_well, words


@pytest.mark.parametrize(
    ("page", "sentence", "link"),
    [
        ("home", "No runs yet. Press one of the buttons above", "Bring your own table"),
        ("data", "Nothing here yet: upload a table above, or take a sample.", None),
        ("train", "There is no data yet. Upload a table or take a sample first.", "Go to Data"),
        ("interactions", "No model has been trained yet", "Train a model"),
        ("attention", "no DIN has been trained yet. Train one on data with a history.", "Train a model"),
        ("predictions", "No model has been trained yet", "Train a model"),
        ("evaluate", "No model has been trained yet", "Train a model"),
        ("runs", "No runs yet.", "Train a model"),
    ],
)
def test_an_empty_page_says_what_to_do_next(open_page: OpenPage, page: str, sentence: str, link: str | None) -> None:
    app = open_page(page)
    assert is_well(app)
    assert sentence in words(app)
    assert link is None or link in [element.value for element in app.page_link]


def test_the_empty_page_of_runs_speaks_of_no_button_that_is_not_there(open_page: OpenPage) -> None:
    app = open_page("runs")
    assert not app.button
    assert "button" not in words(app)
    assert "Pick one run" not in words(app)
