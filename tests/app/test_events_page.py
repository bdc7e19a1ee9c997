"""The Data page with a log of events: known as one, its choices, its tables beside it, and the rows that are built."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from streamlit.testing.v1 import AppTest

from ctr_app.data.store import DatasetStore
from tests.paths import SHARED_DATA, needs_shared_data

from .conftest import OpenPage
from .reading import is_well, words
from .test_data_page import CLICKS, upload

LOG = "user,item,time,stars\n" + "\n".join(
    f"u{i % 11},i{(3 * (i % 11) + i * i % 9) % 30},{i // 2},{1 + i * 7 % 5}" for i in range(400)
)
ITEMS = "id,title,shelf,kinds\n" + "\n".join(f"i{i},Thing {i},s{i % 4},{'a|b' if i % 2 else 'b|c'}" for i in range(30))
USERS = "user,town\n" + "\n".join(f"u{i},t{i % 3}" for i in range(11))


def widget(app: AppTest, kind: str, start: str) -> Any:
    """The widget of that kind whose key begins so."""
    return next(found for found in app.get(kind) if found.key.startswith(start))


def has(app: AppTest, key: str) -> bool:
    return any(button.key == key for button in app.button)


def line(app: AppTest) -> str:
    """The sentence on what the log becomes, with plain spaces."""
    return next(m.value for m in app.markdown if "events** of" in m.value).replace("\u2009", " ")


def put_beside(app: AppTest, what: str, content: str) -> None:
    app.file_uploader(key=f"events-{what}").upload(f"{what}.csv", content.encode())
    app.run()
    assert is_well(app)


def build(app: AppTest) -> None:
    app.button(key="events-build").click().run()
    assert is_well(app)
    assert has(app, "data-accept")


def test_a_log_is_known_and_said_in_a_line_what_it_becomes(open_page: OpenPage) -> None:
    app = upload(open_page("data"), LOG)
    assert is_well(app)
    assert [widget(app, "selectbox", f"events-{part}-").value for part in ("user", "item", "time")] == [
        "user",
        "item",
        "time",
    ]
    assert widget(app, "selectbox", "events-click").value == "stars"
    assert widget(app, "number_input", "events-from").value == 4
    assert line(app) == "**400 events** of 11 users with 20 items become **400 rows**, 160 of them clicks (40.0%)."
    assert DatasetStore().list() == []


def test_three_choices_make_a_log_a_data_set_with_histories(open_page: OpenPage) -> None:
    app = upload(open_page("data"), LOG)
    put_beside(app, "items", ITEMS)
    assert "Joined by id; names are in title." in words(app)
    build(app)
    assert "Read as, oldest to newest: Thing" in words(app)
    app.button(key="data-accept").click().run()
    assert is_well(app)
    assert app.title[0].value == "Train a model"
    (dataset,) = DatasetStore().list()
    assert dataset.frame.columns == ["click", "user", "item", "time", "shelf", "kinds", "history"]
    assert dataset.names()["item"]["i3"] == "Thing 3"
    assert dataset.preparation is not None
    schema = dataset.preparation.schema
    assert (schema.label, schema.group, schema.time, dataset.preparation.split.method) == (
        "click",
        "user",
        "time",
        "time",
    )
    assert schema.column("history").candidate == "item"


def test_the_line_follows_what_is_said_of_clicks(open_page: OpenPage) -> None:
    app = upload(open_page("data"), LOG)
    widget(app, "number_input", "events-from").set_value(5).run()
    assert "become **400 rows**, 80 of them clicks (20.0%)" in line(app)
    widget(app, "selectbox", "events-others").set_value(True).run()
    widget(app, "number_input", "events-negatives").set_value(2).run()
    assert "become **240 rows**, 80 of them clicks (33.3%)" in line(app)
    assert "Events that are no clicks \\(320\\) make no rows" in words(app).replace("\u2009", " ")
    widget(app, "selectbox", "events-click").set_value("").run()
    assert "become **1 200 rows**, 400 of them clicks (33.3%)" in line(app)
    assert is_well(app)


def test_actions_are_chosen_by_their_values(open_page: OpenPage) -> None:
    log = LOG.replace("stars", "action").replace(",5\n", ",buy\n").replace(",1\n", ",cart\n")
    for number in "234":
        log = log.replace(f",{number}\n", ",view\n")
    app = upload(open_page("data"), log.removesuffix(",4") + ",view")
    actions = widget(app, "multiselect", "events-values")
    assert (actions.options, actions.value) == (["view", "cart", "buy"], ["buy"])
    actions.set_value(["buy", "cart"]).run()
    assert is_well(app)
    assert "160 of them clicks" in line(app)


def test_columns_beside_the_log_can_be_left_out_and_have_histories_of_their_own(open_page: OpenPage) -> None:
    app = upload(open_page("data"), LOG)
    put_beside(app, "items", ITEMS)
    put_beside(app, "users", USERS)
    assert widget(app, "multiselect", "events-items-fields").value == ["shelf", "kinds"]
    widget(app, "multiselect", "events-items-fields").set_value(["shelf"]).run()
    widget(app, "multiselect", "events-also").set_value(["shelf"]).run()
    widget(app, "selectbox", "events-split").set_value("last").run()
    widget(app, "number_input", "events-length").set_value(9).run()
    build(app)
    app.button(key="data-accept").click().run()
    (dataset,) = DatasetStore().list()
    assert dataset.frame.columns == ["click", "user", "item", "time", "shelf", "town", "history", "history_shelf"]
    assert dataset.file_rows == (400 - 22, 11, 11)
    assert dataset.frame["history"].list.len().max() == 9


def test_from_the_rows_one_can_go_back_to_the_events(open_page: OpenPage) -> None:
    app = upload(open_page("data"), LOG)
    widget(app, "number_input", "events-from").set_value(3).run()
    put_beside(app, "items", ITEMS)
    build(app)
    app.button(key="events-back").click().run()
    assert is_well(app)
    assert "240 of them clicks" in line(app)
    assert "Joined by id" in words(app)
    build(app)


def test_a_table_beside_the_log_can_be_taken_back(open_page: OpenPage) -> None:
    app = upload(open_page("data"), LOG)
    put_beside(app, "items", ITEMS)
    app.file_uploader(key="events-items").set_value(None)
    app.run()
    assert is_well(app)
    assert "Joined by" not in words(app)


def test_a_table_of_other_things_is_refused_in_words(open_page: OpenPage) -> None:
    app = upload(open_page("data"), LOG)
    app.file_uploader(key="events-items").upload("items.csv", b"id,title\nx1,One\nx2,Two\n")
    app.run()
    assert not app.exception
    assert [error.value for error in app.error if "No column of items" in error.value]
    assert has(app, "events-build")


def test_what_cannot_be_built_is_one_sentence_and_the_choices_stay(open_page: OpenPage) -> None:
    app = upload(open_page("data"), LOG)
    widget(app, "selectbox", "events-item").set_value("user").run()
    assert not app.exception
    assert len(app.error) == 1
    assert "must be three columns" in app.error[0].value
    widget(app, "selectbox", "events-item").set_value("item").run()
    assert is_well(app)
    assert has(app, "events-build")
    widget(app, "number_input", "events-from").set_value(9).run()
    assert [error.value for error in app.error if "none of the 400 events is a click" in error.value]
    assert not has(app, "events-build")


def test_each_line_can_be_an_example_all_the_same(open_page: OpenPage) -> None:
    app = upload(open_page("data"), LOG)
    widget(app, "button_group", "events-lines").set_value(False)
    app.run()
    assert not has(app, "events-build")
    assert any(box.key.startswith("data-label") for box in app.selectbox)


def test_a_table_of_clicks_is_not_asked_whether_it_is_a_log(open_page: OpenPage) -> None:
    app = upload(open_page("data"), CLICKS)
    assert not [group for group in app.get("button_group") if group.key.startswith("events-lines")]
    assert has(app, "data-accept")


def test_a_log_with_a_label_is_an_example_until_the_user_says_otherwise(open_page: OpenPage) -> None:
    lines = [f"{row},{i % 2}" for i, row in enumerate(LOG.splitlines()[1:])]
    app = upload(open_page("data"), "\n".join(["user,item,time,stars,click", *lines]))
    assert has(app, "data-accept")
    widget(app, "button_group", "events-lines").set_value(True)
    app.run()
    assert is_well(app)
    assert has(app, "events-build")


def test_a_table_without_a_guess_can_be_told_its_columns(open_page: OpenPage) -> None:
    app = upload(open_page("data"), LOG.replace("user,item,time", "a,b,c"))
    widget(app, "button_group", "events-lines").set_value(True)
    app.run()
    assert "Say which columns hold the user, the item and the time" in words(app)
    for part, column in (("user", "a"), ("item", "b"), ("time", "c")):
        widget(app, "selectbox", f"events-{part}-").set_value(column).run()
    assert is_well(app)
    build(app)


@needs_shared_data
def test_movielens_is_a_log_of_100_000_events(open_page: OpenPage) -> None:
    path: Path = SHARED_DATA / "movielens_100k" / "ml-100k.inter"
    app = upload(open_page("data"), path.read_bytes(), path.name)
    assert is_well(app)
    assert "**100 000 events** of 943 users with 1 682 items become **100 000 rows**, 55 375" in line(app)
