"""What each row is to be predicted as, and how much it counts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ctr_app.data.dataset import as_batch
from ctr_app.data.encoding import Encoder
from ctr_app.data.errors import InputError
from ctr_app.data.labels import label_array, weight_array
from ctr_app.data.reading import Table
from ctr_app.data.schema import Column, Role, Schema
from ctr_app.data.store import DatasetStore, Preparation
from ctr_app.data.tables import ChosenRows

SCHEMA = Schema((Column("rate", Role.LABEL), Column("site", Role.CATEGORICAL), Column("times", Role.IGNORED)), None)
WEIGHED = SCHEMA.with_weight("times")


def frame(rates: list, times: list | None = None) -> pl.DataFrame:
    return pl.DataFrame({"rate": rates, "site": ["a"] * len(rates), "times": times or [1] * len(rates)}, strict=False)


def sentence(read, *arguments) -> str:
    with pytest.raises(InputError) as caught:
        read(*arguments)
    return str(caught.value)


@pytest.mark.parametrize(
    ("values", "positive", "expected"),
    [
        ([1, 0, None], "1", [1, 0, np.nan]),
        ([1.0, 0.0, float("nan")], "1", [1, 0, np.nan]),
        ([1.0, 0.0, None], "1.0", [1, 0, np.nan]),
        (["1.0", "0.0", None], "1", [1, 0, np.nan]),
        ([True, False, None], "1", [1, 0, np.nan]),
        (["yes", "no", "maybe"], "yes", [1, 0, 0]),
        ([None, None, None], "1", [np.nan] * 3),
    ],
)
def test_labels_are_clicks_others_or_missing_however_they_are_stored(values, positive, expected):
    labels = label_array(pl.DataFrame({"rate": values}), replace(SCHEMA, positive=positive))
    assert labels.dtype == np.float32
    np.testing.assert_array_equal(labels, np.array(expected, dtype=np.float32))


@given(st.lists(st.none() | st.floats(0, 1), min_size=1, max_size=20), st.booleans())
def test_probabilities_are_taken_as_they_are_and_missing_ones_are_nan(rates, as_text):
    cells = [None if rate is None else str(rate) for rate in rates] if as_text else rates
    expected = np.array([np.nan if rate is None else rate for rate in rates], dtype=np.float32)
    np.testing.assert_array_equal(label_array(frame(cells), SCHEMA), expected)


@pytest.mark.parametrize("wrong", ["1.2", "-0.1", "inf", "often"])
def test_what_is_no_probability_is_refused_with_its_row(wrong):
    said = f"Label rate must hold numbers from 0 to 1; row 3 has “{wrong}”."
    assert sentence(label_array, frame(["0.1", None, wrong, "7"]), SCHEMA) == said


@given(st.lists(st.floats(1e-6, 1e6), min_size=1, max_size=20))
def test_weights_are_taken_as_they_are(times):
    weights = weight_array(frame([0.5] * len(times), times), WEIGHED)
    assert weights.dtype == np.float32
    np.testing.assert_array_equal(weights, np.array(times, dtype=np.float32))


@pytest.mark.parametrize(
    ("wrong", "shown"), [("0", "0"), ("-1", "-1"), (None, "nothing"), ("x", "x"), ("1e300", "1e300"), ("1e-300",) * 2]
)
def test_what_is_no_weight_is_refused_with_its_row(wrong, shown):
    said = f"Weight times must be a number above 0 in each row; row 2 has “{shown}”."
    assert sentence(weight_array, frame([0, 1], ["1", wrong]), WEIGHED) == said


def test_a_table_without_the_weight_or_a_schema_without_one_has_no_weights():
    assert weight_array(frame([0, 1]), SCHEMA) is None
    assert weight_array(frame([0, 1]).drop("times"), WEIGHED) is None


def test_chosen_rows_keep_their_own_labels_and_weights():
    made = frame([i / 10 for i in range(10)], [i + 1 for i in range(10)])
    rows = np.array([7, 2, 2])
    encoded = Encoder.fit(made, WEIGHED, 1).transform(made, rows)
    np.testing.assert_allclose(encoded.labels, rows / 10, rtol=1e-6)
    assert encoded.weights.tolist() == (rows + 1).tolist()
    assert label_array(ChosenRows(made, rows), WEIGHED).tolist() == encoded.labels.tolist()


@pytest.mark.parametrize("schema", [SCHEMA, WEIGHED])
def test_weights_and_probabilities_come_back_from_a_stored_data_set(tmp_path, schema):
    made = frame([i % 50 / 50 for i in range(200)], [i % 7 + 1 for i in range(200)])
    dataset = DatasetStore(tmp_path).add_table({"train": Table(made, "t", "0" * 64, "CSV")}, Preparation(schema))
    batch = as_batch(dataset.encoded().rows("valid"))
    rows = dataset.encoded().rows("valid").rows
    assert batch.labels.tolist() == made["rate"].cast(pl.Float32).gather(rows).to_list()
    expected = None if schema is SCHEMA else made["times"].gather(rows).to_list()
    assert (batch.weights if expected is None else batch.weights.tolist()) == expected


def test_the_name_of_what_older_versions_encoded_is_unchanged():
    schema = replace(SCHEMA, positive="1")
    assert Preparation(schema).key == "bfe4b642b1746c17"
    assert Preparation(replace(schema, weight="times")).key != Preparation(schema).key
