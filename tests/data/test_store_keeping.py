"""Data sets renamed, deleted, brought back and swept."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from pathlib import Path

import polars as pl
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from ctr_app.data.errors import InputError
from ctr_app.data.files import LEFTOVER_SECONDS
from ctr_app.data.store import DatasetStore

from .examples import as_table, every_file, preparation, table


def sentence(act, *arguments) -> str:
    with pytest.raises(InputError) as caught:
        act(*arguments)
    return str(caught.value)


def test_a_renamed_data_set_is_the_same_with_another_name(store, dataset):
    encoded = dataset.encoded().folder
    assert store.rename(dataset.id, "  March \n clicks ").name == "March clicks"
    found = store.get(dataset.id)
    assert (found.name, found.id, found.preparation) == ("March clicks", dataset.id, dataset.preparation)
    assert found.encoded().folder == encoded


@pytest.mark.parametrize("name", ["", " \n\t", "\u200b", "x" * 81])
def test_a_name_that_nobody_could_read_is_refused(store, dataset, name):
    assert sentence(store.rename, dataset.id, name) == "The name of a data set has 1 to 80 characters."
    assert store.get(dataset.id).name == dataset.name


def test_the_same_content_under_another_name_is_stored_once(store, dataset):
    again = store.add_table({"train": table(name="A copy.csv")}, preparation())
    assert (again.id, again.name) == (dataset.id, dataset.name)
    assert len(store.list()) == 1


def test_a_deleted_data_set_is_gone_and_comes_back_whole(store, dataset):
    dataset.encoded()
    before = every_file(dataset.folder)
    store.delete(dataset.id)
    assert store.list() == []
    assert "is not here any more" in sentence(store.get, dataset.id)
    assert store.deleted() == (dataset.id,)
    assert store.restore(dataset.id) == dataset
    assert every_file(dataset.folder) == before
    assert store.deleted() == ()


def test_a_data_set_that_a_run_uses_is_not_deleted(store, dataset):
    assert sentence(store.delete, dataset.id, {dataset.id, "other"}) == (
        "My clicks.csv cannot be deleted now: a run that trains or waits in the queue uses it."
    )
    assert store.get(dataset.id) == dataset
    store.delete(dataset.id, {"other"})


def test_deleting_another_one_lets_go_of_the_first(store, dataset):
    other = store.add_table({"train": table(seed=1)}, preparation())
    store.delete(dataset.id)
    store.delete(other.id)
    assert store.deleted() == (other.id,)
    assert "is gone and cannot be brought back" in sentence(store.restore, dataset.id)


def test_undoing_after_the_same_table_was_stored_again_keeps_the_new_one(store, dataset):
    store.delete(dataset.id)
    again = store.add_table({"train": table()}, preparation(min_count=7))
    assert store.restore(dataset.id) == again
    assert store.deleted() == ()


@pytest.mark.parametrize("name", ["../sets", "", ".", "nothing"])
def test_what_was_never_deleted_cannot_be_brought_back(store, dataset, name):
    assert "is gone and cannot be brought back" in sentence(store.restore, name)
    assert store.list() == [dataset]


def test_arrays_that_are_open_stay_readable_when_their_data_set_is_deleted(store, dataset):
    rows = dataset.encoded().rows("train")
    store.delete(dataset.id)
    store.empty_trash()
    assert len(rows.numeric) == len(rows.labels.tolist()) > 0


def test_the_size_is_that_of_all_files_and_grows_with_what_is_encoded(dataset):
    before = dataset.size()
    assert before == sum(path.stat().st_size for path in dataset.folder.rglob("*") if path.is_file())
    rows = dataset.encoded().rows("train")
    assert dataset.size() > before + rows.categorical.nbytes + rows.sequences["seen"].nbytes


def test_a_sweep_removes_what_was_deleted_and_what_a_killed_writer_left_but_not_what_is_written_now(store, dataset):
    dataset.encoded()
    kept = every_file(store.root)
    left = [
        store.root / ".clicks-0.0123abcd",
        dataset.folder / "encoded" / ".0123456789abcdef.0123abcd",
        dataset.folder / ".names.json.0123abcd",
    ]
    for path in left[:2]:
        (path / "train").mkdir(parents=True)
    left[2].write_text("{")
    for path in (left[0], left[0] / "train", left[2]):
        os.utime(path, (time.time() - LEFTOVER_SECONDS - 1,) * 2)
    (left[1] / "train" / "labels.npy").write_bytes(b"x")
    os.utime(left[1], (time.time() - LEFTOVER_SECONDS - 1,) * 2)
    store.delete(store.add_table({"train": table(seed=1)}, None).id)
    store.sweep()
    assert [path.exists() for path in left] == [False, True, False]
    assert store.deleted() == ()
    shutil.rmtree(left[1])
    assert every_file(store.root) == kept


def test_a_store_without_a_folder_can_be_swept(tmp_path):
    DatasetStore(tmp_path / "nothing").sweep()
    assert list(tmp_path.iterdir()) == []


class Keeping(RuleBasedStateMachine):
    """Whatever is done in whatever order, the store holds what a plain dictionary would."""

    TABLES = st.integers(0, 2)

    @initialize()
    def begin(self) -> None:
        self.folder = Path(tempfile.mkdtemp())
        self.store, self.names, self.last = DatasetStore(self.folder), {}, None

    def id_of(self, seed: int) -> str | None:
        return next((i for i, (known, _) in self.names.items() if known == seed), None)

    @rule(seed=TABLES, name=st.sampled_from(["a.csv", "b.csv"]))
    def add(self, seed: int, name: str) -> None:
        known = self.id_of(seed)
        frame = pl.DataFrame({"click": ["0", "1"] * 5, "x": [str(seed)] * 10})
        added = self.store.add_table({"train": as_table(frame, name)}, None)
        assert known in (None, added.id)
        self.names.setdefault(added.id, (seed, name))

    @precondition(lambda self: self.names)
    @rule(data=st.data(), name=st.text(min_size=1, max_size=5))
    def rename(self, data, name: str) -> None:
        chosen = data.draw(st.sampled_from(sorted(self.names)))
        try:
            self.names[chosen] = (self.names[chosen][0], self.store.rename(chosen, name).name)
        except InputError:
            assert not any(c.isprintable() and not c.isspace() for c in name)

    @precondition(lambda self: self.names)
    @rule(data=st.data(), is_used=st.booleans())
    def delete(self, data, is_used: bool) -> None:
        chosen = data.draw(st.sampled_from(sorted(self.names)))
        if is_used:
            sentence(self.store.delete, chosen, [chosen])
        else:
            self.store.delete(chosen)
            self.last = (chosen, self.names.pop(chosen))

    @precondition(lambda self: self.last)
    @rule()
    def undo(self) -> None:
        chosen, (seed, name) = self.last
        expected = self.id_of(seed) or chosen
        assert self.store.restore(chosen).id == expected
        self.names.setdefault(expected, (seed, name))
        self.last = None

    @rule()
    def sweep(self) -> None:
        self.store.sweep()
        self.last = None

    @invariant()
    def the_store_holds_what_it_should(self) -> None:
        if hasattr(self, "store"):
            assert {d.id: d.name for d in self.store.list()} == {i: name for i, (_, name) in self.names.items()}
            assert self.store.deleted() == (() if self.last is None else (self.last[0],))
            assert all(d.rows == d.frame.height == 10 for d in self.store.list())

    def teardown(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


TestKeeping = Keeping.TestCase
TestKeeping.settings = settings(max_examples=25, stateful_step_count=20, deadline=None)
