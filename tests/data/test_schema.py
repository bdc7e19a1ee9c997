"""What a schema holds together, and its file."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctr_app.data.errors import InputError
from ctr_app.data.schema import Column, Corrections, Role, Schema

SCHEMA = Schema(
    (
        Column("click", Role.LABEL),
        Column("price", Role.NUMERIC),
        Column("film", Role.CATEGORICAL, names_from="title"),
        Column("history", Role.SEQUENCE, separator="|", candidate="film", newest_first=True, max_length=20),
        Column("title", Role.IGNORED),
        Column("user", Role.IGNORED),
        Column("seen", Role.IGNORED),
    ),
    positive="yes",
    group="user",
    time="seen",
)
NAMES = st.text(min_size=1, max_size=6)


def through_a_file(schema: Schema) -> Schema:
    return Schema.from_json(json.loads(json.dumps(schema.to_json(), ensure_ascii=False)))


def sentence(schema: Schema) -> str:
    with pytest.raises(InputError) as caught:
        schema.check()
    return str(caught.value)


def test_a_schema_comes_back_from_its_file_as_it_was():
    assert through_a_file(SCHEMA) == SCHEMA


@given(st.lists(NAMES, min_size=3, max_size=6, unique=True), st.text(max_size=5), st.booleans(), st.integers(1, 99))
def test_any_names_come_back_from_a_schema_file(names, positive, newest_first, max_length):
    label, candidate, history, *others = names
    columns = (
        Column(label, Role.LABEL),
        Column(candidate, Role.CATEGORICAL),
        Column(history, Role.SEQUENCE, "\t", candidate, newest_first, max_length),
        *(Column(name, Role.IGNORED) for name in others),
    )
    schema = Schema(columns, positive, group=names[-1])
    assert through_a_file(schema) == schema


def test_a_weight_and_a_probability_as_the_label_come_back_from_a_schema_file():
    weighed = replace(SCHEMA, positive=None).with_weight("price")
    assert through_a_file(weighed) == weighed
    assert (weighed.weight, weighed.column("price").role) == ("price", Role.IGNORED)
    assert (weighed.target, SCHEMA.target) == ("click", "click = yes")


def test_a_schema_file_of_an_older_version_has_no_weight_and_is_written_as_it_was():
    stored = SCHEMA.to_json()
    assert "weight" not in stored
    assert Schema.from_json(stored).to_json() == stored


def test_the_weight_of_the_rows_is_no_field():
    assert sentence(replace(SCHEMA, weight="price")) == (
        "Column price is the weight of the rows, so it must be left out as a field, but it is numeric."
    )
    assert "There is no column nowhere" in sentence(replace(SCHEMA, weight="nowhere"))


def test_fields_are_numeric_then_categorical_then_sequences():
    assert [column.name for column in SCHEMA.fields] == ["price", "film", "history"]
    assert SCHEMA.label == "click"


def test_a_column_that_is_not_there_is_named_with_those_that_are():
    with pytest.raises(InputError, match="There is no column films; the table has click, price, film, history"):
        SCHEMA.column("films")


def test_a_schema_needs_one_label_and_a_field():
    none = replace(SCHEMA, columns=SCHEMA.columns[1:])
    assert sentence(none).startswith("Exactly one column must be the label, not 0")
    two = SCHEMA.with_column(Column("price", Role.LABEL))
    assert sentence(two).startswith("Exactly one column must be the label, not 2")
    only_label = Schema((Column("click", Role.LABEL), Column("x", Role.IGNORED)), "1")
    assert sentence(only_label) == "No column is left for the model to read: all but the label are ignored."


def test_a_candidate_must_be_categorical():
    numeric = SCHEMA.with_column(Column("film", Role.NUMERIC))
    assert sentence(numeric) == "History history is compared with film, which must be categorical but is numeric."


def test_every_column_that_a_schema_speaks_of_must_be_there():
    assert "no column nobody" in sentence(replace(SCHEMA, group="nobody"))
    assert "no column never" in sentence(replace(SCHEMA, time="never"))
    assert "no column gone" in sentence(SCHEMA.with_column(Column("film", Role.CATEGORICAL, names_from="gone")))
    lost = SCHEMA.with_column(replace(SCHEMA.column("history"), candidate="gone"))
    assert "no column gone" in sentence(lost)


def test_a_history_keeps_at_least_one_item():
    empty = SCHEMA.with_column(replace(SCHEMA.column("history"), max_length=0))
    assert sentence(empty) == "The maximum length of history must be at least 1."


def test_a_column_is_spoken_of_once():
    doubled = replace(SCHEMA, columns=(*SCHEMA.columns, Column("price", Role.CATEGORICAL)))
    assert sentence(doubled) == "The schema speaks of price more than once."


def test_a_candidate_that_is_left_out_is_compared_with_nothing():
    without = SCHEMA.without_role("film").check()
    assert without.column("film").role is Role.IGNORED
    assert without.column("history").candidate is None


COLUMN = {"name": "price", "role": "numeric"}


@pytest.mark.parametrize(
    "stored",
    [
        {},
        [],
        "schema",
        None,
        {"columns": None, "positive": "1"},
        {"columns": [COLUMN]},
        {"columns": [{"name": "price"}], "positive": "1"},
        {"columns": [{**COLUMN, "role": "number"}], "positive": "1"},
        {"columns": [{**COLUMN, "colour": "red"}], "positive": "1"},
        {"columns": [{**COLUMN, "name": 5}], "positive": "1"},
        {"columns": [{**COLUMN, "separator": 5}], "positive": "1"},
        {"columns": [{**COLUMN, "max_length": "5"}], "positive": "1"},
        {"columns": ["price"], "positive": "1"},
    ],
)
def test_a_file_that_is_no_schema_is_one_sentence(stored):
    with pytest.raises(InputError, match=r"^The schema file is not in the form of this version .*\.$"):
        Schema.from_json(stored)


def test_a_schema_file_is_checked_when_it_is_read():
    with pytest.raises(InputError, match="Exactly one column must be the label"):
        Schema.from_json({"columns": [COLUMN], "positive": "1"})


def test_corrections_name_every_column_that_they_speak_of():
    corrections = Corrections("a", "1", ("b",), ("c",), ("d",), {"e": "f", "g": None}, "|", "h", "i")
    assert sorted(corrections.named()) == list("abcdefghi")


def test_values_called_missing_are_stored_with_the_schema_and_leave_no_trace_where_there_are_none():
    said = Schema((Column("click", Role.LABEL), Column("x", Role.CATEGORICAL, missing=("-",))), "1")
    assert Schema.from_json(said.to_json()) == said
    plain = Schema((Column("click", Role.LABEL), Column("x", Role.CATEGORICAL)), "1")
    assert "missing" not in plain.to_json()["columns"][1]
