"""The table of what measuring and drawing interactions takes."""

import interactions


def test_what_takes_too_long_is_bold_and_the_load_is_told() -> None:
    quick = interactions.Line("swap", "1 thread", 4.0, "3.5 s of CPU", 10.0, 0.5)
    slow = interactions.Line("map", "Chromium", 1.25, "longest 2.00 s", 1.0, 7.3)
    text = interactions.section([quick, slow], repeats=3, presses=7, seconds=60.0)
    assert "| swap | 1 thread | 4.00 s | 3.5 s of CPU | < 10 s | 0.5 |" in text
    assert "| map | Chromium | **1.25 s** | longest 2.00 s | < 1 s | 7.3 |" in text
    assert text.startswith(f"## {interactions.HEADING}\n")
