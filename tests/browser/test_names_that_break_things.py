"""Column names and values that mean something to Markdown, HTML or Vega are shown as what they are."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import pytest

from ctr_app.data.errors import shorten
from ctr_app.ui.vega_names import BREAKING, HELD

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
    "camelCaseId",
    "count()",
    BREAKING,
    LONG,
)


def as_csv(rows: Iterable[Sequence[object]]) -> bytes:
    content = io.StringIO()
    csv.writer(content).writerows(rows)
    return content.getvalue().encode()


def table() -> Iterator[Sequence[object]]:
    """A click per row that leans on the first fields; names are values too."""
    yield ["click", *NAMES]
    for row in range(800):
        values = [NAMES[(row * (3 + 2 * place) + row // 7) % 5 + 5] for place in range(len(NAMES))]
        yield [int(values[0] == values[1] or row % 11 == 0), *values]


def table_with_histories() -> Iterator[Sequence[object]]:
    """A click where the item on offer is in the history; items and columns have odd names."""
    yield ["click", ":red[user]", "$x^2$ **item**", "<b>bold</b> ![](http://127.0.0.1:1/h.png)"]
    for row in range(800):
        history = [NAMES[(row * (5 + 2 * place) + row // 9) % len(NAMES)] for place in range(4)]
        item = NAMES[(row * 3 + row // 5) % len(NAMES)]
        yield [int(item in history), f"*u{row % 40}*", item, "|".join(history)]


def assert_shown_literally(screen: Screen) -> None:
    """Nothing on the page was made of a name's own markup."""
    main = screen.page.locator('[data-testid="stMain"]')
    assert main.locator("img[src*='127.0.0.1:1/']").count() == 0
    assert main.locator("b, strong", has_text="bold").filter(has_not_text="<b>").count() == 0
    assert main.locator(".katex").count() == 0
    assert main.locator("strong", has_text="loud").filter(has_not_text="*").count() == 0
    assert screen.page.locator('[class*="stMarkdownColoredText"]').count() == 0
    assert "undefined" not in screen.described()
    assert screen.alerts() == []


def test_odd_names_are_shown_literally_from_the_upload_to_the_picture(screen: Screen) -> None:
    screen.open("data")
    screen.upload(
        {"name": "![](http://127.0.0.1:1/y.png) $x$ *odd*.csv", "mimeType": "text/csv", "buffer": as_csv(table())}
    )
    expect(screen.key("data-accept")).to_be_visible()
    screen.settle()
    assert_shown_literally(screen)
    for name in ("a.b", "x[0]", "back\\slash"):
        screen.see_cell(name)
    screen.press("data-accept")
    screen.page.wait_for_url("**/train")
    for family in ("FM", "DCN"):
        screen.go("Train")
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
        for a, b in pairwise(NAMES):
            screen.see_described(re.escape(f"field: {a}; with: {b}"))
        title = screen.page.locator('[data-testid="stVegaLiteChart"]').first.get_attribute("aria-label") or ""
        assert title.startswith(("No pair", *(shorten(name, 28) for name in NAMES)))
        written = set(screen.page.locator("svg text").all_text_contents())
        assert {*NAMES, HELD} - {LONG, BREAKING} <= written
        listed = screen.open_choices("Pair").all_inner_texts()
        assert set(listed) <= {f"{a} × {b}" for a in NAMES for b in NAMES}
        assert_shown_literally(screen)
        screen.page.keyboard.press("Escape")
    screen.go("Runs")
    screen.go("Home")
    screen.go("Data")
    assert_shown_literally(screen)


def test_odd_names_of_items_are_shown_literally_over_a_history(screen: Screen) -> None:
    screen.open("data")
    screen.upload({"name": "histories.csv", "mimeType": "text/csv", "buffer": as_csv(table_with_histories())})
    screen.see("oldest to newest")
    screen.settle()
    assert_shown_literally(screen)
    screen.open_choices("Compared with")
    assert_shown_literally(screen)
    screen.page.keyboard.press("Escape")
    screen.press("data-accept")
    screen.page.wait_for_url("**/train")
    screen.key("train-family").get_by_text("DIN", exact=True).click()
    screen.settle()
    screen.press("train-start")
    screen.press("train-see")
    screen.wait_for_path("attention")
    screen.see_chart()
    screen.settle()
    assert_shown_literally(screen)
    labels = [text for text in screen.page.locator("svg text").all_text_contents() if re.match(r"\d+\. ", text)]
    assert {re.sub(r"^\d+\. ", "", label) for label in labels} <= {shorten(name, 38) for name in NAMES}
    assert len(labels) == 4
    listed = screen.open_choices("Candidate").all_inner_texts()
    assert {option.removesuffix(" · as observed") for option in listed} <= set(NAMES)
    assert_shown_literally(screen)
