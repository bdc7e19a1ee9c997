"""The film of learning in a real browser: by the keyboard, by Play and by Pause."""

from __future__ import annotations

import re

import polars as pl
import pytest

from ctr_app.explain.snapshots import snapshot, snapshots, write_snapshot
from ctr_app.training.run_store import Run

from .screen import Screen, expect

pytestmark = pytest.mark.browser
LAST = 30
EPOCH = re.compile(rf"Epoch \d+ of {LAST}")


def lengthen(run: Run) -> None:
    """Let a film of two epochs be long enough to press Pause in it."""
    kept, evaluation = snapshot(run, 2), next(e for e in run.history() if e["kind"] == "eval" and e["epoch"] == 2)
    assert kept is not None
    for epoch in range(3, LAST + 1):
        write_snapshot(run, epoch, pl.from_pandas(kept.drop(columns="epoch")))
        run.append(**(evaluation | {"epoch": epoch, "is_best": False}))


def test_the_film_plays_pauses_and_is_scrubbed(screen: Screen, earlier_runs: dict[str, Run]) -> None:
    run = earlier_runs["FM"]
    lengthen(run)
    screen.open(f"interactions?run={run.id}")
    screen.press_words("Film")
    slider = screen.key(f"interactions-film-epoch-{run.id}").get_by_role("slider")
    button = screen.key("interactions-film-play").locator("button")
    cells = screen.chart("The map at each epoch").locator('[aria-roledescription="rect mark"]')
    screen.see(f"Epoch {LAST} of {LAST}")
    expect(cells).to_have_count(len(snapshots(run).query("epoch == 1")))  # both halves of one of two readouts
    picture = screen.chart("The map at each epoch").locator("svg.marks").element_handle()
    colour = cells.first.get_attribute("fill") or ""

    slider.press("Home")
    screen.see("Before training: vectors hold what pairs")
    expect(cells.first).not_to_have_attribute("fill", colour)
    button.press("Enter")
    expect(button).to_contain_text("Pause")
    screen.see(EPOCH)
    button.press("Enter")
    expect(button).to_contain_text("Play")
    screen.settle()
    paused = EPOCH.search(screen.text())
    assert paused is not None
    assert paused[0] != f"Epoch {LAST} of {LAST}"
    screen.page.wait_for_timeout(1500)
    assert paused[0] in screen.text()

    slider.press("End")
    screen.see(f"Epoch {LAST} of {LAST}")
    slider.press("ArrowLeft")
    screen.see(f"Epoch {LAST - 1} of {LAST}")
    button.press("Enter")
    screen.see(f"Epoch {LAST} of {LAST}")
    expect(button).to_contain_text("Play")
    assert picture.evaluate("picture => picture.isConnected")  # its cells changed, it was not drawn anew
