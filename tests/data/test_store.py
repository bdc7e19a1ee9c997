"""Data sets on disk."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from ctr_app.data import files
from ctr_app.data import store as store_module
from ctr_app.data.correcting import corrected
from ctr_app.data.encoding import EncodedRows, Encoder
from ctr_app.data.errors import InputError
from ctr_app.data.inferring import infer
from ctr_app.data.reading import ReadOptions, Table, read_table
from ctr_app.data.schema import Corrections, Role, Schema
from ctr_app.data.splitting import SplitRule
from ctr_app.data.store import (
    DataSet,
    DatasetStore,
    EncodedDataset,
    Preparation,
    as_batch,
    default_data_root,
    joined,
    write_names,
)

ROWS = 200


def csv(rows: int = ROWS, seed: int = 0, **columns) -> bytes:
    """A table with a label, a number, a film, its title and a history."""
    rng = np.random.default_rng(seed)
    films = rng.integers(0, 12, rows)
    base = {
        "click": rng.integers(0, 2, rows),
        "price": rng.random(rows).round(3),
        "film": films,
        "title": [f"Title {film}" for film in films],
        "seen": ["|".join(map(str, rng.integers(0, 12, 1 + i % 4))) for i in range(rows)],
        "user": np.arange(rows) % 9,
    }
    return pl.DataFrame(base | columns).write_csv().encode()


def table(rows: int = ROWS, seed: int = 0, name: str = "My clicks.csv", **columns) -> Table:
    """A table as it was read, its rows in memory so that a test may change them."""
    read = read_table(csv(rows, seed, **columns), name)
    return replace(read, frame=read.frame.head(rows))


def schema_of(frame: pl.DataFrame, **corrections) -> Schema:
    return corrected(frame, infer(frame), Corrections(**corrections))


def preparation(**changes) -> Preparation:
    return Preparation(schema_of(table().frame), **changes)


@pytest.fixture
def store(tmp_path) -> DatasetStore:
    return DatasetStore(tmp_path)


@pytest.fixture
def dataset(store) -> DataSet:
    return store.add_table({"train": table()}, preparation())


def every_file(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def assert_same(a: EncodedRows, b: EncodedRows) -> None:
    for name in ("numeric", "categorical", "labels", "rows", "group_ids"):
        np.testing.assert_array_equal(getattr(a, name), getattr(b, name))
    assert list(a.sequences) == list(b.sequences)
    for name, ids in a.sequences.items():
        np.testing.assert_array_equal(ids, b.sequences[name])


def test_a_stored_table_comes_back_as_it_was(store, dataset):
    again = DatasetStore(store.root.parent).get(dataset.id)
    assert again == dataset
    assert again.part(0, ROWS).equals(table().frame)
    assert again.part(5, 3).equals(table().frame[5:8])
    assert (again.name, again.rows) == ("My clicks.csv", ROWS)
    assert again.id.startswith("my-clicks-")
    assert every_file(again.folder) == ["dataset.json", "names.json", "table.parquet"]


def test_the_same_content_is_stored_once(store, dataset):
    assert store.add_table({"train": table()}, preparation(min_count=5)).id == dataset.id
    assert [d.id for d in store.list()] == [dataset.id]
    assert store.get(dataset.id).preparation.min_count == 5
    assert store.add_table({"train": table(seed=1)}, preparation()).id != dataset.id


def test_a_file_that_is_read_in_another_way_is_another_data_set(store):
    content = b"color,size\nred,S\nblue,M\n"
    first = store.add_table({"train": read_table(content, "a.csv")}, None)
    second = store.add_table({"train": read_table(content, "a.csv", ReadOptions(has_header=False))}, None)
    assert first.id != second.id
    assert second.frame.columns == ["column_1", "column_2"]


def test_data_sets_are_listed_newest_first(store, monkeypatch):
    clock = iter(range(100))
    monkeypatch.setattr(store_module.time, "time", lambda: float(next(clock)))
    ids = [store.add_table({"train": table(seed=seed)}, None).id for seed in range(3)]
    assert [dataset.id for dataset in store.list()] == ids[::-1]


def test_a_store_without_data_sets_lists_none(store):
    assert store.list() == []


@pytest.mark.parametrize("name", ["gone", "../gone", "", ".", "..", "a/b", "a\\b"])
def test_a_data_set_that_is_not_there_is_said_so(store, name):
    with pytest.raises(InputError, match="is not here any more"):
        store.get(name)


def test_encoded_arrays_are_mapped_from_disk_and_equal_a_fresh_transform(dataset):
    encoded = dataset.encoded()
    assert encoded.splits == ("train", "valid", "test")
    every = []
    for split in encoded.splits:
        rows = encoded.rows(split)
        assert isinstance(rows.numeric, np.memmap)
        assert isinstance(rows.sequences["seen"], np.memmap)
        assert_same(rows, encoded.encoder.transform(dataset.frame, np.asarray(rows.rows)))
        every.append(rows.rows)
    assert np.array_equal(np.sort(np.concatenate(every)), np.arange(ROWS))


def test_encoder_never_sees_validation_rows(dataset):
    encoded = dataset.encoded()
    train = dataset.part(0, ROWS)[np.asarray(encoded.rows("train").rows)]
    fitted = Encoder.fit(train, dataset.preparation.schema, dataset.preparation.min_count)
    assert encoded.encoder.vocabularies == fitted.vocabularies
    assert np.array_equal(encoded.encoder.transforms["price"].quantiles, fitted.transforms["price"].quantiles)


def test_a_value_of_validation_rows_alone_is_unknown(store):
    first = table()
    rows = store.add_table({"train": first}, preparation()).encoded().rows("valid").rows
    frame = first.frame.with_columns(film=pl.Series([900 + i % 2 if i in rows else 1 for i in range(ROWS)]).cast(str))
    content = read_table(frame.write_csv().encode(), "marked.csv")
    encoded = store.add_table({"train": content}, preparation(min_count=1)).encoded()
    assert not {"900", "901"} & set(encoded.encoder.vocabularies["film"].values)
    film = encoded.encoder.layout.categorical.index("film")
    assert (encoded.rows("valid").categorical[:, film] == 1).all()


def test_arrays_are_made_once_and_found_again(dataset, monkeypatch):
    first = dataset.encoded()
    monkeypatch.setattr(Encoder, "fit", lambda *_: pytest.fail("encoded again"))
    assert dataset.encoded().folder == first.folder


def test_each_way_of_encoding_has_arrays_of_its_own(dataset):
    ways = [preparation(), preparation(min_count=10_000), preparation(split=SplitRule(seed=1))]
    folders = {dataset.encoded(way).folder for way in ways}
    assert len(folders) == 3
    assert len(dataset.encoded(ways[1]).encoder.vocabularies["film"]) == 3


def test_a_preparation_comes_back_from_its_file_with_the_same_key():
    way = preparation(split=SplitRule("time", 0.2, 0.3, 7), min_count=3)
    again = Preparation.from_json(json.loads(json.dumps(way.to_json())))
    assert again == way
    assert again.key == way.key


def test_batches_lie_over_the_mapped_arrays(dataset):
    encoded = dataset.encoded()
    batch, rows = encoded.batch("train"), encoded.rows("train")
    assert len(batch) == len(rows)
    assert np.array_equal(batch.sequences["seen"].numpy(), rows.sequences["seen"])
    batch.labels[0] = 7.0
    assert encoded.rows("train").labels[0] != 7.0


@pytest.mark.parametrize("kept", ["price", "film", "seen"])
def test_a_table_with_one_kind_of_field_is_encoded(store, kept):
    others = tuple(name for name in table().frame.columns if name not in ("click", kept))
    frame = table().frame
    found = store.add_table({"train": table()}, Preparation(schema_of(frame, ignore=others)))
    rows = found.encoded().rows("test")
    assert (rows.numeric.shape[1], rows.categorical.shape[1], len(rows.sequences)) == {
        "price": (1, 0, 0),
        "film": (0, 1, 0),
        "seen": (0, 0, 1),
    }[kept]
    assert len(as_batch(rows)) == len(rows)


def test_given_files_stay_the_splits_that_they_are(store):
    tables = {"train": table(100, 1), "valid": table(40, 2), "test": table(30, 3)}
    dataset = store.add_table(tables, preparation(split=SplitRule("files")))
    assert dataset.file_rows == (100, 40, 30)
    encoded = store.get(dataset.id).encoded()
    assert [len(encoded.rows(split)) for split in encoded.splits] == [100, 40, 30]
    for split, start in (("train", 0), ("valid", 100), ("test", 140)):
        assert dataset.part(start, tables[split].frame.height).equals(tables[split].frame)
        assert encoded.rows(split).rows[0] == start


def test_one_file_used_for_validation_or_for_testing_makes_two_data_sets(store):
    first, second = table(100, 1), table(40, 2)
    way = preparation(split=SplitRule("files"))
    validated = store.add_table({"train": first, "valid": second}, way)
    tested = store.add_table({"train": first, "test": second}, way)
    assert validated.id != tested.id
    assert store.get(validated.id).file_rows == (100, 40, 0)
    assert tested.encoded().splits == ("train", "valid", "test")
    assert len(tested.encoded().rows("test")) == 40


def test_files_with_other_types_or_another_order_of_columns_are_joined():
    typed = replace(table(30, 1), frame=table(30, 1).frame.with_columns(pl.col("film").cast(pl.Int64)))
    shuffled = replace(table(20, 2), frame=table(20, 2).frame.select(sorted(table().frame.columns)))
    frame, rows = joined({"train": typed, "valid": shuffled})
    assert rows == (30, 20, 0)
    assert frame.columns == typed.frame.columns
    assert frame["film"].to_list() == [str(film) for film in typed.frame["film"]] + shuffled.frame["film"].to_list()
    assert frame["price"].equals(pl.concat([typed.frame["price"], shuffled.frame["price"]]))


def test_a_given_file_without_some_columns_is_refused_and_nothing_is_stored(store):
    short = replace(table(50), frame=table(50).frame.drop("film", "price"))
    with pytest.raises(InputError, match=r"^The test file lacks price, film, which the training file has\.$"):
        store.add_table({"train": table(), "test": short}, preparation())
    assert every_file(store.root.parent) == []


def test_a_table_without_a_preparation_asks_for_the_label(store):
    dataset = store.add_table({"train": table()}, None)
    assert store.get(dataset.id).preparation is None
    with pytest.raises(InputError, match=r"^Say first which column of My clicks\.csv is the label\.$"):
        dataset.encoded()


def test_a_changed_preparation_is_kept_and_earlier_arrays_stay(store, dataset):
    before = dataset.encoded().folder
    changed = store.update(dataset, preparation(min_count=9))
    assert store.get(dataset.id).preparation.min_count == 9
    assert changed.encoded().folder != before
    assert EncodedDataset(before).rows("train").labels.shape == dataset.encoded().rows("train").labels.shape


# Names


def test_readable_names_come_from_the_column_that_names_the_values(dataset):
    schema = dataset.preparation.schema
    assert schema.column("film").names_from == "title"
    assert schema.column("title").role is Role.IGNORED
    assert dataset.names()["film"] == {str(i): f"Title {i}" for i in range(12)}


def test_uploaded_names_are_added_to_those_that_are_there(store, dataset):
    write_names(dataset, {"film": {"3": "Heat", "99": "New"}, "user": {"1": "Ada"}})
    names = store.get(dataset.id).names()
    assert (names["film"]["3"], names["film"]["99"], names["film"]["4"]) == ("Heat", "New", "Title 4")
    assert names["user"] == {"1": "Ada"}
    write_names(dataset, {})
    assert store.get(dataset.id).names() == names


def test_a_data_set_without_names_has_none(store):
    assert store.add_table({"train": read_table(b"a,b\n1,2\n3,4\n", "a.csv")}, None).names() == {}


# Accidents


class PowerCut(Exception):
    """What ends a writer in the middle."""


def cut(*_args, **_kwargs):
    raise PowerCut


def test_a_table_whose_writing_is_interrupted_leaves_nothing(store, monkeypatch):
    monkeypatch.setattr(DatasetStore, "_write_description", cut)
    with pytest.raises(PowerCut):
        store.add_table({"train": table()}, preparation())
    assert every_file(store.root.parent) == []
    assert store.list() == []


def test_an_encoding_that_is_interrupted_leaves_nothing_and_is_made_the_next_time(dataset, monkeypatch):
    before = every_file(dataset.folder)
    with monkeypatch.context() as patch:
        patch.setattr(np, "save", cut)
        with pytest.raises(PowerCut):
            dataset.encoded()
    assert every_file(dataset.folder) == before
    assert len(dataset.encoded().rows("train")) > 0


def test_what_a_killed_process_left_behind_is_no_data_set(store, dataset):
    left = store.root / f".{dataset.id}.0123abcd"
    left.mkdir()
    (left / "dataset.json").write_bytes((dataset.folder / "dataset.json").read_bytes())
    assert [d.id for d in store.list()] == [dataset.id]


def test_many_threads_may_encode_the_same_table_at_once(dataset):
    with ThreadPoolExecutor(8) as pool:
        encoded = list(pool.map(lambda _: dataset.encoded(), range(8)))
    assert len({e.folder for e in encoded}) == 1
    for e in encoded:
        assert_same(e.rows("train"), encoded[0].rows("train"))
    assert [path.name for path in (dataset.folder / "encoded").iterdir()] == [dataset.preparation.key]


# Samples


def test_a_sample_is_made_once_and_keeps_its_truth(store, monkeypatch):
    made = store.add_sample("planted-clicks", 500)
    monkeypatch.setattr(DatasetStore, "_store", cut)
    again = store.add_sample("planted-clicks", 500)
    assert again == made
    assert again.rows == 500
    assert ["hour", "category"] in again.truth["pairs"]
    assert 0.5 < again.truth["best_auc"] < 1


def test_a_sample_of_other_rows_or_another_seed_is_another_data_set(store):
    made = [store.add_sample("planted-histories", rows, seed).id for rows, seed in ((200, 0), (300, 0), (200, 1))]
    assert len(set(made)) == 3


def test_a_sample_of_no_rows_is_refused_and_not_replaced_by_the_usual_one(store):
    with pytest.raises(InputError, match="between 100 and"):
        store.add_sample("planted-clicks", 0)
    assert store.list() == []


def test_an_unknown_sample_is_named_with_the_known_ones(store):
    with pytest.raises(InputError, match="There is no sample clicks; there are planted-clicks"):
        store.add_sample("clicks")


def test_the_data_root_is_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("CTR_LENS_DATA", str(tmp_path))
    assert default_data_root() == tmp_path
    assert DatasetStore().root == tmp_path / "sets"
    monkeypatch.delenv("CTR_LENS_DATA")
    assert default_data_root() == files.PROJECT / "data"


def test_typed_lists_from_parquet_survive_the_store(store):
    frame = pl.DataFrame(
        {
            "click": [i % 2 == 0 for i in range(60)],
            "film": [i % 7 for i in range(60)],
            "seen": [[i % 7, None, (i + 1) % 7] if i % 3 else [] for i in range(60)],
        }
    )
    content = io.BytesIO()
    frame.write_parquet(content)
    read = read_table(content.getvalue(), "typed.parquet")
    dataset = store.add_table({"train": read}, Preparation(schema_of(read.frame)))
    encoded = dataset.encoded()
    assert encoded.encoder.schema.column("seen").candidate == "film"
    row = int(encoded.rows("train").rows[0])
    decoded = [encoded.encoder.vocabulary_of("seen").name(i) for i in encoded.rows("train").sequences["seen"][0] if i]
    assert decoded == [str(item) for item in frame["seen"][row] if item is not None]


def test_a_damaged_data_set_is_passed_over_and_told_in_a_sentence(tmp_path):
    store = DatasetStore(tmp_path)
    good = store.add_sample("planted-clicks", 200)
    damaged = store.root / "damaged-00000000"
    damaged.mkdir()
    (damaged / "dataset.json").write_text('{"id": "dam')
    assert [dataset.id for dataset in store.list()] == [good.id]
    with pytest.raises(InputError, match="is damaged"):
        store.get("damaged-00000000")
