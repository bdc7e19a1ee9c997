"""The ten standard functions: each formula against its sets by the oracle, and against values worked out by hand."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from ctr_app.data.synthetic.functions import FUNCTIONS, NUM_VARIABLES, StandardFunction
from ctr_app.data.synthetic.truth import pairs_within

from .oracle import interacting, swap_strengths

ALL = pytest.mark.parametrize("function", FUNCTIONS.values(), ids=FUNCTIONS)
NAMES = [str(i) for i in range(1, NUM_VARIABLES + 1)]


def points(function: StandardFunction, count: int, seed: int) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(seed)
    return {name: generator.uniform(*function.bounds(int(name)), size=count) for name in NAMES}


def values(function: StandardFunction, x: dict[str, np.ndarray]) -> np.ndarray:
    return function.values({int(name): column for name, column in x.items()})


@ALL
def test_exactly_the_pairs_within_the_sets_interact(function):
    strengths = swap_strengths(lambda x: values(function, x), points(function, 5000, 0), points(function, 5000, 1))
    listed = {frozenset(map(str, pair)) for pair in pairs_within(function.sets)}
    assert interacting(strengths) == listed
    assert min(strengths[pair] for pair in listed) > 1e-4


@ALL
def test_a_set_is_no_larger_than_its_interaction(function):
    """The mixed difference over all variables of a set is not zero, so that the set is one term and not several."""
    a, b = points(function, 5000, 0), points(function, 5000, 1)
    for names in function.sets:
        total = np.zeros(5000)
        for chosen in range(2 ** len(names)):
            taken = {str(name) for bit, name in enumerate(names) if chosen >> bit & 1}
            mixed = {name: (b if name in taken else a)[name] for name in NAMES}
            total += (-1) ** len(taken) * values(function, mixed)
        assert np.abs(total).max() > 1e-3, names


@ALL
def test_values_are_finite_on_the_whole_domain(function):
    assert np.isfinite(values(function, points(function, 20_000, 2))).all()
    edges = {name: np.array(function.bounds(int(name))) for name in NAMES}
    assert np.isfinite(values(function, edges)).all()


BY_HAND = {
    # every variable at its upper bound 1
    "f1": math.pi * math.sqrt(2) - math.pi / 2 + math.log(2) - 1 - 1,
    "f2": math.pi * math.sqrt(2) - math.pi / 6 + math.log(3) + 0.5 * math.sqrt(0.5) - 1,
    "f3": 1 + 1 - 1 + math.log(4) + 1 + 0.5,
    "f4": 1 + 1 - 1 + 1 + math.log(4) + 1 + 0.5,
    "f5": 0.25 + math.e + 2 + 1,
    "f6": math.e**2 - math.e**3 + math.cos(1) + math.sqrt(3),
    "f7": (math.pi / 2) ** 2 + 2 - 0.5 + 0.5**5 + 10,
    "f8": 1 + 8 + 16 + math.sin(math.sin(2)) + math.acos(0.9),
    "f9": math.tanh(2) + math.e**2 + math.log(2) + 1 + 0.5,
    "f10": math.sinh(2) + math.acos(math.tanh(3)) + math.cos(2) + 1 / math.cos(1),
}


@ALL
def test_all_variables_at_1_give_the_value_worked_out_by_hand(function):
    assert function.values(dict.fromkeys(range(1, 11), np.array(1.0))) == pytest.approx(BY_HAND[function.name])


@pytest.mark.parametrize(
    ("name", "x", "expected"),
    [
        (
            "f2",
            {1: 0.5, 2: -1.0, 3: -0.5, 4: -1.0, 5: 0.0, 7: -1.0, 8: 0.0, 9: 0.5, 10: -1.0},
            math.pi**-0.5 + math.pi / 6 + math.log(1.5) + 0.25 - 1.0,
        ),
        ("f3", {3: -0.5, 4: -0.5, 5: 1.0, 7: 0.0, 8: 0.0, 9: 0.0, 10: 0.0}, 1 - 0.5 + math.log(1.25) + 1),
        ("f7", {1: 1.0, 2: -1.0, 3: 1.0, 4: -1.0, 6: 0.5}, -1 + 0.5),
        ("f8", {3: 1.0, 5: -1.0, 6: 1.0, 7: 1.0, 8: 0.5, 9: -0.5}, 2 + 2 + math.pi / 2),
        ("f9", {3: 1.0, 4: 1.0, 5: -0.25, 6: 0.25}, math.tanh(1) * 0.5 + 1 + 1),
    ],
)
def test_other_points_give_the_values_worked_out_by_hand(name, x, expected):
    given = {i: np.array(x.get(i, 0.0)) for i in range(1, NUM_VARIABLES + 1)}
    assert FUNCTIONS[name].values(given) == pytest.approx(expected)


def test_f1_is_drawn_from_the_bounds_of_its_own():
    f1 = FUNCTIONS["f1"]
    assert {i for i in range(1, 11) if f1.bounds(i) == (0.6, 1.0)} == {4, 5, 8, 10}
    assert {f1.bounds(i) for i in (1, 2, 3, 6, 7, 9)} == {(0.0, 1.0)}
    assert {function.bounds(i) for name, function in FUNCTIONS.items() if name != "f1" for i in range(1, 11)} == {
        (-1.0, 1.0)
    }


@ALL
def test_every_variable_that_a_formula_names_is_read_and_no_other(function):
    a, b = points(function, 500, 0), points(function, 500, 1)
    base, named = values(function, a), {int(digits) for digits in re.findall(r"x_\{?(\d+)", "".join(function.formula))}
    for name in NAMES:
        reads = bool((values(function, {**a, name: b[name]}) != base).any())
        assert reads == (int(name) in named or "\\sum" in function.formula[-1]), name
