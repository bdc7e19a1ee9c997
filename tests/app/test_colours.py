"""Colours that a colour-blind person and a projector can tell apart: CIELAB, and Machado et al. (2009) for eyes."""

from __future__ import annotations

import tomllib
from itertools import combinations

import numpy as np
import pytest

from ctr_app.ui import charts, matrix
from tests.paths import REPOSITORY

THEME = tomllib.loads((REPOSITORY / ".streamlit" / "config.toml").read_text())["theme"]
# What linear RGB becomes for an eye without one kind of cone (Machado, Oliveira and Fernandes 2009, severity 1).
EYES = {
    "all cones": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]
)
WHITE = TO_XYZ.sum(axis=1)
# Differences in CIELAB (1976): about 2.3 is just seen side by side; small marks far apart need several times that.
STEP_OF_LIGHTNESS, APART, FAR_APART = 4.0, 15.0, 40.0
FAMILIES = ("fm", "dcn", "din")

both_themes = pytest.mark.parametrize("scheme", ["light", "dark"])
every_eye = pytest.mark.parametrize("eye", EYES)


def lab(colour: str, eye: str = "all cones") -> np.ndarray:
    """Lightness 0..100, and the red-green and blue-yellow coordinates, (3,), of ``#rrggbb``."""
    coded = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    linear = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    share = TO_XYZ @ np.clip(EYES[eye] @ linear, 0, 1) / WHITE
    x, y, z = np.where(share > (6 / 29) ** 3, np.cbrt(share), share / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def difference(one: str, other: str, eye: str) -> float:
    return float(np.linalg.norm(lab(one, eye) - lab(other, eye)))


def test_the_difference_of_black_and_white_is_a_hundred_and_red_and_green_fall_together_without_their_cones() -> None:
    assert lab("#ffffff") == pytest.approx([100, 0, 0], abs=1e-3)
    assert lab("#000000") == pytest.approx([0, 0, 0], abs=1e-3)
    assert lab("#ff0000") == pytest.approx([53.24, 80.09, 67.2], abs=0.05)
    red, green = "#a05a00", "#6b6b00"
    assert difference(red, green, "deuteranopia") < difference(red, green, "all cones") / 4


@both_themes
@every_eye
def test_the_sequential_scale_goes_one_way_from_the_background_in_steps_that_can_be_seen(scheme: str, eye: str) -> None:
    colours = THEME[scheme]["chartSequentialColors"]
    lightness = np.array([lab(colour, eye)[0] for colour in colours])
    steps = np.diff(lightness) * (-1 if scheme == "light" else 1)
    assert steps.min() >= STEP_OF_LIGHTNESS
    assert difference(THEME[scheme]["backgroundColor"], colours[0], eye) >= 5
    assert abs(lightness[-1] - lightness[0]) >= 75  # a projector in a bright room takes a third of it away


@both_themes
@every_eye
def test_the_two_sides_of_the_diverging_scale_differ_from_each_other_and_from_its_centre(scheme: str, eye: str) -> None:
    colours = THEME[scheme]["chartDivergingColors"]
    half = len(colours) // 2
    for below, above in zip(colours[:half], reversed(colours[half:]), strict=True):
        assert difference(below, above, eye) >= APART
    assert difference(colours[0], colours[-1], eye) >= FAR_APART
    assert difference(colours[0], colours[half], eye) >= FAR_APART
    assert difference(colours[-1], colours[half], eye) >= FAR_APART
    lightness = np.array([lab(colour, eye)[0] for colour in colours]) * (1 if scheme == "light" else -1)
    assert (np.diff(lightness[:half]) > STEP_OF_LIGHTNESS).all()
    assert (np.diff(lightness[half:]) < -STEP_OF_LIGHTNESS).all()


@both_themes
def test_an_image_of_weights_runs_between_the_same_ends_as_the_theme_does(scheme: str) -> None:
    drawn, theme = matrix.DIVERGING[scheme == "dark"], THEME[scheme]["chartDivergingColors"]
    assert (drawn[0], drawn[-1]) == (theme[0], theme[-1])
    assert drawn[len(drawn) // 2] == THEME[scheme]["backgroundColor"]
    assert set(drawn) - {THEME[scheme]["backgroundColor"]} <= set(theme)


@both_themes
@every_eye
def test_lines_and_families_can_be_told_apart(scheme: str, eye: str) -> None:
    colours = THEME[scheme]["chartCategoricalColors"]
    families = [charts.HUES[family][scheme == "dark"] for family in FAMILIES]
    assert colours[: len(families)] == families
    assert min(difference(a, b, eye) for a, b in combinations(colours, 2)) >= APART
    assert min(difference(a, b, eye) for a, b in combinations(families, 2)) >= FAR_APART


@both_themes
@every_eye
def test_the_ring_around_a_true_pair_stands_out_from_every_cell(scheme: str, eye: str) -> None:
    cells = [THEME[scheme]["backgroundColor"], *THEME[scheme]["chartSequentialColors"]]
    assert min(difference(charts.RING, cell, eye) for cell in cells) >= APART
