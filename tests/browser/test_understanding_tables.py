"""Real tables on the Data page, in a real browser: what is wrong is mended with one press, and looked at closely."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.paths import SHARED_DATA, needs_shared_data

from .screen import Screen, expect

# Where the table of columns has its roles, in pixels.
ROLE_X, ROW_HEIGHT = 200, 35
pytestmark = [pytest.mark.browser, needs_shared_data]


def bring(screen: Screen, path: Path) -> None:
    """Upload a table."""
    screen.open("data")
    screen.upload(path)
    expect(screen.key("data-accept")).to_be_visible()
    screen.settle()


def test_a_leak_is_left_out_and_taken_back_and_left_out_again(screen: Screen) -> None:
    bring(screen, SHARED_DATA / "tabular" / "titanic_seaborn.csv")
    screen.see("alone it tells the label almost perfectly")
    screen.see("18.0% of the rows equal another row")
    for _ in range(2):
        screen.press("data-ignore-alive")
        screen.see("Leave it out: alive")
        expect(screen.key("data-ignore-alive")).to_have_count(0)
        screen.press("data-undo-leak-alive")
        expect(screen.key("data-ignore-alive")).to_be_visible()
        screen.settle()
    screen.press("data-remedy-copies")
    screen.see("Keep equal rows together")
    screen.settle()
    assert screen.alerts() == []
    screen.press("data-accept")
    screen.page.wait_for_url("**/train")
    screen.see(re.compile("equal rows together"))


def see_read_as(screen: Screen, column: str, role: str) -> None:
    """Wait until the table of columns says that a column is read as ``role``."""
    row = screen.page.locator('[data-testid="stDataFrame"] [role="row"]').filter(
        has=screen.page.locator('[role="gridcell"]').get_by_text(column, exact=True)
    )
    expect(row.first.locator('[role="gridcell"]').nth(1)).to_have_text(role)


def change(screen: Screen, row: int, word: str) -> None:
    """Choose another role in a row of the table, by mouse and keyboard."""
    canvas = screen.page.locator('[data-testid="stDataFrame"] canvas').first
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    screen.page.mouse.click(box["x"] + ROLE_X, box["y"] + ROW_HEIGHT * (row + 1.5))
    screen.page.wait_for_timeout(300)
    screen.page.keyboard.press("Enter")
    screen.page.wait_for_timeout(500)
    screen.page.keyboard.type(word)
    screen.page.wait_for_timeout(500)
    screen.page.keyboard.press("Enter")
    screen.settle()


def test_a_role_is_changed_in_the_table_and_one_that_cannot_be_is_taken_back(screen: Screen) -> None:
    bring(screen, SHARED_DATA / "tabular" / "adult.csv")
    change(screen, 2, "leave out")
    see_read_as(screen, "race", "leave out")
    assert screen.alerts() == []
    change(screen, 4, "number")
    screen.see("Column native-country cannot be numeric")
    screen.settle()
    see_read_as(screen, "race", "leave out")
    see_read_as(screen, "native-country", "category")
    change(screen, 4, "leave out")
    expect(screen.page.locator('[data-testid="stAlertContentError"]')).to_have_count(0)
    see_read_as(screen, "native-country", "leave out")


def test_a_look_at_a_column_draws_its_values_and_click_rates(screen: Screen) -> None:
    bring(screen, SHARED_DATA / "tabular" / "adult.csv")
    screen.see("“?” is read as missing: workclass, native-country, occupation.")
    screen.choose("Click rate by the values of", "education")
    screen.see_chart()
    screen.settle()
    for words in ("education Prof-school: 73.4% are clicks", "HS-grad", "(all others)"):
        expect(screen.page.locator("svg").get_by_text(words, exact=True).first).to_be_visible()
    assert "undefined" not in screen.described()
    assert screen.is_as_wide_as_the_window()


def test_a_table_that_lies_in_the_data_folder_is_read_from_there(screen: Screen) -> None:
    folder = screen.server.data / "from-the-warehouse"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "clicks.tsv").write_bytes((SHARED_DATA / "criteo" / "train.tsv").read_bytes())
    screen.open("data")
    screen.key("data-source").get_by_text("A file here").click()
    box = screen.key("data-files").get_by_role("combobox")
    expect(box).to_have_value(re.compile("^from-the-warehouse/clicks.tsv"))
    screen.press("data-files-read")
    screen.see("7 200 rows, 40 columns, TSV, without a header")
    screen.settle()
    assert screen.alerts() == []
