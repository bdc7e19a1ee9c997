"""The Data page: samples, stored data sets, and an upload until it is accepted."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from ctr_app.data.store import DatasetStore
from ctr_app.training.run_store import RunStore
from ctr_app.ui import services
from tests.paths import SHARED_DATA, needs_shared_data

from .conftest import OpenPage
from .reading import is_well, words
from .uploads import CLICKS, edit, select, table, upload


def press_sample(app: AppTest, name: str) -> AppTest:
    """Take a sample from among the known data sets."""
    app.segmented_control(key="data-source").set_value("known").run()
    return app.button(key=f"data-sample-{name}").click().run()


def test_a_sample_is_made_at_the_press_of_its_button(open_page: OpenPage) -> None:
    app = open_page("data")
    press_sample(app, "planted-histories")
    assert is_well(app)
    assert "**Planted histories**" in words(app)
    press_sample(app, "planted-clicks")
    assert "**Planted clicks**" in words(app)
    assert len(DatasetStore().list()) == 2
    assert len(app.dataframe[1].value) == 100


def test_stored_data_sets_can_be_looked_at_one_after_the_other(open_page: OpenPage) -> None:
    datasets = {name: DatasetStore().add_sample(name) for name in ("planted-clicks", "planted-histories")}
    app = open_page("data")
    for name in (*datasets, *datasets):
        select(app, "data-stored").set_value(datasets[name].id).run()
        assert is_well(app)
        assert f"**{datasets[name].name}**" in words(app)
        columns = app.dataframe[0].value
        assert list(columns["Column"]) == list(datasets[name].frame.columns)
        assert "label" in list(columns["Read as"])


def test_an_upload_says_in_one_line_what_was_read(open_page: OpenPage) -> None:
    app = upload(open_page("data"), CLICKS)
    assert is_well(app)
    assert "**clicks.csv** · 300 rows, 3 columns, CSV, with a header" in words(app)
    assert "50.0% of the rows are clicks." in words(app)
    assert DatasetStore().list() == []


def test_an_accepted_upload_is_stored_and_leads_to_training(open_page: OpenPage) -> None:
    app = upload(open_page("data"), CLICKS)
    app.button(key="data-accept").click().run()
    assert is_well(app)
    assert app.title[0].value == "Train a model"
    (dataset,) = DatasetStore().list()
    assert dataset.name == "clicks.csv"
    assert "Predicts click \\= 1" in words(app) or "Predicts click = 1" in words(app)
    app.switch_page("../../pages/data.py").run()
    assert "**clicks.csv**" in words(app)


def test_a_discarded_upload_leaves_nothing(open_page: OpenPage) -> None:
    app = upload(open_page("data"), CLICKS)
    app.button(key="data-discard").click().run()
    assert is_well(app)
    assert not [button for button in app.button if button.key == "data-accept"]
    assert DatasetStore().list() == []


def test_the_role_of_a_column_can_be_changed(open_page: OpenPage) -> None:
    app = upload(open_page("data"), CLICKS)
    edit(app, 2, role="leave out")
    assert is_well(app)
    app.button(key="data-accept").click().run()
    (dataset,) = DatasetStore().list()
    assert [column.name for column in dataset.preparation.schema.fields] == ["site"]


def test_a_role_that_a_column_cannot_have_is_answered_with_a_sentence(open_page: OpenPage) -> None:
    app = upload(open_page("data"), CLICKS)
    edit(app, 1, role="number")
    assert not app.exception
    assert len(app.error) == 1
    assert "Column site cannot be numeric" in app.error[0].value


def test_a_column_that_gives_the_label_away_is_left_out_with_one_press(open_page: OpenPage) -> None:
    app = upload(open_page("data"), table("click,told,site", "{third}", "answer{third}", "s{seven}"))
    assert "told" in words(app)
    app.button(key="data-ignore-told").click().run()
    assert is_well(app)
    app.button(key="data-accept").click().run()
    (dataset,) = DatasetStore().list()
    assert [column.name for column in dataset.preparation.schema.fields] == ["site"]


def test_which_of_two_values_is_a_click_can_be_turned_around(open_page: OpenPage) -> None:
    app = upload(open_page("data"), table("click,site", "{three}", "s{seven}").replace("\n2,", "\n1,"))
    assert "66.7% of the rows are clicks." in words(app)
    select(app, "data-positive").set_value("0").run()
    assert is_well(app)
    assert "33.3% of the rows are clicks." in words(app)


def test_where_no_column_has_two_values_a_column_and_its_value_are_asked_for(open_page: OpenPage) -> None:
    app = upload(open_page("data"), table("stars,site,city", "{three}", "s{seven}", "c{seven}"))
    assert not app.exception
    assert len([*app.error, *app.info]) == 1
    label = select(app, "data-label")
    assert label.value is None
    label.set_value("stars").run()
    assert len(app.error) == 1
    assert "stars has 3 values where two are needed" in app.error[0].value
    select(app, "data-positive").set_value("2").run()
    assert is_well(app)
    assert "33.3% of the rows are clicks." in words(app)
    app.button(key="data-accept").click().run()
    assert is_well(app)
    (dataset,) = DatasetStore().list()
    assert (dataset.preparation.schema.label, dataset.preparation.schema.positive) == ("stars", "2")


def test_where_two_columns_could_be_the_label_it_is_asked_for(open_page: OpenPage) -> None:
    app = upload(open_page("data"), table("left,right,site", "{two}", "{two}", "s{seven}"))
    assert "label could not be guessed" in words(app)
    select(app, "data-label").set_value("right").run()
    assert not app.exception
    assert [button for button in app.button if button.key == "data-accept"]


def test_a_label_with_one_value_or_with_too_many_is_refused_in_words(open_page: OpenPage) -> None:
    app = upload(open_page("data"), table("a,b,site", "{i}", "same", "s{seven}"))
    for column, sentence in (("b", "one value only"), ("a", "has 300 values where two are needed")):
        select(app, "data-label").set_value(column).run()
        assert not app.exception
        assert len(app.error) == 1
        assert sentence in app.error[0].value


def test_a_history_shows_its_first_row_in_order_and_can_be_turned_around(open_page: OpenPage) -> None:
    app = upload(open_page("data"), table("click,film,history", "{two}", "f{seven}", "f{three}|f{seven}|f{two}"))
    assert "Read as, oldest to newest: f0 → f0 → f0" in words(app)
    newest = next(toggle for toggle in app.toggle if toggle.key.startswith("data-newest"))
    newest.set_value(True).run()
    assert is_well(app)
    app.button(key="data-accept").click().run()
    (dataset,) = DatasetStore().list()
    history = dataset.preparation.schema.column("history")
    assert (history.candidate, history.separator, history.newest_first) == ("film", "|", True)


def test_a_file_that_is_no_table_is_one_sentence_and_the_page_stays_usable(open_page: OpenPage) -> None:
    app = upload(open_page("data"), b"\x89PNG\r\n\x1a\n" + bytes(200), "picture.png")
    assert not app.exception
    assert len(app.error) == 1
    assert DatasetStore().list() == []
    press_sample(app, "planted-clicks")
    assert "**Planted clicks**" in words(app)


def test_validation_rows_of_their_own_are_used_as_such(open_page: OpenPage) -> None:
    app = upload(open_page("data"), CLICKS)
    app.file_uploader(key="data-upload-valid").upload(
        "valid.csv", table("click,site,price", "{two}", "s{three}", "{i}", rows=60).encode()
    )
    app.run()
    assert is_well(app)
    assert "valid.csv\\: 60 rows" in words(app)
    app.button(key="data-accept").click().run()
    (dataset,) = DatasetStore().list()
    assert dataset.file_rows == (300, 60, 0)
    assert "split by the given files" in words(app)


def test_validation_rows_can_be_taken_back(open_page: OpenPage) -> None:
    app = upload(open_page("data"), CLICKS)
    app.file_uploader(key="data-upload-valid").upload("valid.csv", CLICKS.encode())
    app.run()
    app.file_uploader(key="data-upload-valid").set_value(None)
    app.run()
    assert is_well(app)
    assert "valid.csv" not in words(app)
    app.button(key="data-accept").click().run()
    (dataset,) = DatasetStore().list()
    assert dataset.file_rows is None
    assert "split at random" in words(app)


def test_a_wrong_file_of_validation_rows_leaves_none(open_page: OpenPage) -> None:
    app = upload(open_page("data"), CLICKS)
    app.file_uploader(key="data-upload-valid").upload("valid.csv", CLICKS.encode())
    app.run()
    app.file_uploader(key="data-upload-valid").set_value(("broken.csv", b"", "text/csv"))
    app.run()
    assert len(app.error) == 1
    assert "valid.csv" not in words(app)


def test_test_rows_without_validation_rows_can_be_trained_on(open_page: OpenPage) -> None:
    app = upload(open_page("data"), CLICKS)
    app.file_uploader(key="data-upload-test").upload("test.csv", CLICKS.encode())
    app.run()
    app.button(key="data-accept").click().run()
    assert is_well(app)
    app = open_page("train")
    app.button(key="train-start").click().run()
    services.jobs().join()
    (run,) = RunStore().list()
    metrics = run.metrics()
    assert metrics is not None
    assert metrics["test"]["rows"] == 300
    assert 0 < metrics["valid"]["rows"] < 300


def test_names_of_items_come_from_a_table_of_their_own(open_page: OpenPage) -> None:
    app = upload(open_page("data"), table("click,film,history", "{third}", "f{seven}", "f{three}|f{seven}|f{two}"))
    names = "\n".join(["id,title,genre", *(f"f{i},Film number {i},{'ab'[i % 2]}" for i in range(7))])
    app.file_uploader(key="data-upload-names").upload("names.csv", names.encode())
    app.run()
    assert is_well(app)
    assert "7 names for film." in words(app)
    app.button(key="data-accept").click().run()
    (dataset,) = DatasetStore().list()
    assert dataset.names()["film"]["f3"] == "Film number 3"
    assert dataset.kinds()["film"]["genre"]["f3"] == "b"


def test_names_that_belong_to_nothing_are_refused_in_words(open_page: OpenPage) -> None:
    app = upload(open_page("data"), table("click,film,history", "{third}", "f{seven}", "f{three}|f{seven}|f{two}"))
    app.file_uploader(key="data-upload-names").upload("names.csv", b"id,title\nx1,One\nx2,Two\n")
    app.run()
    assert not app.exception
    assert len(app.error) == 1
    assert "has the values of film" in app.error[0].value


def test_validation_rows_that_lack_a_column_are_refused_in_words_and_nothing_is_stored(open_page: OpenPage) -> None:
    app = upload(open_page("data"), CLICKS)
    app.file_uploader(key="data-upload-valid").upload("valid.csv", b"click,site\n1,a\n0,b\n")
    app.run()
    app.button(key="data-accept").click().run()
    assert not app.exception
    assert len(app.error) == 1
    assert "lacks price" in app.error[0].value
    assert DatasetStore().list() == []


@needs_shared_data
@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("criteo/train.tsv", "7 200 rows, 40 columns, TSV, without a header"),
        ("tabular/adult.csv", "32 561 rows, 15 columns, CSV, with a header"),
        ("tabular/titanic_seaborn.csv", "891 rows, 15 columns, CSV, with a header"),
        ("movielens_1m_din/train.csv", "4 832 rows, 14 columns, CSV, with a header"),
    ],
)
def test_real_tables_are_described_in_one_line_with_their_label_found(
    open_page: OpenPage, file: str, line: str
) -> None:
    path = SHARED_DATA / file
    app = upload(open_page("data"), path.read_bytes(), path.name)
    assert not app.exception
    assert not app.error
    assert line in words(app).replace("\u2009", " ")
    assert "of the rows are clicks." in words(app)
