"""From nothing to a picture: the three buttons of the Home page, by mouse, by an impatient one, and by keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator

from .long_run import wait_for_epoch
from .screen import TRAINING_MS, Screen, expect

pytestmark = pytest.mark.browser


def button(screen: Screen, name: str) -> Locator:
    """The button of a tour, once it can be pressed."""
    found = screen.key(f"home-tour-{name}").locator("button")
    expect(found).to_be_enabled()
    return found


def see_all_planted_pairs(screen: Screen) -> None:
    """Wait until a tour ends on its map, and reveal what was planted."""
    screen.wait_for_path("interactions", TRAINING_MS)
    screen.see_chart()
    screen.settle()
    assert screen.alerts() == []
    screen.press_words("Reveal the planted pairs")
    screen.see("5 of 5")
    rings = screen.page.locator("svg .mark-symbol.role-mark path")
    expect(rings).to_have_count(10 + 5)  # both halves of the map, and the ranking
    assert screen.alerts() == []


def test_a_press_leads_to_a_map_of_all_planted_pairs(screen: Screen) -> None:
    screen.open()
    button(screen, "dcn").click()
    see_all_planted_pairs(screen)


def test_a_double_press_begins_one_training_and_the_way_back_stays_open(screen: Screen) -> None:
    screen.open()
    before = set(screen.server.runs.glob("*"))
    button(screen, "fm").dblclick()
    see_all_planted_pairs(screen)
    run = screen.run_id()
    assert {path.name for path in set(screen.server.runs.glob("*")) - before} == {run}
    screen.page.go_back()
    expect(screen.key("train-see")).to_be_visible()
    assert screen.run_id() == run
    screen.page.go_forward()
    screen.wait_for_path("interactions")
    screen.see_chart()
    assert screen.alerts() == []


def test_the_keyboard_alone_reaches_every_button_and_a_stopped_tour_has_bars_over_a_history(screen: Screen) -> None:
    screen.open()
    button(screen, "din")
    reached = []
    for _ in range(40):
        screen.page.keyboard.press("Tab")
        reached.append(screen.page.evaluate("document.activeElement.closest('[class*=st-key-]')?.className || ''"))
        if "st-key-home-tour-din" in reached[-1]:
            break
    for name in ("fm", "dcn", "din"):
        assert any(f"st-key-home-tour-{name}" in place for place in reached), name
    screen.page.keyboard.press("Enter")
    screen.wait_for_path("train")
    wait_for_epoch(screen, 1.0)
    screen.press("train-stop")
    screen.press("train-see")
    screen.wait_for_path("attention")
    screen.see_chart()
    screen.settle()
    assert screen.alerts() == []
    expect(screen.charts()).to_have_count(3)
    screen.see("Predicted CTR")
    screen.read("1. ")
