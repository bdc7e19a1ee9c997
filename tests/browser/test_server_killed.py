"""A server that ends in the middle of a training, by a power cut or in peace."""

from __future__ import annotations

import re

import pytest

from ctr_app.training.run_store import Run, RunStore

from .long_run import begin
from .screen import Screen, expect

pytestmark = pytest.mark.browser
PICTURES = {"FM": "interactions", "DCN-V2": "interactions", "DIN": "attention"}


def test_a_killed_server_leaves_an_interrupted_run_with_its_curves_and_every_earlier_picture(
    screen: Screen, earlier_runs: dict[str, Run]
) -> None:
    begin(screen)
    run = screen.run_id()
    screen.server.kill()
    screen.server.start()

    screen.see("interrupted")  # the tab that was left open finds the server again by itself
    screen.settle()
    screen.console.clear()  # it complained while nobody answered
    screen.open(f"train?run={run}")
    screen.see("interrupted")
    screen.see("what it had learned is kept")
    expect(screen.charts()).to_have_count(2)
    screen.press("train-see")
    screen.wait_for_path("interactions")
    screen.see_chart()

    screen.go("Runs")
    for listed in (run, *(earlier.id for earlier in earlier_runs.values()), "interrupted"):
        screen.see_cell(listed)
    for model, earlier in earlier_runs.items():
        screen.open(f"{PICTURES[model]}?run={earlier.id}")
        screen.see_chart()
        expect(screen.page.get_by_role("combobox", name="Run")).to_have_value(re.compile(earlier.id[-4:]))
        screen.settle()
        assert screen.alerts() == []


def test_a_server_that_is_ended_in_peace_says_so_of_the_run_that_it_trained(screen: Screen) -> None:
    begin(screen)
    run = screen.run_id()
    screen.page.close()
    screen.server.stop()
    status = RunStore(screen.server.runs).get(run).status()
    assert (status.state, status.reason) == (
        "interrupted",
        "The server was shut down; what it had learned is kept.",
    )
