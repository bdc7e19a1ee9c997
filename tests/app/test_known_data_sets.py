"""The cards of known data sets: made, downloaded, stopped, resumed, refused."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from ctr_app.data import downloading
from ctr_app.data.catalogue import READY_MADE, REAL_DATA_SETS, SAMPLES
from ctr_app.data.known import bytes_here
from ctr_app.data.store import DatasetStore
from ctr_app.ui import services
from tests import published
from tests.publisher import Publisher

from .conftest import OpenPage
from .reading import is_well, words

NAME = "movielens-100k"


@pytest.fixture
def app(open_page: OpenPage) -> AppTest:
    """The Data page on the known data sets."""
    app = open_page("data")
    app.segmented_control(key="data-source").set_value("known").run()
    return app


def keys(app: AppTest) -> set[str]:
    """The buttons on the page."""
    return {button.key for button in app.button}


def press(app: AppTest, key: str) -> AppTest:
    return app.button(key=key).click().run()


def test_each_card_says_rows_size_and_licence_before_anything_is_fetched(app: AppTest) -> None:
    assert is_well(app)
    shown = words(app).replace("\\", "")
    for sample in (SAMPLES[name] for name in READY_MADE):
        assert f"data-sample-{sample.name}" in keys(app)
        assert sample.description in shown
    for known in REAL_DATA_SETS.values():
        assert f"data-download-{known.name}" in keys(app)
        assert known.licence in shown
        assert f"[Terms]({known.licence_url})" in shown
    assert "100\u2009000 rows · 4.9 MB to download" in shown


def test_a_card_leads_to_planted_data_with_settings(app: AppTest) -> None:
    press(app, "data-known-generate")
    assert is_well(app)
    assert app.segmented_control(key="data-source").value == "generate"


def test_a_download_becomes_the_data_set_of_the_session(publisher: Publisher, app: AppTest) -> None:
    publisher.may_go_on.clear()
    press(app, "data-sample-planted-clicks")
    press(app, f"data-download-{NAME}")
    assert is_well(app)
    assert words(app).count("Train a model on it") == 2
    assert f"data-download-stop-{NAME}" in keys(app)
    assert f"data-download-{NAME}" not in keys(app)
    publisher.may_go_on.set()
    services.downloads().join(NAME)
    app.run()
    assert is_well(app)
    assert "**MovieLens 100K** ·" in words(app)
    assert words(app).count("Train a model on it") == 2  # on its card, and with the stored data sets
    assert f"data-download-use-{NAME}" not in keys(app)  # it is chosen
    assert not {f"data-download-{NAME}", f"data-download-stop-{NAME}"} & keys(app)


def test_a_download_goes_on_while_another_page_is_open(publisher: Publisher, app: AppTest) -> None:
    publisher.may_go_on.clear()
    press(app, f"data-download-{NAME}")
    app.switch_page("../../pages/train.py").run()
    publisher.may_go_on.set()
    services.downloads().join(NAME)
    app.switch_page("../../pages/data.py").run()
    app.segmented_control(key="data-source").set_value("known").run()
    assert "**MovieLens 100K** ·" in words(app)


def test_others_see_that_it_is_here_and_take_it(publisher: Publisher, app: AppTest, open_page: OpenPage) -> None:
    assert publisher.files
    press(app, f"data-download-{NAME}")
    services.downloads().join(NAME)
    DatasetStore().add_sample("planted-clicks")
    other = open_page("data")
    other.segmented_control(key="data-source").set_value("known").run()
    assert "**Planted clicks** ·" in words(other)
    press(other, f"data-download-use-{NAME}")
    assert is_well(other)
    assert "**MovieLens 100K** ·" in words(other)


def test_a_stopped_download_can_be_resumed(publisher: Publisher, app: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloading, "WAIT_SECONDS", 60.0)
    publisher.break_after = [len(publisher.files["/ml-100k.zip"]) // 2]
    press(app, f"data-download-{NAME}")
    give_up = time.monotonic() + 60
    while not bytes_here(NAME, DatasetStore()):
        assert time.monotonic() < give_up
        time.sleep(0.01)
    press(app, f"data-download-stop-{NAME}")
    services.downloads().join(NAME)
    app.run()
    assert is_well(app)
    assert app.button(key=f"data-download-{NAME}").label == "Resume"
    assert "have come already." in words(app)
    press(app, f"data-download-{NAME}")
    services.downloads().join(NAME)
    app.run()
    assert "**MovieLens 100K** ·" in words(app)


def test_what_went_wrong_stands_on_its_card_with_the_way_out(
    publisher: Publisher, app: AppTest, workplace: Path
) -> None:
    publisher.status = 404
    press(app, f"data-download-{NAME}")
    services.downloads().join(NAME)
    app.run()
    assert not app.exception
    (said,) = [error.value.replace("\\", "") for error in app.error]
    by_hand = workplace / "data" / "downloads" / "ml-100k.zip"
    assert said.startswith("127.0.0.1 does not give the file out (answer 404).")
    assert said.endswith(f"put it at {by_hand}.")
    by_hand.write_bytes(published.ml_100k())
    app.run()
    assert app.button(key=f"data-download-{NAME}").label == "Prepare"
    press(app, f"data-download-{NAME}")
    services.downloads().join(NAME)
    app.run()
    assert is_well(app)
    assert "**MovieLens 100K** ·" in words(app)
