"""Column names and values that mean something to Markdown, HTML or Vega are shown as what they are."""

from __future__ import annotations

import csv
import io
from itertools import pairwise

import pytest

from .screen import Screen, expect

pytestmark = pytest.mark.browser
LONG = "a_very_long_name_" * 12
NAMES = (
    "a.b",
    "x[0]",
    "back\\slash",
    "it's",
    'q"q',
    "![](http://127.0.0.1:1/x.png)",
    "<b>bold</b>",
    ":red[x]",
    "$x^2$",
    "**loud**",
    "🦊 fox",
    "עמודה ראשונה",
    "a:Q",
    "count()",
    "__proto__",
    LONG,
)


def table() -> bytes:
    """A click per row that leans on the first fields; names are values too."""
    content = io.StringIO()
    writer = csv.writer(content)
    writer.writerow(["click", *NAMES])
    for row in range(800):
        values = [NAMES[(row * (3 + 2 * place) + row // 7) % 5 + 5] for place in range(len(NAMES))]
        writer.writerow([int(values[0] == values[1] or row % 11 == 0), *values])
    return content.getvalue().encode()


def assert_shown_literally(screen: Screen) -> None:
    """Nothing on the page was made of a name's own markup."""
    main = screen.page.locator('[data-testid="stMain"]')
    assert main.locator("img[src*='127.0.0.1:1/']").count() == 0
    assert main.locator("b, strong", has_text="bold").count() == 0
    assert main.locator(".katex").count() == 0
    assert main.locator("strong", has_text="loud").filter(has_not_text="*").count() == 0
    assert screen.page.locator('[class*="stMarkdownColoredText"]').count() == 0
    assert "undefined" not in screen.described()
    assert screen.alerts() == []


def test_odd_names_are_shown_literally_from_the_upload_to_the_picture(screen: Screen) -> None:
    screen.open("data")
    screen.upload({"name": "![](http://127.0.0.1:1/y.png) $x$ *odd*.csv", "mimeType": "text/csv", "buffer": table()})
    expect(screen.key("data-accept")).to_be_visible()
    screen.settle()
    assert_shown_literally(screen)
    cells = screen.page.locator('[data-testid="stDataFrame"] [role="gridcell"]').all_text_contents()
    assert {"a.b", "x[0]", "<b>bold</b>"} <= set(cells)
    screen.press("data-accept")
    screen.page.wait_for_url("**/train")
    for family in ("FM", "DCN"):
        screen.open("train")
        screen.settle()
        screen.key("train-family").get_by_text(family, exact=True).click()
        screen.settle()
        assert_shown_literally(screen)
        screen.press("train-start")
        expect(screen.key("train-see")).to_be_visible()
        screen.settle()
        assert_shown_literally(screen)
        screen.press("train-see")
        screen.see_chart()
        screen.settle()
        assert_shown_literally(screen)
        described = screen.described()
        for a, b in pairwise(NAMES):
            assert f"field: {a}; with: {b}" in described
        written = set(screen.page.locator("svg text").all_text_contents())
        assert set(NAMES) - {LONG} <= written
        listed = screen.open_choices("Pair").all_inner_texts()
        assert set(listed) <= {f"{a} × {b}" for a in NAMES for b in NAMES}
        assert_shown_literally(screen)
        screen.page.keyboard.press("Escape")
    screen.go("Runs")
    screen.go("Home")
    screen.go("Data")
    assert_shown_literally(screen)
