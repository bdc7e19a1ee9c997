"""From files and a user's words to a stored data set, or to one sentence and nothing stored."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ctr_app.data.column_warnings import find_warnings
from ctr_app.data.errors import InputError
from ctr_app.data.inferring import infer
from ctr_app.data.ingest import Request, check, ingest, read_schema
from ctr_app.data.reading import read_table
from ctr_app.data.schema import Column, Corrections, Role, Schema
from ctr_app.data.splitting import SplitRule
from ctr_app.data.store import DatasetStore, Preparation
from ctr_app.data.synthetic import planted_clicks
from tests.paths import SHARED_DATA, needs_shared_data

ROWS = 120


def frame(rows: int = ROWS, **columns) -> pl.DataFrame:
    base = {
        "click": [i % 3 // 2 for i in range(rows)],
        "city": [("Bonn", "Rome", "Oslo")[i % 7 % 3] for i in range(rows)],
        "price": [i * 0.5 for i in range(rows)],
        "seen": ["a|b" if i % 2 else "b|c|a" for i in range(rows)],
        "day": [f"2024-{1 + i // 28:02d}-{1 + i % 28:02d}" for i in range(rows)],
    }
    return pl.DataFrame(base | columns)


@pytest.fixture
def store(tmp_path) -> DatasetStore:
    return DatasetStore(tmp_path / "store")


@pytest.fixture
def file(tmp_path):
    """Writes a table as CSV and gives its path."""

    def written(table: pl.DataFrame | None = None, name: str = "clicks.csv") -> str:
        (frame() if table is None else table).write_csv(tmp_path / name)
        return str(tmp_path / name)

    return written


def sentence(request: Request, store: DatasetStore) -> str:
    """Why the request is refused; nothing may be stored then."""
    with pytest.raises(InputError) as caught:
        ingest(request, store)
    assert not store.root.exists() or list(store.root.iterdir()) == []
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_file_becomes_a_data_set_that_can_be_trained_on(file, store):
    dataset, warnings = ingest(Request(file()), store)
    assert warnings == ()
    assert store.get(dataset.id) == dataset
    assert dataset.preparation.split == SplitRule("random")
    assert dataset.encoded().splits == ("train", "valid", "test")


def test_corrections_and_counts_are_kept_with_the_data_set(file, store):
    corrections = Corrections(ignore=("city",), time="day", sequences={"seen": None})
    dataset, _ = ingest(Request(file(), corrections=corrections, min_count=7, split_seed=3), store)
    kept = dataset.preparation
    assert (kept.min_count, kept.split.method, kept.split.seed, kept.schema.time) == (7, "time", 3, "day")
    assert kept.schema.column("city").role is Role.IGNORED
    latest = dataset.frame["day"].max()
    test = dataset.frame["day"][np.asarray(dataset.encoded().rows("test").rows)]
    assert latest in test
    assert test.min() >= dataset.frame["day"][np.asarray(dataset.encoded().rows("train").rows)].max()


def test_given_files_are_kept_apart(file, store):
    request = Request(file(), file(frame(60), "valid.csv"), file(frame(50), "test.csv"))
    dataset, _ = ingest(request, store)
    assert dataset.file_rows == (ROWS, 60, 50)
    assert dataset.preparation.split.method == "files"


def test_a_leak_that_is_left_in_is_warned_of_with_its_remedy(file, store):
    table = frame().with_columns(copy=pl.col("click").replace_strict({0: "no", 1: "yes"}))
    _, warnings = ingest(Request(file(table)), store)
    assert warnings == (
        "Column copy: alone it tells the label almost perfectly (AUC 1.000 on rows held out): a leak? It may have been "
        "written after the click. Leave it out with --ignore copy.",
    )
    _, warnings = ingest(Request(file(table), corrections=Corrections(ignore=("copy",))), store)
    assert warnings == ()


def test_a_leak_of_a_label_with_many_values_is_warned_of_too(file, store):
    table = frame().with_columns(rating=pl.int_range(ROWS) % 5 + 1).drop("click")
    table = table.with_columns(top=(pl.col("rating") == 5).cast(pl.String))
    _, warnings = ingest(Request(file(table), corrections=Corrections(label="rating", positive="5")), store)
    assert [warning.split(":")[0] for warning in warnings] == ["Column top"]


HALF = {"click": [0] * (ROWS - 2) + [1] * 2}


@pytest.mark.parametrize(
    ("table", "request_of", "expected"),
    [
        (frame(), {"label": "clicks"}, "There is no column clicks; the table has click, city, price, seen, day."),
        (frame(), {"positive": "2"}, "Label click never has the value 2; it has 0, 1."),
        (frame(), {"numeric": ("city",)}, "Column city cannot be numeric: it holds no number"),
        (frame(), {"sequences": {"seen": None}, "separator": ";"}, "The separator “;” never occurs in column seen"),
        (frame(), {"time": "city"}, "Column city cannot be read as a time in 120 of 120 rows, such as “Bonn”."),
        (frame(15), {}, "The table has 15 rows with a label; training needs at least 20."),
        (frame(**HALF), {}, "The valid part has no clicks"),
        (frame(click=[1] * ROWS), {"label": "click"}, "Label click has only the value 1"),
        (frame(click=[None] * ROWS), {"label": "click"}, "Label click has only the value missing"),
        (frame(click=list(range(ROWS))), {"label": "click"}, "Label click has 120 values"),
    ],
)
def test_what_cannot_be_trained_on_is_one_sentence_and_nothing_is_stored(file, store, table, request_of, expected):
    assert sentence(Request(file(table), corrections=Corrections(**request_of)), store).startswith(expected)


def test_a_split_by_time_that_leaves_one_label_is_refused(file, store):
    late = frame(click=[0, 1] * 40 + [0] * 40)
    assert "The valid part has no clicks" in sentence(Request(file(late), corrections=Corrections(time="day")), store)


def test_a_file_that_is_not_there_is_named_with_the_samples(store):
    assert sentence(Request("clicks"), store).startswith(
        "There is no file and no known data set called clicks; known are planted-clicks, planted-histories, "
        "planted-pairs"
    )


def test_a_second_file_that_does_not_fit_is_refused_by_its_split(file, store):
    without = file(frame(50).drop("price"), "valid.csv")
    assert sentence(Request(file(), valid=without), store) == (
        "The valid file lacks price, which the training file has."
    )
    no_clicks = file(frame(50, click=[0] * 50), "test.csv")
    assert "The test part has no clicks" in sentence(Request(file(), test=no_clicks), store)
    few = file(frame(15), "few.csv")
    assert "15 rows with a label" in sentence(Request(few, test=file(frame(50), "test.csv")), store)


def test_a_disk_that_is_full_leaves_nothing(file, store, monkeypatch):
    def full(*_args, **_kwargs):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(pl.LazyFrame, "sink_parquet", full)
    assert sentence(Request(file()), store) == (
        "clicks.csv cannot be copied to the data folder: No space left on device."
    )


# Schema files


def schema_file(tmp_path: Path, schema: Schema) -> str:
    (tmp_path / "schema.json").write_text(json.dumps(schema.to_json()))
    return str(tmp_path / "schema.json")


def test_a_schema_file_says_what_the_columns_are(file, store, tmp_path):
    schema = infer(frame()).schema.without_role("price").without_role("seen")
    dataset, _ = ingest(Request(file(), schema_file=schema_file(tmp_path, schema)), store)
    assert dataset.preparation.schema == schema


def test_corrections_apply_over_a_schema_file(file, store, tmp_path):
    schema = infer(frame()).schema.without_role("price")
    request = Request(file(), schema_file=schema_file(tmp_path, schema), corrections=Corrections(ignore=("city",)))
    kept = ingest(request, store)[0].preparation.schema
    assert {c.name for c in kept.with_role(Role.IGNORED)} == {"price", "city", "day"}


def test_a_schema_file_that_does_not_fit_the_table_is_refused(file, store, tmp_path):
    path = schema_file(tmp_path, infer(frame(other=["x", "y"] * 60)).schema)
    assert sentence(Request(file(), schema_file=path), store) == (
        "The table lacks other, which the schema file speaks of."
    )
    never = Schema(infer(frame()).schema.columns, "yes")
    assert sentence(Request(file(), schema_file=schema_file(tmp_path, never)), store) == (
        "Label click needs the value yes and another one; it has 0, 1."
    )


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[1, 2]", b'"x"'])
def test_a_damaged_schema_file_is_one_sentence(tmp_path, content):
    (tmp_path / "schema.json").write_bytes(content)
    with pytest.raises(InputError, match=r"^The schema file .*\.$"):
        read_schema(tmp_path / "schema.json")


def test_a_schema_file_that_is_not_there_is_said_so(tmp_path):
    for path in (tmp_path / "no.json", tmp_path):
        with pytest.raises(InputError, match="cannot be read"):
            read_schema(path)


# Samples


def test_a_sample_is_taken_by_its_name(store, monkeypatch):
    small_samples(monkeypatch)
    dataset, warnings = ingest(Request("planted-clicks"), store)
    assert (dataset.rows, warnings) == (400, ())
    assert dataset.preparation == Preparation(planted_clicks(400).schema)


def test_a_sample_can_be_corrected_and_stays_as_it_was_for_others(store, monkeypatch):
    small_samples(monkeypatch)
    request = Request("planted-clicks", corrections=Corrections(ignore=("ad",)), min_count=9, split_seed=4)
    changed, _ = ingest(request, store)
    assert changed.preparation.schema.column("ad").role is Role.IGNORED
    assert (changed.preparation.min_count, changed.preparation.split.seed) == (9, 4)
    assert store.get(changed.id).preparation == Preparation(planted_clicks(400).schema)


def test_a_sample_takes_a_schema_file(store, monkeypatch, tmp_path):
    small_samples(monkeypatch)
    schema = planted_clicks(400).schema.without_role("site")
    changed, _ = ingest(Request("planted-clicks", schema_file=schema_file(tmp_path, schema)), store)
    assert changed.preparation.schema == schema


def test_a_sample_can_be_split_by_a_column_only_if_it_grows_with_time(store, monkeypatch):
    small_samples(monkeypatch)
    by_price, _ = ingest(Request("planted-clicks", corrections=Corrections(time="price")), store)
    assert by_price.preparation.split.method == "time"
    with pytest.raises(InputError, match="Column slot cannot be read as a time"):
        ingest(Request("planted-clicks", corrections=Corrections(time="slot")), store)


def test_a_sample_takes_no_other_files(file, store):
    assert sentence(Request("planted-clicks", test=file()), store) == (
        "planted-clicks is a known data set and has its own split; leave --valid and --test out."
    )


def small_samples(monkeypatch) -> None:
    """Let samples be of 400 rows."""
    original = DatasetStore.add_sample
    monkeypatch.setattr(DatasetStore, "add_sample", lambda self, name: original(self, name, 400))


# The check alone, as the Data page calls it


def test_the_check_passes_what_can_be_stored_and_writes_nothing(file, store):
    table = read_table(Path(file()))
    check({"train": table}, Preparation(infer(table.frame).schema))
    assert not store.root.exists()


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (Column("city", Role.NUMERIC), "Column city cannot be numeric: it holds no number"),
        (Column("city", Role.SEQUENCE, separator=";"), "The separator “;” never occurs in column city"),
    ],
)
def test_a_schema_that_the_values_contradict_is_refused(file, column, expected):
    table = read_table(Path(file()))
    schema = infer(table.frame).schema.with_column(column)
    with pytest.raises(InputError, match=expected):
        check({"train": table}, Preparation(schema))


def test_warnings_are_of_columns_that_a_model_would_read():
    inference = infer(frame().with_columns(copy=pl.col("click").cast(pl.String) + "!"))
    assert [w.column for w in find_warnings(inference, inference.schema)] == ["copy"]
    assert find_warnings(inference, inference.schema.without_role("copy")) == ()


@needs_shared_data
@pytest.mark.parametrize(
    ("files", "corrections"),
    [
        (("criteo/train.tsv", None, "criteo/test.tsv"), {}),
        (("criteo/criteo_sample_200.csv", None, None), {}),
        (("criteo/train.tsv", None, "criteo/criteo_sample_200.csv"), {}),
        (("movielens_1m_din/train.csv", None, "movielens_1m_din/test.csv"), {"ignore": ("ratting",)}),
        (("movielens_1m_din/train.csv", None, None), {"time": "timestamp"}),
        (("tabular/adult.csv", None, None), {}),
        (("tabular/telco_churn.csv", None, None), {}),
        (("tabular/titanic_seaborn.csv", None, None), {}),
        (("frappe_x1/test.csv.gz", None, None), {}),
        (("movielens_100k/ml-100k.inter", None, None), {"label": "rating:float", "positive": "5"}),
    ],
)
def test_real_tables_are_stored_and_encoded(files, corrections, store):
    paths = [None if name is None else str(SHARED_DATA / name) for name in files]
    dataset, _ = ingest(Request(*paths, corrections=Corrections(**corrections)), store)
    encoded = dataset.encoded()
    assert sum(len(encoded.rows(split)) for split in encoded.splits) == dataset.rows
    train = encoded.rows("train")
    assert np.isfinite(train.numeric).all()
    sizes = [len(encoded.encoder.vocabulary_of(name)) for name in encoded.encoder.layout.categorical]
    assert (np.asarray(train.categorical).max(axis=0, initial=0) < np.array([*sizes])).all()


@needs_shared_data
def test_a_new_file_of_criteo_has_few_unknown_values_in_its_small_fields(store):
    train, new = SHARED_DATA / "criteo" / "train.tsv", SHARED_DATA / "criteo" / "criteo_sample_200.csv"
    dataset, _ = ingest(Request(str(train)), store)
    rows = dataset.encoded().encoder.transform(read_table(new).frame)
    field = dataset.encoded().encoder.layout.categorical.index("C9")
    assert (rows.categorical[:, field] > 2).mean() > 0.95
    assert set(rows.labels.tolist()) == {0.0, 1.0}
