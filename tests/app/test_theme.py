"""Contrast of the theme's colours, by the formula of WCAG 2."""

from __future__ import annotations

import tomllib

import pytest

from tests.paths import REPOSITORY

THEME = tomllib.loads((REPOSITORY / ".streamlit" / "config.toml").read_text())["theme"]
CAPTION_OPACITY = 0.6
TEXT, PART = 4.5, 3.0  # the least contrast of a text, and of a part that is no text


def channels(colour: str) -> list[float]:
    return [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]


def luminance(colour: list[float]) -> float:
    linear = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: list[float], other: list[float]) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("background", ["backgroundColor", "secondaryBackgroundColor"])
def test_texts_captions_and_links_can_be_read_on_each_background(scheme: str, background: str) -> None:
    theme = THEME[scheme]
    behind, text = channels(theme[background]), channels(theme["textColor"])
    caption = [CAPTION_OPACITY * t + (1 - CAPTION_OPACITY) * b for t, b in zip(text, behind, strict=True)]
    assert contrast(text, behind) >= TEXT
    assert contrast(caption, behind) >= TEXT
    assert contrast(channels(theme["linkColor"]), behind) >= TEXT
    assert contrast(channels(theme["primaryColor"]), behind) >= PART


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_white_words_can_be_read_on_the_primary_button(scheme: str) -> None:
    assert contrast(channels("#ffffff"), channels(THEME[scheme]["primaryColor"])) >= TEXT
