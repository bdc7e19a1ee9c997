"""Real tables, uploaded as a person uploads them: accepted, trained on, and shown by their own names."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.paths import SHARED_DATA, needs_shared_data

from .screen import Screen, expect

pytestmark = [pytest.mark.browser, needs_shared_data]


def upload(screen: Screen, path: Path) -> None:
    """Open Data and put the file in."""
    screen.open("data")
    screen.upload(path)
    expect(screen.key("data-accept")).to_be_visible()
    screen.settle()


def train(screen: Screen, family: str) -> None:
    """Accept the table, train that family on it with its defaults, and open what it learned."""
    screen.press("data-accept")
    screen.page.wait_for_url("**/train")
    screen.key("train-family").get_by_text(family, exact=True).click()
    screen.settle()
    screen.press("train-start")
    screen.press("train-see")
    screen.see_chart()
    screen.settle()
    assert screen.alerts() == []


def test_criteo_rows_without_a_header_become_a_map_of_their_fields(screen: Screen) -> None:
    upload(screen, SHARED_DATA / "criteo" / "train.tsv")
    screen.see("7 200 rows, 40 columns, TSV, without a header")
    train(screen, "DCN")
    for field in ("I11", "C14"):
        screen.read(field)
    screen.see_described("field: I11; with: C14")


def test_the_adult_census_becomes_a_map_of_its_fields(screen: Screen) -> None:
    upload(screen, SHARED_DATA / "tabular" / "adult.csv")
    train(screen, "FM")
    screen.read("marital-status")
    screen.see_described("field: marital-status; with: age")


def test_movielens_histories_become_bars_with_the_titles_of_films(screen: Screen) -> None:
    upload(screen, SHARED_DATA / "movielens_1m_din" / "train.csv")
    screen.press("data-ignore-ratting")
    screen.settle()
    screen.press_words("Validation and test files, names of items")
    screen.upload(SHARED_DATA / "movielens_1m_din" / "movies.dat", "data-upload-names")
    screen.see("names for movieId")
    train(screen, "DIN")
    screen.read("Predicted CTR for")
