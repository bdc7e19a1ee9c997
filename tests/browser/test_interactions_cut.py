"""Cut the wire in a real browser: a pair is cut, the AUC moves, and all is as it was after a reset."""

from __future__ import annotations

import re

import pytest

from ctr_app.training.run_store import Run

from .screen import Screen, expect

pytestmark = pytest.mark.browser


def test_cutting_a_pair_moves_the_auc_and_a_reset_brings_it_back(screen: Screen, earlier_runs: dict[str, Run]) -> None:
    screen.open(f"interactions?run={earlier_runs['FM'].id}")
    screen.press_words("Cut the wire")
    screen.see("Nothing is cut.")
    auc = screen.page.locator('[data-testid="stMetric"]', has_text=re.compile("^AUC"))
    value, change = (auc.locator(f'[data-testid="stMetric{part}"]') for part in ("Value", "Delta"))
    before = value.inner_text()
    screen.press("interactions-cut-one")
    screen.see_described(r"change of AUC: .*without: \S+ × \S+;")
    expect(change).to_have_text(re.compile(r"[+-]0\.\d{4} ± 0\.\d{4}"))
    screen.press("interactions-cut-one")
    screen.see_described("change of AUC: .*without: all together;")
    assert value.inner_text() != before
    screen.settle()
    screen.press("interactions-cut-reset")
    screen.see("Nothing is cut.")
    expect(value).to_have_text(before)
    assert screen.alerts() == []
