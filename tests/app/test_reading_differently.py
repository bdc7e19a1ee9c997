"""How a file was understood, overruled on the Data page; and its odd rows, told beside it."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from .conftest import OpenPage
from .reading import is_well, words

ROWS = "".join(f'{i % 2};Łódź {i % 5};"{i}"\n' for i in range(100))


def upload(app: AppTest, content: bytes, name: str = "clicks.csv") -> AppTest:
    app.file_uploader(key="data-upload").upload(name, content)
    return app.run()


def widget(widgets, start: str):
    """The widget whose key begins so."""
    return next(found for found in widgets if found.key.startswith(start))


def frame(app: AppTest):
    return app.session_state["ctr_lens"].draft.tables["train"].frame


@pytest.fixture
def read(open_page: OpenPage) -> AppTest:
    """A file whose encoding is guessed wrong, as only its reader can know."""
    app = upload(open_page("data"), ("click;city;price\n" + ROWS).encode("cp1250"))
    assert is_well(app)
    assert "100 rows, 3 columns, text separated by “;”, with a header, cp1252" in words(app)
    assert frame(app)["city"][1] == "£ódŸ 1"
    return app


def test_letters_that_look_wrong_are_put_right(read: AppTest) -> None:
    widget(read.selectbox, "data-encoding-").set_value("cp1250").run()
    assert is_well(read)
    assert frame(read)["city"][1] == "Łódź 1"
    assert frame(read)["price"][1] == "1"
    assert "with a header, cp1250" in words(read)


def test_what_was_overruled_stays_so_when_more_is(read: AppTest) -> None:
    widget(read.selectbox, "data-encoding-").set_value("cp1250").run()
    widget(read.toggle, "data-quotes-").set_value(False).run()
    assert frame(read)["price"][1] == '"1"'
    assert frame(read)["city"][1] == "Łódź 1"
    widget(read.toggle, "data-header-").set_value(False).run()
    assert is_well(read)
    assert frame(read).columns == ["column_1", "column_2", "column_3"]
    assert frame(read).height == 101


def test_a_separator_that_separates_nothing_is_answered_with_a_sentence(open_page: OpenPage) -> None:
    content = "click,city,price\n" + "".join(f"{i % 2},Bonn {i % 3},{i}\n" for i in range(50))
    app = upload(open_page("data"), content.encode())
    widget(app.selectbox, "data-cells-").set_value(";").run()
    assert not app.exception
    assert "has only one column" in app.error[0].value
    assert frame(app).columns == ["click", "city", "price"]


def test_rows_that_are_not_as_the_others_are_told_of(open_page: OpenPage) -> None:
    rows = "".join(f"{i % 2},Bonn,{i}\n" for i in range(60))
    app = upload(open_page("data"), f"click,city,price\n{rows}1,Bonn\n1,Bonn,3,4\n".encode())
    assert not app.exception
    short, long = sorted((warning.value for warning in app.warning), key=lambda text: "too many" in text.lower())
    assert "1 row; the first is line 62, which has 2 cells" in short
    assert "1 row; the first is line 63, which has 4 cells" in long
