"""One user, one history, one prediction: what a person does on Attention, Predictions and Evaluate."""

from __future__ import annotations

import re

import pytest

from ctr_app.training.run_store import Run

from .conftest import NewScreen
from .screen import Screen, expect

pytestmark = pytest.mark.browser


def metric(screen: Screen, label: str) -> str:
    """What stands under a metric's label."""
    found = screen.page.locator('[data-testid="stMetric"]').filter(has_text=label).first
    return found.locator('[data-testid="stMetricValue"]').inner_text()


def test_a_user_is_picked_a_history_changed_two_fields_edited_and_a_counterfactual_found(
    new_screen: NewScreen, earlier_runs: dict[str, Run]
) -> None:
    screen = new_screen()
    din, fm = earlier_runs["DIN"], earlier_runs["FM"]
    screen.open(f"attention?run={din.id}")
    screen.choose("Rows", "Clicked")
    users = screen.open_choices("Its value")
    user = users.nth(2).inner_text().partition(" (")[0]
    users.nth(2).click()
    screen.see(f"user: {user}")
    screen.see("observed click = 1")
    candidates = screen.open_choices("Candidate (film)")
    film = candidates.nth(5).inner_text()
    candidates.nth(5).click()
    screen.see(f"Predicted CTR for {film}")
    screen.settle()
    before = metric(screen, "Logit")
    screen.page.get_by_role("button", name="Earlier").click()
    screen.see("DIN adds its items up and sees no order")
    box = screen.page.locator(f'[class*="st-key-attention-items-{din.id}"] input').first
    box.click()
    screen.page.keyboard.press("Backspace")  # takes the latest item out
    screen.page.keyboard.press("Escape")
    screen.see("Attention over the changed history")
    screen.settle()
    assert metric(screen, "Logit") != before

    screen.open(f"predictions?run={fm.id}")
    box = screen.key(f"predictions-edit-{fm.id}").locator("input")
    for field in ("site", "slot"):
        box.click()
        screen.page.keyboard.type(field)
        expect(screen.page.get_by_text(field, exact=True).last).to_be_visible()
        screen.page.wait_for_timeout(300)
        screen.page.keyboard.press("Enter")
        screen.page.keyboard.press("Escape")  # what is outside of an open list has no roles
        expect(screen.page.get_by_role("combobox", name=field)).to_be_visible()
        screen.settle()
    for field in ("site", "slot"):
        before = metric(screen, "Logit after the edits")
        screen.open_choices(field).nth(3).click()
        screen.settle()
        assert metric(screen, "Logit after the edits") != before
    screen.see(re.compile("beyond what each does alone"))
    screen.see(re.compile("combination"))
    screen.key("predictions-ask").get_by_text("Fewest edits").click()
    screen.settle()
    percent = screen.page.get_by_role("spinbutton", name="Threshold, CTR in %")
    percent.fill(f"{float(metric(screen, 'Predicted CTR').rstrip('%')) + 0.2:.1f}")
    percent.press("Enter")
    screen.see(re.compile("edits? suffices?:"))

    screen.go("Evaluate")
    screen.see("How good the predictions are")
    screen.see_chart()
    assert screen.alerts() == []
    assert screen.is_as_wide_as_the_window()
