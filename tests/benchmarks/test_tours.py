"""The table of how long Home's tours take."""

import tours


def test_a_tour_of_more_than_a_minute_is_bold() -> None:
    text = tours.section({"fm": [(9.0, 0.5), (12.0, 2.25), (30.0, 1.0)], "din": [(61.0, 0.5)]}, 100.0)
    assert "| FM | 12.0 s | 30.0 s | < 60 s | 2.2 |" in text
    assert "| DIN | **61.0 s** | 61.0 s | < 60 s | 0.5 |" in text
    assert "Medians of 3;" in " ".join(text.split())
