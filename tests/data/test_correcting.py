"""What the user says of columns, over what was inferred; and each sentence on what cannot be."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from ctr_app.data.columns import as_lists
from ctr_app.data.correcting import check_numbers, check_separator, corrected
from ctr_app.data.errors import InputError
from ctr_app.data.inferring import infer
from ctr_app.data.schema import Column, Corrections, Role, Schema

ROWS = 120


def cycle(values) -> list:
    return [values[i % len(values)] for i in range(ROWS)]


FRAME = pl.DataFrame(
    {
        "click": cycle([0, 1, 1]),
        "bought": cycle([1, 0, 0, 0]),
        "rating": cycle([1, 2, 3, 4, 5]),
        "film": cycle(["f1", "f2", "f3", "f4"]),
        "seen": cycle(["f1|f2", "f2|f3|f4", "f4"]),
        "price": [0.5 + i for i in range(ROWS)],
        "city": cycle(["Bonn", "Rome", "Oslo"]),
        "always": ["same"] * ROWS,
        "empty": pl.Series([None] * ROWS, dtype=pl.String),
        "lists": cycle([["a"], ["b", "a"]]),
    }
)
INFERENCE = infer(FRAME)


def schema(**corrections) -> Schema:
    return corrected(FRAME, INFERENCE, Corrections(**corrections))


def sentence(frame: pl.DataFrame = FRAME, **corrections) -> str:
    with pytest.raises(InputError) as caught:
        corrected(frame, infer(frame), Corrections(**corrections))
    return str(caught.value)


def test_without_corrections_the_inferred_schema_stands():
    assert schema() == INFERENCE.schema
    assert schema().label == "click"


def test_roles_are_what_the_user_says():
    made = schema(ignore=("city",), numeric=("rating",), categorical=("price",), group="film", time="price")
    assert made.column("city").role is Role.IGNORED
    assert made.column("rating").role is Role.NUMERIC
    assert made.column("price").role is Role.CATEGORICAL
    assert (made.group, made.time) == ("film", "price")


def test_a_history_takes_the_candidate_that_the_user_names():
    assert schema(sequences={"seen": "city"}).column("seen").candidate == "city"
    assert schema(sequences={"seen": None}).column("seen").candidate == "film"


def test_a_candidate_becomes_categorical():
    made = schema(sequences={"seen": "price"})
    assert made.column("price").role is Role.CATEGORICAL
    assert made.column("seen").candidate == "price"


def test_a_history_loses_a_candidate_that_is_left_out():
    assert schema(ignore=("film",)).column("seen").candidate is None
    assert schema(numeric=("rating",), sequences={"film": None}, separator="f").column("seen").candidate is None


def test_the_separator_of_a_history_can_be_said_or_guessed():
    frame = FRAME.with_columns(pl.Series("seen", cycle(["f1;f2", "f3;f4"])))
    inference = infer(frame)
    guessed = corrected(frame, inference, Corrections(sequences={"seen": None}))
    assert guessed.column("seen").separator == ";"
    tabs = FRAME.with_columns(pl.Series("seen", cycle(["f1\tf2", "f3\tf4"])))
    said = corrected(tabs, infer(tabs), Corrections(sequences={"seen": None}, separator="\\t"))
    assert as_lists(tabs["seen"], said.column("seen"))[0].to_list() == ["f1", "f2"]


def test_another_label_can_be_chosen_and_the_old_one_becomes_a_field():
    made = schema(label="bought")
    assert (made.label, made.positive) == ("bought", "1")
    assert made.column("click").role is Role.CATEGORICAL


def test_another_label_leaves_what_was_said_of_the_other_columns():
    edited = replace(INFERENCE, schema=schema(ignore=("city",), numeric=("rating",)))
    made = corrected(FRAME, edited, Corrections(label="bought"))
    assert made.column("city").role is Role.IGNORED
    assert made.column("rating").role is Role.NUMERIC


def test_one_of_many_values_can_count_as_a_click():
    made = schema(label="rating", positive="5")
    assert (made.label, made.positive) == ("rating", "5")


def test_the_value_of_a_click_may_be_written_as_the_file_writes_it():
    frame = pl.DataFrame({"label": cycle(["0.0", "1.0"]), "x": cycle(["a", "b", "c"])})
    assert corrected(frame, infer(frame), Corrections(positive="1.0")).positive == "1"
    assert corrected(frame, infer(frame), Corrections(positive="0")).positive == "0"


@pytest.mark.parametrize(
    ("corrections", "expected"),
    [
        ({"label": "rating"}, "Label rating has 5 values (1, 2, 3, 4 and 1 more) where two are needed; "
         "say which one counts as a click with --positive VALUE."),
        ({"label": "always"}, "Label always has only the value same; there is nothing to tell apart."),
        ({"label": "empty"}, "Label empty has only the value missing; there is nothing to tell apart."),
        ({"positive": "yes"}, "Label click never has the value yes; it has 0, 1."),
        ({"label": "rating", "positive": "6"}, "Label rating never has the value 6; it has 1, 2, 3, 4, 5."),
        ({"label": "empty", "positive": "1"}, "Label empty never has the value 1; it has none."),
        ({"label": "always", "positive": "same"},
         "Label always has only the value same; there is nothing to tell apart."),
        ({"ignore": ("click",)}, "Column click is the label; it cannot be ignored as well."),
        ({"sequences": {"click": None}}, "Column click is the label; it cannot be sequence as well."),
        ({"sequences": {"seen": "click"}}, "Column click is the label; it cannot be categorical as well."),
        ({"ignore": ("city",), "numeric": ("city",)}, "Column city cannot be both ignored and numeric."),
        ({"ignore": ("film",), "sequences": {"seen": "film"}}, "Column film cannot be both ignored and categorical."),
        ({"numeric": ("city",)},
         "Column city cannot be numeric: it holds no number; its first value is “Bonn”."),
        ({"numeric": ("lists",)}, "Column lists cannot be numeric: it holds no number; its first value is “a”."),
        ({"sequences": {"city": None}, "separator": ";"},
         "The separator “;” never occurs in column city; its first value is “Bonn”."),
    ],
)  # fmt: skip
def test_what_cannot_be_is_said_in_one_sentence(corrections, expected):
    assert sentence(**corrections) == expected


@pytest.mark.parametrize(
    "corrections",
    [
        {"label": "clicks"},
        {"ignore": ("clicks",)},
        {"numeric": ("clicks",)},
        {"categorical": ("clicks",)},
        {"sequences": {"clicks": None}},
        {"sequences": {"seen": "clicks"}},
        {"group": "clicks"},
        {"time": "clicks"},
    ],
)
def test_a_column_that_is_not_there_is_named_with_those_that_are(corrections):
    assert sentence(**corrections) == (
        "There is no column clicks; the table has click, bought, rating, film, seen, price, city, always and 2 more."
    )


def test_a_label_in_doubt_is_asked_for_with_its_flag():
    doubtful = FRAME.rename({"click": "a", "bought": "b"})
    assert sentence(doubtful) == "Which column is the label? It could be a, b; say it with --label COL."
    none = FRAME.drop("click", "bought")
    assert sentence(none) == (
        "No column has two values, so none can be the label; "
        "choose one with --label COL and the value that counts as a click with --positive VALUE."
    )


def test_a_model_must_be_left_something_to_read():
    everything = tuple(name for name in FRAME.columns if name != "click")
    assert sentence(ignore=everything).startswith("No column is left for the model to read")


def test_an_empty_column_may_be_called_numeric():
    assert schema(numeric=("empty",)).column("empty").role is Role.NUMERIC
    check_numbers(FRAME, "empty")


def test_a_column_of_lists_needs_no_separator():
    check_separator(FRAME, Column("lists", Role.SEQUENCE, separator="§"))
    assert schema(sequences={"lists": None}).column("lists").role is Role.SEQUENCE


def test_a_long_first_value_is_cut_and_put_on_one_line():
    frame = FRAME.with_columns(city=pl.Series(["x\n" * 100] + ["y"] * (ROWS - 1)))
    said = sentence(frame, sequences={"city": None}, separator=";")
    assert len(said) < 120
    assert "\n" not in said


def test_values_that_mean_nothing_is_known_are_said_of_a_column():
    assert schema(missing={"city": ("Bonn", "-")}).column("city").missing == ("Bonn", "-")


def test_a_column_of_numbers_from_0_to_1_can_be_the_probability_itself():
    frame = FRAME.with_columns(chance=pl.Series([i % 11 / 10 for i in range(ROWS)]))
    inference = infer(frame)
    made = corrected(frame, inference, Corrections(label="chance", is_probability=True))
    assert (made.label, made.positive) == ("chance", None)
    assert made.column("click").role is Role.CATEGORICAL
    again = corrected(frame, replace(inference, schema=made), Corrections(ignore=("city",)))
    assert (again.label, again.positive) == ("chance", None)
    with pytest.raises(InputError, match="must hold numbers from 0 to 1; row 2 has"):
        corrected(frame, inference, Corrections(label="price", is_probability=True))
