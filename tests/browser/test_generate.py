"""A teacher plants a table in secret, and reveals it."""

from __future__ import annotations

import pytest

from .conftest import NewScreen
from .screen import WIDTHS, Screen, expect

pytestmark = pytest.mark.browser


def see_arcs(screen: Screen, chart: int, count: int) -> None:
    """Wait until the picture with that number is drawn, with so many lines."""
    picture = screen.page.locator('[data-testid="stVegaLiteChart"]').nth(chart)
    expect(picture.locator("svg")).to_be_visible()
    expect(picture.locator("svg .mark-line path")).to_have_count(count)


def test_a_table_is_planted_in_secret_and_revealed(new_screen: NewScreen) -> None:
    screen = new_screen(color_scheme="dark")
    screen.open("data")
    screen.press_words("Generate")
    screen.settle()
    screen.see("interacting pairs, best reachable AUC")
    see_arcs(screen, 0, 4)
    screen.key("generate-secret").locator("label").click()
    screen.settle()
    see_arcs(screen, 0, 0)
    screen.press_words("Standard functions F1 to F10")
    screen.settle()
    screen.press_words("F6")
    screen.settle()
    rows = screen.key("generate-f6-rows").locator("input")
    rows.fill("3000")
    rows.press("Enter")
    screen.settle()
    screen.press("generate-start")
    screen.see("rows are stored")
    screen.settle()
    screen.see("Test function F6")
    expect(screen.page.locator(".katex")).to_have_count(0)
    screen.key("data-reveal").locator("label").click()
    screen.settle()
    screen.see("Planted: x1 × x2, x3 × x4")
    see_arcs(screen, 0, 0)
    see_arcs(screen, 1, 8)
    assert screen.alerts() == []
    for width in WIDTHS:
        screen.widen(width)
        assert screen.is_as_wide_as_the_window(), width
