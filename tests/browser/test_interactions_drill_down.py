"""From a cell of the map down to rows of the table, as a teacher shows it."""

from __future__ import annotations

import re

import pytest

from ctr_app.training.run_store import Run

from .screen import Screen, expect

pytestmark = pytest.mark.browser


def test_a_cell_opens_down_to_its_rows_and_to_what_never_occurred(screen: Screen, earlier_runs: dict[str, Run]) -> None:
    screen.open(f"interactions?run={earlier_runs['FM'].id}")
    screen.press_words("Film")
    screen.see("The map of every epoch was kept.")
    screen.settle()
    screen.page.locator('svg path[aria-label*="field: site; with: ad"]').first.click()
    expect(screen.page.get_by_role("combobox", name="Pair")).to_have_value(re.compile("^(site × ad|ad × site)$"))
    screen.settle()

    screen.press_words("Observed CTR")
    screen.see_described("site: site 01;.* rows with both: .* observed CTR: ")
    screen.settle()

    box = screen.page.get_by_role("combobox", name="Add values of ad")
    box.fill("ad 097")
    box.press("Enter")
    box.press("Escape")
    screen.see_described("ad: ad 097;")
    screen.settle()

    cell = screen.page.locator('svg path[aria-label*="site: site 02;"][aria-label*="ad: ad 001;"]').first
    cell.click(force=True)  # on the figure that stands in it, as people do
    screen.see(re.compile("training rows with (site site 02 and ad ad 001|ad ad 001 and site site 02)"))
    screen.read("the model says")
    cells = screen.page.locator('[data-testid="stDataFrame"] [role="gridcell"]')
    expect(cells.filter(has_text="site 02").first).to_be_attached()

    screen.press_words("Never seen together")
    screen.see_described("pair: (site|ad) ")
    screen.read("yet FM gives")
    assert screen.alerts() == []
