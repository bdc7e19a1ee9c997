"""Training does not need anyone to look at it."""

from __future__ import annotations

import re

import pytest

from .conftest import NewScreen
from .long_run import begin, wait_for_epoch
from .screen import expect

pytestmark = pytest.mark.browser


def test_training_goes_on_wherever_one_goes_until_it_is_stopped_and_its_best_epoch_is_kept(
    new_screen: NewScreen,
) -> None:
    first = new_screen()
    begin(first)
    run = first.run_id()

    first.go("Interactions")
    first.see_chart()
    first.go("Runs")
    first.go("Home")
    first.go("Train")
    expect(first.key("train-stop")).to_be_visible()
    assert first.run_id() == run
    epoch = wait_for_epoch(first, 1.5)

    first.page.reload()
    epoch = wait_for_epoch(first, epoch)
    assert first.run_id() == run
    assert first.alerts() == []

    first.page.close()
    second = new_screen()
    second.open("train")
    second.see(re.compile("Now training: DCN-V2"))
    second.open(f"train?run={run}")
    wait_for_epoch(second, epoch)
    expect(second.charts().nth(1)).to_be_visible()

    second.press("train-stop")
    expect(second.key("train-see")).to_be_visible()
    second.settle()
    second.read("stopped")
    second.see("Stopped by hand.")
    for metric in ("Best epoch", "Validation AUC", "Test AUC", "Test logloss"):
        second.see(metric)
    second.see(re.compile(r"0\.8\d\d\d"))
    expect(second.charts().nth(1)).to_be_visible()
    expect(second.key("train-stop")).to_have_count(0)
    second.press("train-see")
    second.wait_for_path("interactions")
    second.see_chart()
    assert second.run_id() == run
    assert second.alerts() == []
