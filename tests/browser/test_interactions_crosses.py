"""Crosses taken along: chosen, trained, seen, and downloaded, as is the picture of their gain."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest

from ctr_app.training.run_store import Run

from .screen import Screen, expect

pytestmark = pytest.mark.browser


def test_crosses_are_trained_their_gain_is_seen_and_table_and_picture_are_downloaded(
    screen: Screen, earlier_runs: dict[str, Run], tmp_path: Path
) -> None:
    screen.open(f"interactions?run={earlier_runs['FM'].id}")
    screen.press_words("Take crosses along")
    screen.settle()
    screen.press("interactions-crosses-train")
    screen.see(re.compile("FM gains|FM loses"))
    expect(screen.chart("With 3 crosses logistic regression")).to_be_visible()
    screen.settle()
    assert screen.alerts() == []

    screen.press("interactions-crosses-table")
    table = download(screen, "interactions-crosses-table-csv", tmp_path)
    with table.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3000
    assert sum(" × " in name for name in rows[0]) == 3
    screen.page.keyboard.press("Escape")
    screen.settle()

    key = f"save-interactions-crosses-{earlier_runs['FM'].id}"
    screen.press(key)
    picture = download(screen, f"{key}-svg", tmp_path).read_text(encoding="utf-8")
    assert picture.startswith("<svg")
    assert "Logistic regression + crosses" in picture
    assert download(screen, f"{key}-png", tmp_path).read_bytes().startswith(b"\x89PNG")


def download(screen: Screen, key: str, folder: Path) -> Path:
    """What the download button with that key gives."""
    button = screen.key(key).locator("button")
    expect(button).to_be_visible()
    with screen.page.expect_download() as found:
        button.click()
    path = folder / found.value.suggested_filename
    found.value.save_as(path)
    return path
