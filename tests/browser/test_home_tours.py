"""From nothing to a picture: the three buttons of the Home page on a server that has just been started."""

from __future__ import annotations

import pytest

from .screen import Screen, expect

pytestmark = pytest.mark.browser


def take_tour(screen: Screen, name: str, picture: str) -> None:
    """Press a button on Home and wait for its picture."""
    screen.open()
    button = screen.key(f"home-tour-{name}").locator("button")
    expect(button).to_be_enabled()
    button.click()
    screen.wait_for_path(picture)
    expect(screen.charts().first).to_be_visible()
    screen.settle()
    assert screen.alerts() == []


@pytest.mark.parametrize("name", ["fm", "dcn"])
def test_a_button_on_home_leads_to_a_map_of_all_planted_pairs(screen: Screen, name: str) -> None:
    take_tour(screen, name, "interactions")
    screen.press_words("Reveal the planted pairs")
    screen.see("5 of 5")
    rings = screen.page.locator("svg .mark-symbol.role-mark path")
    expect(rings).to_have_count(10 + 5)  # both halves of the map, and the ranking
    assert screen.alerts() == []


def test_the_third_button_on_home_leads_to_bars_over_a_history(screen: Screen) -> None:
    take_tour(screen, "din", "attention")
    expect(screen.charts()).to_have_count(3)
    screen.see("Predicted CTR")
    screen.read("1. ")
