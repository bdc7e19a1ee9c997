"""One data set: its table, and its rows encoded."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import polars as pl
import pytest

from ctr_app.data.dataset import EncodedDataset, Preparation, as_batch
from ctr_app.data.encoding import Encoder
from ctr_app.data.errors import InputError
from ctr_app.data.splitting import SplitRule

from .examples import ROWS, PowerCut, as_table, assert_same, cut, every_file, preparation, schema_of, table


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
    encoded = store.add_table({"train": as_table(frame)}, preparation(min_count=1)).encoded()
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


def test_an_encoding_that_is_interrupted_leaves_nothing_and_is_made_the_next_time(dataset, monkeypatch):
    before = every_file(dataset.folder)
    with monkeypatch.context() as patch:
        patch.setattr(Encoder, "save", cut)
        with pytest.raises(PowerCut):
            dataset.encoded()
    assert every_file(dataset.folder) == before
    assert len(dataset.encoded().rows("train")) > 0


def test_many_threads_may_encode_the_same_table_at_once(dataset):
    with ThreadPoolExecutor(8) as pool:
        encoded = list(pool.map(lambda _: dataset.encoded(), range(8)))
    assert len({e.folder for e in encoded}) == 1
    for e in encoded:
        assert_same(e.rows("train"), encoded[0].rows("train"))
    assert [path.name for path in (dataset.folder / "encoded").iterdir()] == [dataset.preparation.key]


def test_typed_lists_survive_the_store(store):
    frame = pl.DataFrame(
        {
            "click": [i % 2 == 0 for i in range(60)],
            "film": [i % 7 for i in range(60)],
            "seen": [[i % 7, None, (i + 1) % 7] if i % 3 else [] for i in range(60)],
        }
    )
    dataset = store.add_table({"train": as_table(frame)}, Preparation(schema_of(frame)))
    encoded = dataset.encoded()
    assert encoded.encoder.schema.column("seen").candidate == "film"
    row = int(encoded.rows("train").rows[0])
    decoded = [encoded.encoder.vocabulary_of("seen").name(i) for i in encoded.rows("train").sequences["seen"][0] if i]
    assert decoded == [str(item) for item in frame["seen"][row] if item is not None]
