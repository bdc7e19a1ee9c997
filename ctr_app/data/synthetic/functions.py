"""The ten standard test functions of interaction detection, and which of their variables interact.

Tsang, Cheng and Liu, "Detecting Statistical Interactions from Neural Network Weights", ICLR 2018, Table 1. F1 is older:
Hooker, "Discovering Additive Structure in Black Box Functions", KDD 2004. Variables are counted from 1, as there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

NUM_VARIABLES = 10
Variables = Mapping[int, np.ndarray]


@dataclass(frozen=True)
class StandardFunction:
    """One function: its formula as lines of LaTeX, its values on variables 1 to 10, and which of them interact."""

    name: str
    formula: tuple[str, ...]
    values: Callable[[Variables], np.ndarray]
    sets: tuple[tuple[int, ...], ...]

    def bounds(self, variable: int) -> tuple[float, float]:
        """Between what the variable is drawn evenly."""
        if self.name == "f1":
            return (0.6, 1.0) if variable in (4, 5, 8, 10) else (0.0, 1.0)
        return -1.0, 1.0


def _f1(x: Variables) -> np.ndarray:
    return (
        np.pi ** (x[1] * x[2]) * np.sqrt(2 * x[3])
        - np.arcsin(x[4])
        + np.log(x[3] + x[5])
        - x[9] / x[10] * np.sqrt(x[7] / x[8])
        - x[2] * x[7]
    )


def _f2(x: Variables) -> np.ndarray:
    # The root is that of |x7|, as x7 may be negative here.
    return (
        np.pi ** (x[1] * x[2]) * np.sqrt(2 * np.abs(x[3]))
        - np.arcsin(0.5 * x[4])
        + np.log(np.abs(x[3] + x[5]) + 1)
        + x[9] / (1 + np.abs(x[10])) * np.sqrt(np.abs(x[7]) / (1 + np.abs(x[8])))
        - x[2] * x[7]
    )


def _f3(x: Variables) -> np.ndarray:
    return (
        np.exp(np.abs(x[1] - x[2]))
        + np.abs(x[2] * x[3])
        - (x[3] ** 2) ** np.abs(x[4])
        + np.log(x[4] ** 2 + x[5] ** 2 + x[7] ** 2 + x[8] ** 2)
        + x[9]
        + 1 / (1 + x[10] ** 2)
    )


def _f4(x: Variables) -> np.ndarray:
    return _f3(x) + (x[1] * x[4]) ** 2


def _f5(x: Variables) -> np.ndarray:
    return (
        1 / (1 + x[1] ** 2 + x[2] ** 2 + x[3] ** 2)
        + np.sqrt(np.exp(x[4] + x[5]))
        + np.abs(x[6] + x[7])
        + x[8] * x[9] * x[10]
    )


def _f6(x: Variables) -> np.ndarray:
    return (
        np.exp(np.abs(x[1] * x[2]) + 1)
        - np.exp(np.abs(x[3] + x[4]) + 1)
        + np.cos(x[5] + x[6] - x[8])
        + np.sqrt(x[8] ** 2 + x[9] ** 2 + x[10] ** 2)
    )


def _f7(x: Variables) -> np.ndarray:
    return (
        (np.arctan(x[1]) + np.arctan(x[2])) ** 2
        + np.maximum(x[3] * x[4] + x[6], 0)
        - 1 / (1 + (x[4] * x[5] * x[6] * x[7] * x[8]) ** 2)
        + (np.abs(x[7]) / (1 + np.abs(x[9]))) ** 5
        + sum(x[i] for i in range(1, NUM_VARIABLES + 1))
    )


def _f8(x: Variables) -> np.ndarray:
    return (
        x[1] * x[2]
        + 2 ** (x[3] + x[5] + x[6])
        + 2 ** (x[3] + x[4] + x[5] + x[7])
        + np.sin(x[7] * np.sin(x[8] + x[9]))
        + np.arccos(0.9 * x[10])
    )


def _f9(x: Variables) -> np.ndarray:
    return (
        np.tanh(x[1] * x[2] + x[3] * x[4]) * np.sqrt(np.abs(x[5]))
        + np.exp(x[5] + x[6])
        + np.log((x[6] * x[7] * x[8]) ** 2 + 1)
        + x[9] * x[10]
        + 1 / (1 + np.abs(x[10]))
    )


def _f10(x: Variables) -> np.ndarray:
    return np.sinh(x[1] + x[2]) + np.arccos(np.tanh(x[3] + x[5] + x[7])) + np.cos(x[4] + x[5]) + 1 / np.cos(x[7] * x[9])


_HOOKER = ((1, 2, 3), (2, 7), (3, 5), (7, 8, 9, 10))
_F3_SETS = ((1, 2), (2, 3), (3, 4), (4, 5, 7, 8))
FUNCTIONS = {
    function.name: function
    for function in (
        StandardFunction(
            "f1",
            (
                r"\pi^{x_1x_2}\sqrt{2x_3}-\arcsin x_4+\log(x_3+x_5)",
                r"-\frac{x_9}{x_{10}}\sqrt{\frac{x_7}{x_8}}-x_2x_7",
            ),
            _f1,
            _HOOKER,
        ),
        StandardFunction(
            "f2",
            (
                r"\pi^{x_1x_2}\sqrt{2|x_3|}-\arcsin\tfrac{x_4}{2}+\log(|x_3+x_5|+1)",
                r"+\frac{x_9}{1+|x_{10}|}\sqrt{\frac{|x_7|}{1+|x_8|}}-x_2x_7",
            ),
            _f2,
            _HOOKER,
        ),
        StandardFunction(
            "f3",
            (r"e^{|x_1-x_2|}+|x_2x_3|-(x_3^2)^{|x_4|}", r"+\log(x_4^2+x_5^2+x_7^2+x_8^2)+x_9+\frac{1}{1+x_{10}^2}"),
            _f3,
            _F3_SETS,
        ),
        StandardFunction(
            "f4",
            (
                r"e^{|x_1-x_2|}+|x_2x_3|-(x_3^2)^{|x_4|}+(x_1x_4)^2",
                r"+\log(x_4^2+x_5^2+x_7^2+x_8^2)+x_9+\frac{1}{1+x_{10}^2}",
            ),
            _f4,
            (*_F3_SETS, (1, 4)),
        ),
        StandardFunction(
            "f5",
            (r"\frac{1}{1+x_1^2+x_2^2+x_3^2}+\sqrt{e^{x_4+x_5}}", r"+|x_6+x_7|+x_8x_9x_{10}"),
            _f5,
            ((1, 2, 3), (4, 5), (6, 7), (8, 9, 10)),
        ),
        StandardFunction(
            "f6",
            (r"e^{|x_1x_2|+1}-e^{|x_3+x_4|+1}", r"+\cos(x_5+x_6-x_8)+\sqrt{x_8^2+x_9^2+x_{10}^2}"),
            _f6,
            ((1, 2), (3, 4), (5, 6, 8), (8, 9, 10)),
        ),
        StandardFunction(
            "f7",
            (
                r"(\arctan x_1+\arctan x_2)^2+\max(x_3x_4+x_6,0)",
                r"-\frac{1}{1+(x_4x_5x_6x_7x_8)^2}+\left(\frac{|x_7|}{1+|x_9|}\right)^5+\sum_{i=1}^{10}x_i",
            ),
            _f7,
            ((1, 2), (3, 4, 6), (4, 5, 6, 7, 8), (7, 9)),
        ),
        StandardFunction(
            "f8",
            (r"x_1x_2+2^{x_3+x_5+x_6}+2^{x_3+x_4+x_5+x_7}", r"+\sin(x_7\sin(x_8+x_9))+\arccos(0.9x_{10})"),
            _f8,
            ((1, 2), (3, 5, 6), (3, 4, 5, 7), (7, 8, 9)),
        ),
        StandardFunction(
            "f9",
            (
                r"\tanh(x_1x_2+x_3x_4)\sqrt{|x_5|}+e^{x_5+x_6}",
                r"+\log((x_6x_7x_8)^2+1)+x_9x_{10}+\frac{1}{1+|x_{10}|}",
            ),
            _f9,
            ((1, 2, 3, 4, 5), (5, 6), (6, 7, 8), (9, 10)),
        ),
        StandardFunction(
            "f10",
            (r"\sinh(x_1+x_2)+\arccos\tanh(x_3+x_5+x_7)", r"+\cos(x_4+x_5)+\sec(x_7x_9)"),
            _f10,
            ((1, 2), (3, 5, 7), (4, 5), (7, 9)),
        ),
    )
}
