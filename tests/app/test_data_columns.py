"""The Data page on columns: warnings with their remedies and undo, roles, a closer look, labels of many kinds."""

from __future__ import annotations

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from ctr_app.data.schema import Role, Schema
from ctr_app.data.store import DatasetStore
from ctr_app.ui.state import STATE_KEY

from .conftest import OpenPage
from .reading import charts, is_well, words
from .uploads import CLICKS, edit, pressed, select, table, upload

TOLD = table("click,told,site,price", "{third}", "answer{third}", "s{seven}", "{i}.5")


def columns_of(app: AppTest) -> pd.DataFrame:
    """The table of columns."""
    return app.dataframe[0].value


def schema_of(app: AppTest) -> Schema:
    """The schema of the draft."""
    schema = app.session_state[STATE_KEY].draft.schema
    assert schema is not None
    return schema


def accepted(app: AppTest) -> Schema:
    """Use the table; the schema that was stored."""
    app.button(key="data-accept").click().run()
    assert is_well(app), words(app)
    (dataset,) = DatasetStore().list()
    assert dataset.preparation is not None
    return dataset.preparation.schema


def test_each_column_is_told_with_its_role_its_reason_its_values_and_a_picture(open_page: OpenPage) -> None:
    app = upload(open_page("data"), CLICKS)
    shown = columns_of(app).set_index("name")
    assert list(shown.index) == ["click", "site", "price"]
    assert list(shown["role"]) == ["label", "category", "number"]
    assert list(shown["why"]) == ["the column to predict", "7 different texts", "numbers with decimals"]
    assert list(shown["distinct"]) == [2, 7, 300]
    assert list(shown["missing"]) == [0, 0, 0]
    assert shown["examples"]["site"] == "s0, s1, s2"
    assert all(sum(rows) == 300 for rows in shown["rows"])
    assert len(shown["rows"]["price"]) == 16


def test_a_leak_is_shown_with_its_remedy_which_can_be_undone(open_page: OpenPage) -> None:
    app = upload(open_page("data"), TOLD)
    assert "**told**: alone it tells the label almost perfectly" in words(app)
    assert "almost perfectly" in columns_of(app).set_index("name")["note"]["told"]
    pressed(app, "data-ignore-told")
    assert schema_of(app).column("told").role is Role.IGNORED
    assert "Leave it out: told" in words(app)
    assert "almost perfectly" not in words(app)
    pressed(app, "data-undo-leak-told")
    assert is_well(app)
    assert schema_of(app).column("told").role is Role.CATEGORICAL
    assert "almost perfectly" in words(app)


def test_an_undo_leaves_what_was_said_since_then(open_page: OpenPage) -> None:
    app = upload(open_page("data"), TOLD)
    pressed(app, "data-ignore-told")
    edit(app, 3, role="leave out")
    pressed(app, "data-undo-leak-told")
    assert schema_of(app).column("told").role is Role.CATEGORICAL
    assert schema_of(app).column("price").role is Role.IGNORED


def test_a_column_that_was_left_out_and_is_read_again_is_warned_of_again(open_page: OpenPage) -> None:
    app = upload(open_page("data"), TOLD)
    pressed(app, "data-ignore-told")
    edit(app, 1, role="category")
    assert "Leave it out: told" not in words(app)
    assert "**told**: alone it tells the label almost perfectly" in words(app)


def test_one_remedy_mends_all_columns_of_a_kind(open_page: OpenPage) -> None:
    cells = ("{two}", "s{seven}", "unknown", "unknown")
    content = table("click,site,a,b", *cells).replace("s3,unknown,unknown", "s3,rain,sun")
    app = upload(open_page("data"), content)
    assert "The same goes for b." in words(app)
    pressed(app, "data-remedy-unknown-words")
    assert is_well(app)
    assert [schema_of(app).column(name).missing for name in "ab"] == [("unknown",), ("unknown",)]
    pressed(app, "data-undo-unknown-words")
    assert [schema_of(app).column(name).missing for name in "ab"] == [(), ()]


def test_rare_values_and_equal_rows_are_mended_for_the_whole_table_and_this_can_be_undone(open_page: OpenPage) -> None:
    half = table("click,site,city,page", "{third}", "s{seven}", "c{i}", "p{i}", rows=150)
    lines = [f"{i % 3 // 2},s{i % 7},d{i % 50},q{i % 50}" for i in range(150)]
    app = upload(open_page("data"), "\n".join([half, *lines, *lines]))
    assert "equal another row" in words(app)
    pressed(app, "data-remedy-copies")
    pressed(app, "data-remedy-rare-values")
    assert is_well(app)
    assert select(app, "data-split").value == "equal"
    assert next(n for n in app.number_input if n.key.startswith("data-min-count")).value == 1
    pressed(app, "data-undo-copies")
    pressed(app, "data-undo-rare-values")
    assert select(app, "data-split").value == "random"
    assert next(n for n in app.number_input if n.key.startswith("data-min-count")).value == 2


