"""Functions of one number that the compiler can run on many at once."""

from __future__ import annotations

import numpy as np
from numba import njit

from . import LIBERTIES

F = np.float32
U = np.uint32
ONE, HALF = F(1.0), F(0.5)
# ln 2 in two parts, so that n ln 2 can be taken off a number without rounding; the first has 15 bits.
LN2_HIGH, LN2_LOW = F(0.693145751953125), F(1.428606765330187e-06)
LOG2_E = F(1.4426950408889634)
LIMIT = F(87.0)


@njit(error_model="numpy", fastmath=LIBERTIES - {"reassoc"})  # else both parts of ln 2 are made one again
def exp(x):  # type: ignore[no-untyped-def]
    """e^x, float32, within 1e-7 of it, for x held between -87 and 87; of no number, no number.

    e^x = 2^n e^f with |f| <= ln 2 / 2, where seven terms of Taylor's series are exact to float32.
    """
    x = -LIMIT if x < -LIMIT else x
    x = LIMIT if x > LIMIT else x
    n = np.floor(x * LOG2_E + HALF)
    f = (x - n * LN2_HIGH) - n * LN2_LOW
    y = F(1 / 5040)
    y = y * f + F(1 / 720)
    y = y * f + F(1 / 120)
    y = y * f + F(1 / 24)
    y = y * f + F(1 / 6)
    y = y * f + HALF
    y = y * f + ONE
    y = y * f + ONE
    power_of_two = np.int32((np.int32(n) + np.int32(127)) << np.int32(23)).view(F)
    return y * power_of_two


@njit(inline="always", error_model="numpy", fastmath=LIBERTIES)
def sigmoid(x):  # type: ignore[no-untyped-def]
    """1 / (1 + e^-x), float32."""
    return ONE / (ONE + exp(-x))


@njit(inline="always", error_model="numpy", fastmath=LIBERTIES)
def is_kept(seed, place, threshold):  # type: ignore[no-untyped-def]
    """Whether dropout keeps the unit at ``place``: with a chance of 1 - threshold / 2^32, the same for the same seed.

    The bits of the place are mixed by multiplying and shifting, so that no number need be drawn or kept.
    """
    x = U(U(place) * U(0x9E3779B9)) ^ U(seed)
    x = U(U(x ^ U(x >> U(16))) * U(0x85EBCA6B))
    x = U(U(x ^ U(x >> U(13))) * U(0xC2B2AE35))
    return U(x ^ U(x >> U(16))) >= threshold
