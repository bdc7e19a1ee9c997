"""Bringing tables: files in the data folder, uploads that cannot be read, and every real table we know of."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

from ctr_app.data.column_warnings import find_warnings
from ctr_app.data.store import DatasetStore
from ctr_app.ui.state import STATE_KEY
from tests.paths import SHARED_DATA, needs_shared_data

from .conftest import OpenPage
from .reading import is_well, words
from .uploads import CLICKS, keys, pressed, select, upload


def files(open_page: OpenPage):
    """The page at its choice of files."""
    app = open_page("data")
    return app.segmented_control(key="data-source").set_value("files").run()


def test_an_empty_data_folder_says_where_to_put_a_file(open_page: OpenPage, workplace: Path) -> None:
    app = files(open_page)
    assert is_well(app)
    assert str(workplace / "data") in words(app).replace("\\", "")


def test_a_file_in_the_data_folder_becomes_a_draft(open_page: OpenPage, workplace: Path) -> None:
    folder = workplace / "data" / "march"
    folder.mkdir(parents=True)
    (folder / "clicks.csv").write_text(CLICKS)
    (folder / "notes.doc").write_text("none of ours")
    app = files(open_page)
    (option,) = select(app, "data-files").options
    assert option.startswith("march/clicks.csv · ")
    pressed(app, "data-files-read")
    assert is_well(app)
    assert "**clicks.csv** · 300 rows, 3 columns, CSV, with a header" in words(app)
    assert "data-accept" in keys(app)


def test_why_a_file_cannot_be_read_stays_until_another_is_chosen(open_page: OpenPage, workplace: Path) -> None:
    (workplace / "data").mkdir(parents=True)
    (workplace / "data" / "empty.csv").write_text("")
    (workplace / "data" / "good.csv").write_text(CLICKS)
    app = files(open_page)
    select(app, "data-files").set_value("empty.csv").run()
    pressed(app, "data-files-read")
    app.run()
    assert [error.value for error in app.error] == ["empty.csv is empty."]
    select(app, "data-files").set_value("good.csv").run()
    assert not app.error


def test_why_an_upload_cannot_be_read_stays_while_something_else_is_done(open_page: OpenPage) -> None:
    app = upload(open_page("data"), b"", "empty.csv")
    app.run()
    assert [error.value for error in app.error] == ["empty.csv is empty."]


def test_a_discarded_table_leaves_the_page_ready_for_another(open_page: OpenPage) -> None:
    app = upload(open_page("data"), CLICKS)
    pressed(app, "data-discard")
    upload(app, CLICKS.replace("price", "cost"), "other.csv")
    assert is_well(app)
    assert "**other.csv**" in words(app)


# Each real table, and the one correction that it needs, if any, as the start of the key of what is pressed.
REAL = {
    "criteo/train.tsv": None,
    "criteo/test.tsv": None,
    "criteo/criteo_sample_200.csv": None,
    "frappe_x1/train.csv.gz": None,
    "frappe_x1/valid.csv.gz": None,
    "frappe_x1/test.csv.gz": None,
    "movielens_1m_din/train.csv": "data-ignore-ratting",
    "movielens_1m_din/test.csv": "data-ignore-ratting",
    "movielens_100k/ml-100k.inter": "events-build",
    "movielens_100k/ml-100k.user": None,
    "tabular/adult.csv": None,
    "tabular/telco_churn.csv": None,
    "tabular/titanic_seaborn.csv": "data-ignore-alive",
}
# Tables of items, which have nothing to predict: they are shown, and go beside another table.
ITEMS = ("movielens_1m_din/movies.dat", "movielens_100k/ml-100k.item")


@needs_shared_data
def test_every_real_table_is_in_one_of_the_lists() -> None:
    there = {str(path.relative_to(SHARED_DATA)) for path in SHARED_DATA.rglob("*") if path.is_file()}
    assert there - {"README.md"} == {*REAL, *ITEMS}


@needs_shared_data
@pytest.mark.parametrize("file", REAL)
def test_every_real_table_is_ready_to_train_on_with_at_most_one_correction(open_page: OpenPage, file: str) -> None:
    path = SHARED_DATA / file
    app = upload(open_page("data"), path.read_bytes(), path.name)
    assert is_well(app), words(app)
    if correction := REAL[file]:
        pressed(app, correction)
    assert is_well(app), words(app)
    schema = app.session_state[STATE_KEY].draft.schema
    leaks = {warning.column for warning in find_warnings(app.session_state[STATE_KEY].draft.inference, schema)}
    assert not leaks & {"ratting", "alive"}
    app.button(key="data-accept").click().run()
    assert is_well(app), words(app)
    (dataset,) = DatasetStore().list()
    assert dataset.preparation is not None
    assert len(dataset.encoded().splits) == 3


@needs_shared_data
@pytest.mark.parametrize("file", ITEMS)
def test_a_table_of_items_is_shown_and_told_where_it_belongs(open_page: OpenPage, file: str) -> None:
    path = SHARED_DATA / file
    app = upload(open_page("data"), path.read_bytes(), path.name)
    assert is_well(app)
    assert "A table of items or users goes beside one of clicks" in words(app)
    assert len(app.dataframe[0].value) == 100


def test_the_bytes_of_an_upload_are_let_go_once_they_are_read(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    dropped: list[str] = []

    def drop(_manager: MemoryUploadedFileManager, session_id: str, file_id: str) -> None:
        assert session_id
        dropped.append(file_id)

    monkeypatch.setattr(MemoryUploadedFileManager, "remove_file", drop)
    upload(open_page("data"), CLICKS)
    assert len(dropped) == 1