def test_a_column_can_be_the_user_and_a_field_or_the_time_or_the_weight(open_page: OpenPage) -> None:
    app = upload(open_page("data"), table("click,site,price,day", "{two}", "s{seven}", "{i}.5", "{i}"))
    edit(app, 1, use="user")
    edit(app, 2, use="weight")
    edit(app, 3, use="time")
    schema = schema_of(app)
    assert (schema.group, schema.weight, schema.time) == ("site", "price", "day")
    assert schema.column("site").role is Role.CATEGORICAL
    assert schema.column("price").role is Role.IGNORED
    edit(app, 3, use="user")
    assert (schema_of(app).group, schema_of(app).time) == ("day", None)
    edit(app, 2, role="number")
    assert schema_of(app).weight is None
    assert is_well(app)


def test_the_label_can_be_chosen_in_the_table(open_page: OpenPage) -> None:
    app = upload(open_page("data"), table("click,bought,site", "{two}", "{third}", "s{seven}"))
    edit(app, 1, role="label")
    assert is_well(app)
    assert (schema_of(app).label, schema_of(app).column("click").role) == ("bought", Role.CATEGORICAL)
    edit(app, 2, role="label")
    assert "site does not have two values" in app.error[0].value
    assert schema_of(app).label == "bought"


@pytest.mark.parametrize(
    ("row", "cells", "sentence"),
    [
        (1, {"role": "number"}, "site cannot be numeric"),
        (0, {"role": "category"}, "click is the label"),
        (0, {"use": "user"}, "click is the label"),
    ],
)
def test_what_is_refused_is_taken_back_and_its_sentence_stays_until_something_else_is_said(
    open_page: OpenPage, row: int, cells: dict[str, str], sentence: str
) -> None:
    app = upload(open_page("data"), CLICKS)
    before = columns_of(app)
    edit(app, row, **cells)
    assert not app.exception
    for _ in range(2):  # also after an interaction that has nothing to do with it
        assert [sentence in error.value for error in app.error] == [True]
        pd.testing.assert_frame_equal(columns_of(app), before)
        select(app, "data-look").set_value("price").run()
    edit(app, 2, role="category")
    assert is_well(app)
    assert columns_of(app)["role"][2] == "category"


def test_a_look_at_a_column_is_a_chart_of_rows_and_click_rates(open_page: OpenPage) -> None:
    app = upload(open_page("data"), CLICKS)
    assert charts(app) == 0
    for name in ("site", "price"):
        select(app, "data-look").set_value(name).run()
        assert is_well(app)
        assert charts(app) == 1


def test_what_the_probability_of_a_click_is_can_be_the_label(open_page: OpenPage) -> None:
    app = upload(open_page("data"), table("rate,site,price", "0.{seven}5", "s{seven}", "{i}.5"))
    select(app, "data-label").set_value("rate").run()
    assert is_well(app)
    assert "The mean probability of a click is 34.9%." in words(app)
    assert schema_of(app).positive is None
    schema = accepted(app)
    assert (schema.label, schema.positive) == ("rate", None)


def test_a_table_with_a_history_says_what_it_is_on_sight(open_page: OpenPage) -> None:
    content = table("click,film,title,seen", "{two}", "f{seven}", "Film {seven}", "f{three}|f{seven}|f{two}")
    app = upload(open_page("data"), content)
    assert is_well(app)
    said = words(app).replace("\\", "")
    assert "The cell of one row: f0|f0|f0" in said
    assert "Read as, oldest to newest: Film 0 → Film 0 → Film 0" in said
    assert "the item on offer is Film 0; 100% of all items are values of film" in said
    history = accepted(app).column("seen")
    assert (history.role, history.separator, history.candidate) == (Role.SEQUENCE, "|", "film")


def test_columns_that_are_split_by_are_offered_as_ways_to_split(open_page: OpenPage) -> None:
    app = upload(open_page("data"), table("click,user_id,site", "{two}", "u{seven}", "s{three}"))
    assert select(app, "data-split").options == [
        "at random, clicks alike",
        "at random, each user on one side",
        "at random, equal rows on one side",
    ]
    select(app, "data-split").set_value("group").run()
    app.button(key="data-accept").click().run()
    assert is_well(app), words(app)
    assert "each user's rows together" in words(app).replace("\\", "")
