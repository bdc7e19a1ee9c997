"""Data sets on disk."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from ctr_app.data import files
from ctr_app.data import store as store_module
from ctr_app.data.errors import InputError
from ctr_app.data.reading import ReadOptions, read_table
from ctr_app.data.schema import Role
from ctr_app.data.store import DatasetStore, default_data_root, joined, write_names

from .examples import ROWS, PowerCut, cut, every_file, preparation, table


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


def test_a_table_whose_writing_is_interrupted_leaves_nothing(store, monkeypatch):
    monkeypatch.setattr(DatasetStore, "_write_description", cut)
    with pytest.raises(PowerCut):
        store.add_table({"train": table()}, preparation())
    assert every_file(store.root.parent) == []
    assert store.list() == []


def test_what_a_killed_process_left_behind_is_no_data_set(store, dataset):
    left = store.root / f".{dataset.id}.0123abcd"
    left.mkdir()
    (left / "dataset.json").write_bytes((dataset.folder / "dataset.json").read_bytes())
    assert [d.id for d in store.list()] == [dataset.id]


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


def test_a_damaged_data_set_is_passed_over_and_told_in_a_sentence(tmp_path):
    store = DatasetStore(tmp_path)
    good = store.add_sample("planted-clicks", 200)
    damaged = store.root / "damaged-00000000"
    damaged.mkdir()
    (damaged / "dataset.json").write_text('{"id": "dam')
    assert [dataset.id for dataset in store.list()] == [good.id]
    with pytest.raises(InputError, match="is damaged"):
        store.get("damaged-00000000")
