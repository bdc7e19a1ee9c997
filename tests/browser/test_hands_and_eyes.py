"""Pressing cells, and what can be read and fits on a screen."""

from __future__ import annotations

import re

import pytest

from ctr_app.training.run_store import Run

from .conftest import NewScreen
from .screen import BACKGROUNDS, PAGES, WIDTHS, ColorScheme, Screen, expect

pytestmark = pytest.mark.browser
OPEN_ON = {"train": "FM", "interactions": "DCN-V2", "attention": "DIN"}


def test_a_press_on_a_cell_opens_the_value_table_of_its_pair(screen: Screen, earlier_runs: dict[str, Run]) -> None:
    screen.open(f"interactions?run={earlier_runs['FM'].id}")
    chosen = screen.page.get_by_role("combobox", name="Pair")
    for a, b in (("site", "slot"), ("ad", "hour")):
        screen.page.locator(f'svg path[aria-label*="field: {a}; with: {b}"]').first.click()
        expect(chosen).to_have_value(re.compile(rf"^({a} × {b}|{b} × {a})$"))
        screen.settle()
        screen.see_described(rf"{b}: [^;]+; {a}: [^;]+; logits|{a}: [^;]+; {b}: [^;]+; logits")
        screen.see_described("rows with both")
    assert screen.alerts() == []


def test_each_choice_of_a_run_counts(screen: Screen, earlier_runs: dict[str, Run]) -> None:
    screen.open("interactions")
    chosen = screen.page.get_by_role("combobox", name="Run")
    for model in ("FM", "DCN-V2", "DIN", "FM"):
        screen.choose("Run", re.compile(f"^{model} · "))
        expect(chosen).to_have_value(re.compile(f"^{model} "))
        assert screen.run_id() == earlier_runs[model].id
        screen.see_chart()
    assert screen.alerts() == []


@pytest.mark.parametrize("color_scheme", ["light", "dark"])
def test_the_text_of_charts_stands_out_from_what_is_behind_it(
    new_screen: NewScreen, earlier_runs: dict[str, Run], color_scheme: ColorScheme
) -> None:
    screen = new_screen(color_scheme=color_scheme)
    screen.open(f"interactions?run={earlier_runs['DCN-V2'].id}")
    screen.see_chart()
    screen.settle()
    texts = screen.page.evaluate(
        """() => {
          const page = getComputedStyle(document.querySelector('[data-testid="stApp"]')).backgroundColor;
          const behind = text => {
            const {x, y, width, height} = text.getBoundingClientRect();
            const isUnder = box => box.left < x + width / 2 && box.right > x + width / 2
              && box.top < y + height / 2 && box.bottom > y + height / 2;
            const cells = [...text.closest('svg').querySelectorAll('.mark-rect.role-mark path')];
            const cell = text.closest('.role-mark') && cells.find(path => isUnder(path.getBoundingClientRect()));
            return cell ? getComputedStyle(cell).fill : page;
          };
          return [...document.querySelectorAll('svg text')].filter(text => text.getAttribute('opacity') !== '0').map(
            text => [text.textContent, getComputedStyle(text).fill, behind(text),
              parseFloat(getComputedStyle(text).fontSize)]);
        }"""
    )
    assert len(texts) > 50
    for text, fill, ground, size in texts:
        assert contrast(fill, ground) >= 4.5, (text, fill, ground)
        assert size >= 12, text


def contrast(first: str, second: str) -> float:
    """The contrast of two CSS colours, as WCAG defines it."""
    lightness = []
    for colour in (first, second):
        parts = [int(part) / 255 for part in re.findall(r"\d+", colour)[:3]]
        red, green, blue = (part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        lightness.append(0.2126 * red + 0.7152 * green + 0.0722 * blue)
    return (max(lightness) + 0.05) / (min(lightness) + 0.05)


def test_no_page_has_to_be_scrolled_sideways(screen: Screen, earlier_runs: dict[str, Run]) -> None:
    for page in PAGES:
        screen.open(f"{page}?run={earlier_runs[OPEN_ON[page]].id}" if page in OPEN_ON else page)
        for color_scheme in BACKGROUNDS:
            screen.look(color_scheme)
            if page in ("interactions", "attention"):
                screen.see_chart()
            for width in WIDTHS:
                screen.widen(width)
                assert screen.is_as_wide_as_the_window(), (page or "home", color_scheme, width)
        assert screen.alerts() == []
