"""What is guessed of a table, on made and on real ones."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache

import numpy as np
import polars as pl
import pytest

from ctr_app.data.inferring import Inference, infer
from ctr_app.data.leaks import is_leak
from ctr_app.data.profiling import guess_separator, words_in
from ctr_app.data.reading import read_table
from ctr_app.data.schema import Column, Role
from ctr_app.data.synthetic import planted_clicks, planted_histories
from tests.paths import SHARED_DATA, needs_shared_data

ROWS = 300
RANDOM = np.random.default_rng(0)


def clicks(**columns) -> pl.DataFrame:
    """A table with a label of zeros and ones, two cities, and what else is given."""
    base = {"click": RANDOM.integers(0, 2, ROWS), "city": RANDOM.choice(["Bonn", "Rome", "Oslo"], ROWS)}
    return pl.DataFrame(base | columns)


def guessed(values, name: str = "x") -> tuple[Role, str]:
    """Role and reason of one column beside a label."""
    inference = infer(clicks(**{name: values}), "click")
    profile = next(profile for profile in inference.profiles if profile.name == name)
    return profile.role, str(profile.reason)


def column_of(inference: Inference, name: str) -> Column:
    assert inference.schema is not None
    return inference.schema.column(name)


def cycle(values) -> list:
    return [values[i % len(values)] for i in range(ROWS)]


@pytest.mark.parametrize(
    ("values", "name", "role", "reason"),
    [
        (RANDOM.random(ROWS), "x", Role.NUMERIC, "numbers with decimals"),
        (np.arange(ROWS) * 3, "amount", Role.NUMERIC, "300 whole numbers"),
        (np.arange(ROWS) // 4, "user_id", Role.CATEGORICAL, "whole numbers that look like codes, by the name"),
        (np.arange(ROWS) // 4, "movieId", Role.CATEGORICAL, "whole numbers that look like codes, by the name"),
        (cycle(["a", "b", "c"]), "x", Role.CATEGORICAL, "3 different texts"),
        (cycle([1, 2, 3]), "x", Role.CATEGORICAL, "3 values, all whole numbers: looks categorical"),
        (cycle([1, 2, 3]), "I7", Role.NUMERIC, "3 whole numbers"),
        (cycle(["a|b", "b|c|a", "c"]), "x", Role.SEQUENCE, "lists separated by “|”"),
        (cycle(["[1, 2]", "[2, 3, 1]", "[]"]), "x", Role.SEQUENCE, "lists separated by “,”"),
        (cycle(["12 15 9", "9 12", "15 15 15"]), "x", Role.SEQUENCE, "lists separated by “ ”"),
        (cycle([["a", "b"], ["b"], None]), "x", Role.SEQUENCE, "a column of lists"),
        (cycle(["New York", "Los Angeles", "San Jose"]), "x", Role.CATEGORICAL, "3 different texts"),
        ([f"text {i}" for i in range(ROWS)], "x", Role.IGNORED, "nearly every row has a value of its own"),
        (np.arange(ROWS), "id", Role.IGNORED, "nearly every row has a value of its own"),
        ([5] * ROWS, "x", Role.IGNORED, "one value only: nothing to learn from"),
        ([None] * ROWS, "x", Role.IGNORED, "empty in every row"),
        ([float("nan")] * ROWS, "x", Role.IGNORED, "empty in every row"),
        (np.arange(ROWS) + 978300000, "timestamp", Role.IGNORED, "a time: for splitting, not for the model"),
        ([datetime(2024, 1, 1)] * 2 * (ROWS // 2 - 1) + [datetime(2025, 1, 1)] * 2, "x", Role.IGNORED, "a time"),
        (cycle([0.5, 1.0, 1.5]), "rating:float", Role.NUMERIC, "by the ending of its name"),
        (cycle([1, 2, 3]), "rating:float", Role.NUMERIC, "by the ending of its name"),
        ([f"i{i}" for i in range(ROWS)], "item:token", Role.IGNORED, "nearly every row has a value of its own"),
        (cycle([1995, 1996]), "year:token", Role.CATEGORICAL, "by the ending of its name"),
        (cycle(["Drama War", "War"]), "genre:token_seq", Role.SEQUENCE, "by the ending of its name"),
    ],
)
def test_a_column_gets_a_role_and_a_reason(values, name, role, reason):
    found_role, found_reason = guessed(values, name)
    assert (found_role, found_reason[: len(reason)]) == (role, reason)


def test_a_few_words_among_numbers_are_missing_numbers():
    values = [str(i * 0.5) for i in range(ROWS - 2)] + ["unknown", "-"]
    assert guessed(values) == (Role.NUMERIC, "numbers with decimals")


def test_words_of_a_name_are_found_in_every_spelling():
    assert words_in("histHighRatedMovieIds") == {"hist", "high", "rated", "movie", "ids"}
    assert words_in("customerID") == {"customer", "id"}
    assert words_in("user-id:token") == {"user", "id"}
    assert words_in("2019") == set()


def test_titles_with_commas_are_not_taken_for_lists():
    assert guess_separator(pl.Series(["Heat, The", "Matrix, The", "Rock, The"] * 50)) is None


def test_the_label_is_found_by_its_name():
    binary = RANDOM.integers(0, 2, ROWS)
    for name in ("label", "Click", "is-click", "Is Click?", "clicked:float", "Churn"):
        frame = pl.DataFrame({"other": binary[::-1], name: binary, "x": RANDOM.random(ROWS)})
        assert infer(frame).schema.label == name


def test_the_only_column_with_two_values_is_the_label():
    frame = pl.DataFrame({"x": RANDOM.random(ROWS), "what": cycle(["a", "b"])})
    assert infer(frame).schema.label == "what"


def test_a_doubt_about_the_label_is_left_to_the_user():
    frame = pl.DataFrame({"x": cycle([0, 1]), "y2": cycle([1, 0]), "z": RANDOM.random(ROWS)})
    inference = infer(frame)
    assert inference.schema is None
    assert inference.label_candidates == ("x", "y2")
    assert len(inference.profiles) == 3


def test_a_label_that_never_changes_is_not_replaced_by_another_column():
    frame = pl.DataFrame({"click": [1] * ROWS, "gender": cycle(["M", "F"]), "x": RANDOM.random(ROWS)})
    assert infer(frame).schema is None


@pytest.mark.parametrize(
    ("values", "positive"),
    [
        ([0, 1], "1"),
        ([0.0, 1.0], "1"),
        ([-1, 1], "1"),
        ([1, 2], "2"),
        ([True, False], "1"),
        (["0.0", "1.0"], "1"),
        (["no", "yes"], "yes"),
        (["True", "False"], "True"),
        (["N", "Y"], "Y"),
        (["<=50K", ">50K"], ">50K"),
        (["bad", "good"], "good"),
        ([None, 1.0, 0.0, float("nan")], "1"),
    ],
)
def test_the_value_that_counts_as_a_click_is_guessed(values, positive):
    frame = pl.DataFrame({"label": pl.Series(cycle(values), strict=False), "x": RANDOM.random(ROWS)})
    assert infer(frame).schema.positive == positive


def test_a_history_is_compared_with_the_column_whose_values_it_holds():
    films = [f"f{i}" for i in range(20)]
    frame = clicks(
        film=cycle(films),
        brand=cycle([f"b{i}" for i in range(9)]),
        seen=["|".join(RANDOM.choice(films, 4)) for _ in range(ROWS)],
        tags=["|".join(RANDOM.choice(["t1", "t2", "t3"], 2)) for _ in range(ROWS)],
    )
    inference = infer(frame)
    assert column_of(inference, "seen").candidate == "film"
    assert column_of(inference, "tags").candidate is None


def test_of_two_columns_with_the_same_values_the_history_is_compared_with_the_one_it_is_named_after():
    ids = np.arange(ROWS) % 30
    frame = clicks(user_id=ids[::-1], item_id=ids, item_id_history=[f"{i % 30}|{(i + 1) % 30}" for i in range(ROWS)])
    assert column_of(infer(frame), "item_id_history").candidate == "item_id"


def test_a_typed_list_of_floats_is_compared_with_a_column_of_integers():
    frame = clicks(item=np.arange(ROWS) % 30, seen=[[float(i % 30), float((i + 3) % 30)] for i in range(ROWS)])
    assert column_of(infer(frame), "seen").candidate == "item"


def test_user_and_time_are_found_for_grouping_and_splitting():
    start = datetime(2024, 1, 1)
    frame = clicks(user_id=cycle(range(40)), seen=[start + timedelta(hours=i) for i in range(ROWS)])
    schema = infer(frame).schema
    assert (schema.group, schema.time) == ("user_id", "seen")


@pytest.mark.parametrize("label_values", [("no", "yes"), (0, 1)])
def test_a_column_that_repeats_the_label_gets_a_warning(label_values):
    labels = RANDOM.integers(0, 2, ROWS)
    frame = pl.DataFrame(
        {
            "click": [label_values[i] for i in labels],
            "alive": [["dead", "alive"][i] for i in labels],
            "score": labels + RANDOM.random(ROWS) * 0.9,
            "x": RANDOM.random(ROWS),
            "c": cycle(["a", "b", "c"]),
        }
    )
    assert set(infer(frame).leaks) == {"alive", "score"}


def test_rows_without_a_label_say_nothing_about_leaks():
    labels = [0.0, 1.0, None] * (ROWS // 3)
    frame = pl.DataFrame(
        {"click": labels, "copy": [0.0 if x == 0.0 else 1.0 for x in labels], "x": RANDOM.random(ROWS)}
    )
    assert list(infer(frame, "click").leaks) == ["copy"]


def test_leaks_are_judged_on_rows_that_the_rates_were_not_taken_from():
    labels = RANDOM.integers(0, 2, ROWS) > 0
    assert not is_leak(pl.Series([f"row {i}" for i in range(ROWS)]), labels)
    assert not is_leak(pl.Series(RANDOM.random(ROWS)), labels)
    assert is_leak(pl.Series(labels), labels)
    assert is_leak(pl.Series(-1.0 * labels + RANDOM.random(ROWS) * 0.5), labels)


def test_a_label_with_many_values_gives_a_schema_once_its_click_is_known():
    frame = clicks(rating=cycle([1, 2, 3, 4, 5]), copy=cycle([0, 0, 0, 0, 1]))
    assert infer(frame, "rating").schema is None
    inference = infer(frame, "rating", "5")
    assert (inference.schema.label, inference.schema.positive) == ("rating", "5")
    assert list(inference.leaks) == ["copy"]


def test_hostile_names_and_values_are_only_names_and_values():
    names = ["a.b", "^.*$", "*", 'q"q', "it's", "![](http://x)", "{0}", "count()", "x:Q", "índice"]
    frame = pl.DataFrame({"label": cycle([0, 1])} | {name: cycle(["{}", "%s", "<b>", '"']) for name in names})
    schema = infer(frame).schema
    assert [column.name for column in schema.fields] == names


@pytest.mark.parametrize("make", [planted_clicks, planted_histories])
def test_the_schema_of_a_sample_is_what_would_be_inferred_of_it(make):
    planted = make(3000)
    inferred = infer(planted.frame).schema
    assert (inferred.label, inferred.positive) == (planted.schema.label, planted.schema.positive)
    for column in planted.schema.columns:
        found = inferred.column(column.name)
        if column.name != "user":
            assert (found.role, found.candidate, found.separator) == (column.role, column.candidate, column.separator)
    assert inferred.group == planted.schema.group


@cache
def real(name: str) -> Inference:
    return infer(read_table(SHARED_DATA / name).frame)


@needs_shared_data
@pytest.mark.parametrize(
    ("name", "label", "positive", "group", "time"),
    [
        ("frappe_x1/test.csv.gz", "label", "1", "user", None),
        ("movielens_1m_din/train.csv", "label", "1", None, "timestamp"),
        ("movielens_1m_din/test.csv", "label", "1", None, "timestamp"),
        ("criteo/train.tsv", "label", "1", None, None),
        ("criteo/test.tsv", "label", "1", None, None),
        ("criteo/criteo_sample_200.csv", "label", "1", None, None),
        ("tabular/adult.csv", "income", ">50K", None, None),
        ("tabular/telco_churn.csv", "Churn", "Yes", None, None),
        ("tabular/titanic_seaborn.csv", "survived", "1", None, None),
    ],
)
def test_the_label_of_a_real_table_is_found(name, label, positive, group, time):
    schema = real(name).schema
    assert (schema.label, schema.positive, schema.group, schema.time) == (label, positive, group, time)
    assert schema.check() is schema


@needs_shared_data
def test_movielens_100k_has_no_label_and_is_not_given_one():
    inference = real("movielens_100k/ml-100k.inter")
    assert inference.schema is None
    assert inference.label_candidates == ()
    roles = {column.name: column.role for column in inference.columns}
    assert roles == {
        "user_id:token": Role.CATEGORICAL,
        "item_id:token": Role.CATEGORICAL,
        "rating:float": Role.NUMERIC,
        "timestamp:float": Role.IGNORED,
    }


@needs_shared_data
def test_a_rating_of_movielens_100k_can_be_the_label():
    frame = read_table(SHARED_DATA / "movielens_100k" / "ml-100k.inter").frame
    schema = infer(frame, "rating:float", "5").schema
    assert (schema.group, schema.time) == ("user_id:token", "timestamp:float")


@needs_shared_data
def test_the_criteo_columns_are_13_numbers_and_26_categories():
    schema = real("criteo/train.tsv").schema
    assert [c.name for c in schema.with_role(Role.NUMERIC)] == [f"I{i}" for i in range(1, 14)]
    assert [c.name for c in schema.with_role(Role.CATEGORICAL)] == [f"C{i}" for i in range(1, 27)]


@needs_shared_data
def test_all_ten_fields_of_frappe_are_categorical():
    schema = real("frappe_x1/test.csv.gz").schema
    assert len(schema.with_role(Role.CATEGORICAL)) == len(schema.fields) == 10


@needs_shared_data
def test_the_histories_of_movielens_are_compared_with_the_film_and_named_by_its_title():
    schema = real("movielens_1m_din/train.csv").schema
    histories = {c.name: (c.separator, c.candidate) for c in schema.with_role(Role.SEQUENCE)}
    assert histories == {
        "histHighRatedMovieIds": ("|", "movieId"),
        "negHistMovieIds": ("|", "movieId"),
        "genres": ("|", None),
    }
    assert schema.column("movieId").names_from == "title"
    assert schema.column("title").role is Role.IGNORED


@needs_shared_data
@pytest.mark.parametrize(
    ("name", "leaks"),
    [
        ("movielens_1m_din/train.csv", ["ratting"]),
        ("movielens_1m_din/test.csv", ["ratting"]),
        ("tabular/titanic_seaborn.csv", ["alive"]),
        ("tabular/adult.csv", []),
        ("tabular/telco_churn.csv", []),
        ("criteo/train.tsv", []),
        ("frappe_x1/test.csv.gz", []),
    ],
)
def test_leaks_of_real_tables_are_found_and_nothing_else_is_blamed(name, leaks):
    assert list(real(name).leaks) == leaks


@needs_shared_data
def test_roles_of_the_tables_that_analysts_try_first():
    adult, telco = real("tabular/adult.csv").schema, real("tabular/telco_churn.csv").schema
    assert [c.name for c in adult.with_role(Role.NUMERIC)] == [
        "fnlwgt",
        "capital-gain",
        "capital-loss",
        "hours-per-week",
        "age",
    ]
    assert [c.name for c in telco.with_role(Role.NUMERIC)] == ["tenure", "MonthlyCharges", "TotalCharges"]
    assert telco.column("customerID").role is Role.IGNORED


def test_a_leak_is_seen_in_a_table_that_alternates_clicks_and_others():
    frame = pl.DataFrame({"label": [1, 0] * 100, "copy": ["yes", "no"] * 100, "other": list("abcde") * 40})
    assert list(infer(frame).leaks) == ["copy"]
