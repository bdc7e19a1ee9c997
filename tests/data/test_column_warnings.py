"""Each warning where it belongs, not elsewhere, with a remedy that ends it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from ctr_app.data.column_warnings import ColumnWarning, find_warnings, flags, merged
from ctr_app.data.correcting import corrected
from ctr_app.data.inferring import Inference, infer
from ctr_app.data.reading import read_table
from ctr_app.data.schema import Corrections, Role
from tests.paths import SHARED_DATA, needs_shared_data

ROWS = 400
RANDOM = np.random.default_rng(0)
LABELS = RANDOM.integers(0, 2, ROWS)


def table(**columns) -> pl.DataFrame:
    """A label, two honest fields, and what else is given."""
    base = {"click": LABELS, "city": RANDOM.choice(["Bonn", "Rome", "Oslo"], ROWS), "price": RANDOM.random(ROWS)}
    return pl.DataFrame(base | columns, strict=False)


def warned(frame: pl.DataFrame, **said) -> tuple[ColumnWarning, ...]:
    """The warnings once the user has said what columns are."""
    inference = infer(frame, "click")
    return find_warnings(inference, corrected(frame, inference, Corrections(**said)))


TIMES = [f"{i // 60:02d}:{i % 60:02d}" if label else None for i, label in enumerate(LABELS)]
SINGLES = [f"s{i}" if i % 2 else "often" for i in range(ROWS)]
# kind -> the column "x", what is said of it so that a model reads it, and a part of the sentence
CASES = {
    "leak": (["no" if label == 0 else "yes" for label in LABELS], {}, "almost perfectly (AUC 1.000"),
    "constant": (["same"] * ROWS, {"categorical": ("x",)}, "the same in every row"),
    "own-values": ([f"u{i}" for i in range(ROWS)], {"categorical": ("x",)}, "400 values in 400 rows"),
    "mostly-missing": ([1.5 * i if i % 20 == 0 else None for i in range(ROWS)], {}, "95.0% of the rows have no value"),
    "huge-numbers": ([float(2**60 + 2**20 * (i % 90)) for i in range(ROWS)], {}, "above 2^53"),
    "infinite": ([float("inf") if i == 7 else i / 7 for i in range(ROWS)], {}, "1 cells are infinite"),
    "thousands": ([f"{i % 90 + 1},050.5" for i in range(ROWS)], {}, "400 cells have marks between thousands"),
    "unknown-words": (["unknown" if i % 4 else "rain" for i in range(ROWS)], {}, "“unknown” stands in 75.0%"),
    "rare-values": (SINGLES, {}, "50% of the rows have a value that occurs fewer than 2 times"),
}


@pytest.mark.parametrize("kind", CASES)
def test_a_warning_is_given_of_the_one_column_that_deserves_it_and_its_remedy_ends_it(kind):
    values, said, sentence = CASES[kind]
    frame = table(x=values)
    inference = infer(frame, "click")
    schema = corrected(frame, inference, Corrections(**said))
    (warning,) = find_warnings(inference, schema)
    assert (warning.kind, warning.column) == (kind, "x")
    assert sentence in str(warning.sentence)
    mended = corrected(frame, replace(inference, schema=schema), warning.remedy)
    assert find_warnings(inference, mended, warning.remedy.min_count or 2) == ()


def test_an_honest_table_has_no_warnings():
    assert warned(table()) == ()


def test_columns_that_no_model_reads_are_not_warned_of():
    frame = table(x=["no" if label == 0 else "yes" for label in LABELS], y=["same"] * ROWS)
    assert warned(frame, ignore=("x",)) == ()


def test_a_time_that_only_clicks_have_is_warned_of():
    assert {w.kind for w in warned(table(attributed=TIMES), categorical=("attributed",))} >= {"leak"}


def test_rows_that_occur_twice_are_warned_of_until_they_are_kept_together():
    once = table(x=[f"x{i % 50}" for i in range(ROWS)])
    twice = pl.concat([once, once.head(100)])
    inference = infer(twice, "click")
    assert inference.copies == 200 / 500
    (warning,) = find_warnings(inference, inference.schema)
    assert (warning.kind, warning.column, warning.remedy) == ("copies", None, Corrections(split="equal"))
    assert "40.0% of the rows equal another row" in str(warning)
    assert find_warnings(inference, inference.schema, split="equal") == ()


def test_rows_that_are_equal_since_few_different_ones_are_possible_are_no_wonder():
    frame = pl.DataFrame({"click": LABELS, "city": ["Bonn", "Rome"] * (ROWS // 2), "day": ["a", "b", "c", "d"] * 100})
    assert infer(frame).copies == 0.0


def test_a_candidate_shares_its_vectors_with_the_history_and_is_not_called_rare():
    films = [f"f{i}" for i in range(ROWS // 2)]
    film = [films[i % 200] if i < 200 else films[0] for i in range(ROWS)]
    frame = table(film=film, seen=["|".join(RANDOM.choice(films, 4)) for _ in range(ROWS)])
    inference = infer(frame, "click")
    assert inference.schema.column("seen").candidate == "film"
    assert find_warnings(inference, inference.schema, 3) == ()


@pytest.mark.parametrize(
    ("remedy", "expected"),
    [
        (Corrections(ignore=("a", "b c")), "--ignore 'a,b c'"),
        (Corrections(ignore=("a,b",)), "--ignore '\"a,b\"'"),
        (Corrections(categorical=("id",)), "--categorical id"),
        (Corrections(missing={"x": ("unknown", "-")}), "--missing x=unknown --missing x=-"),
        (Corrections(min_count=1), "--min-count 1"),
        (Corrections(split="equal"), "--split equal"),
    ],
)
def test_a_remedy_is_also_said_in_flags(remedy, expected):
    assert flags(remedy) == expected


def test_remedies_of_one_kind_become_one():
    many = [Corrections(ignore=("a",)), Corrections(ignore=("b",)), Corrections(missing={"c": ("-",)}, min_count=5)]
    assert merged([*many, Corrections(min_count=2)]) == Corrections(
        ignore=("a", "b"), missing={"c": ("-",)}, min_count=2
    )


def real(name: str) -> Inference:
    return infer(read_table(SHARED_DATA / name).frame)


@needs_shared_data
@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("tabular/adult.csv", set()),
        ("tabular/telco_churn.csv", set()),
        ("tabular/titanic_seaborn.csv", {("leak", "alive"), ("copies", None)}),
        ("movielens_1m_din/train.csv", {("leak", "ratting"), ("rare-values", "zipCode")}),
        ("criteo/train.tsv", {("rare-values", name) for name in ("C3", "C4", "C12", "C16", "C21")}),
        ("frappe_x1/test.csv.gz", {("unknown-words", name) for name in ("homework", "weather", "country")}),
    ],
)
def test_warnings_of_real_tables(name, expected):
    inference = real(name)
    assert {(w.kind, w.column) for w in find_warnings(inference, inference.schema)} == expected


@needs_shared_data
def test_titanic_repeats_its_label_in_words_and_its_rows():
    inference = real("tabular/titanic_seaborn.csv")
    assert inference.leaks == {"alive": 1.0}
    assert 0.1 < inference.copies < 0.3
    assert inference.schema.column("alive").role is Role.CATEGORICAL
