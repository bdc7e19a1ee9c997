"""Stored data sets on the Data page: what each is, another name, deleting and bringing back."""

from __future__ import annotations

import pytest

from ctr_app.data.errors import InputError
from ctr_app.data.store import DataSet, DatasetStore
from ctr_app.training.extra import new_extra_run
from ctr_app.training.memory import readable
from ctr_app.training.run_store import Run, RunStore
from ctr_app.ui import services

from .conftest import OpenPage
from .prepared import queued_run
from .reading import is_well, words


def stored(name: str = "planted-clicks") -> DataSet:
    dataset = DatasetStore().add_sample(name)
    dataset.encoded()
    return dataset


def test_a_data_set_says_its_rows_its_space_and_that_its_truth_is_known(open_page: OpenPage) -> None:
    dataset = stored()
    app = open_page("data")
    said = words(app)
    assert f"{readable(dataset.size())} on disk" in said
    assert app.selectbox(key="data-stored").options == [f"{dataset.name} · 2\u2009500 rows"]
    assert "its interactions are planted, so they are known" in said
    assert "Train a model on it" in said


def test_all_data_sets_are_in_one_table_with_the_space_they_take(open_page: OpenPage) -> None:
    sets = {stored(name).name: DatasetStore().add_sample(name) for name in ("planted-clicks", "planted-histories")}
    app = open_page("data")
    everything = app.dataframe[-1].value
    assert set(everything["name"]) == set(sets)
    assert list(everything["size"]) == [readable(sets[name].size()) for name in everything["name"]]
    assert list(everything["rows"]) == [2500, 2500]
    assert all(everything["truth"])


def test_a_data_set_gets_another_name(open_page: OpenPage) -> None:
    dataset = stored()
    app = open_page("data")
    app.text_input(key=f"data-name-{dataset.id}").set_value("March *clicks*").run()
    app.button(key="data-rename").click().run()
    assert is_well(app)
    assert r"**March \*clicks\***" in words(app)
    assert DatasetStore().get(dataset.id).name == "March *clicks*"


def test_an_empty_name_is_refused_in_a_sentence(open_page: OpenPage) -> None:
    dataset = stored()
    app = open_page("data")
    app.text_input(key=f"data-name-{dataset.id}").set_value("  ").run()
    app.button(key="data-rename").click().run()
    assert not app.exception
    assert [error.value for error in app.error] == [r"The name of a data set has 1 to 80 characters."]


def test_a_deleted_data_set_is_gone_until_the_deleting_is_undone(open_page: OpenPage) -> None:
    dataset, other = stored(), stored("planted-histories")
    app = open_page("data")
    app.selectbox(key="data-stored").set_value(dataset.id).run()
    app.button(key="data-delete").click().run()
    assert is_well(app)
    assert f"**{dataset.name}** is deleted." in words(app)
    assert [found.id for found in DatasetStore().list()] == [other.id]
    app.button(key="data-undo-delete").click().run()
    assert is_well(app)
    assert "is deleted" not in words(app)
    assert app.selectbox(key="data-stored").value == dataset.id
    assert len(DatasetStore().list()) == 2


def test_the_last_data_set_can_be_deleted_and_brought_back(open_page: OpenPage) -> None:
    dataset = stored()
    app = open_page("data")
    app.button(key="data-delete").click().run()
    assert "Nothing here yet" in words(app)
    app.button(key="data-undo-delete").click().run()
    assert DatasetStore().list() == [dataset]


def test_what_another_session_deleted_is_not_offered_here(open_page: OpenPage) -> None:
    dataset = stored()
    DatasetStore().delete(dataset.id)
    app = open_page("data")
    assert "is deleted" not in words(app)


def test_undo_vanishes_when_it_is_too_late(open_page: OpenPage) -> None:
    stored()
    app = open_page("data")
    app.button(key="data-delete").click().run()
    DatasetStore().empty_trash()
    app.run()
    assert is_well(app)
    assert "is deleted" not in words(app)


def test_a_data_set_that_a_run_waits_for_is_not_deleted(open_page: OpenPage) -> None:
    dataset = stored()
    queued_run(RunStore(), dataset)
    app = open_page("data")
    app.button(key="data-delete").click().run()
    assert not app.exception
    assert "cannot be deleted now" in app.error[0].value
    assert DatasetStore().list() == [dataset]


def test_a_data_set_that_an_extra_training_waits_for_is_not_deleted(trained: dict[str, Run]) -> None:
    dataset_id = trained["FM"].spec().dataset_id
    extra = new_extra_run(trained["FM"], "seed", seed=1)
    with pytest.raises(InputError, match="cannot be deleted now"):
        services.delete_dataset(dataset_id)
    extra.ask_to_stop()
    services.delete_dataset(dataset_id)


def test_deleting_says_how_many_runs_lose_their_rows(open_page: OpenPage, trained: dict[str, Run]) -> None:
    run = next(run for run in trained.values() if run.spec().family == "din")
    app = open_page("data")
    app.selectbox(key="data-stored").set_value(run.spec().dataset_id).run()
    app.button(key="data-delete").click().run()
    assert is_well(app)
    assert "Runs on it: 1. They keep their curves; pictures that need its rows are lost." in words(app)


@pytest.mark.parametrize(("title", "page"), [("FM", "interactions"), ("DCN-V2", "interactions"), ("DIN", "attention")])
def test_pages_of_runs_whose_data_set_was_deleted_say_so_in_a_sentence(
    open_page: OpenPage, trained: dict[str, Run], title: str, page: str
) -> None:
    run = trained[title]
    assert not open_page(page, run).exception
    app = open_page("data")
    app.selectbox(key="data-stored").set_value(run.spec().dataset_id).run()
    app.button(key="data-delete").click().run()
    for seen in ("train", page, "runs", "home"):
        assert not open_page(seen, run).exception
