"""Known data sets in a real browser: a publisher's file that lies in the folder becomes a data set at one press."""

from __future__ import annotations

import shutil

import pytest

from ctr_app.data.catalogue import REAL_DATA_SETS
from tests.paths import SHARED_DATA, needs_shared_data

from .screen import WIDTHS, Screen, expect
from .server import Server

pytestmark = pytest.mark.browser


def open_known(screen: Screen) -> None:
    """The Data page on the known data sets."""
    screen.open("data")
    screen.key("data-source").get_by_text("Known data sets").click()
    expect(screen.key("data-sample-planted-clicks")).to_be_visible()
    screen.settle()


def test_every_card_fits_and_says_what_its_publisher_allows(screen: Screen) -> None:
    open_known(screen)
    for width in WIDTHS:
        screen.widen(width)
        assert screen.is_as_wide_as_the_window(), width
    assert screen.alerts() == []
    for known in REAL_DATA_SETS.values():
        screen.read(known.licence)
        expect(screen.page.locator(f'a[href="{known.licence_url}"]').first).to_be_visible()


@needs_shared_data
def test_a_file_in_the_folder_becomes_a_data_set_that_can_be_trained_on(screen: Screen, server: Server) -> None:
    by_hand = server.data / "downloads" / "criteo_sample.txt"
    by_hand.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(SHARED_DATA / "criteo" / "criteo_sample_200.csv", by_hand)
    open_known(screen)
    screen.see("The file is here already.")
    screen.press("data-download-criteo-sample")
    screen.see("200 rows · is here")
    screen.settle()
    assert screen.alerts() == []
    screen.press_words("Train a model on it")
    screen.page.wait_for_url("**/train")
    screen.see("13 numeric, 26 categorical fields")
