"""Means over seeds with their intervals, and how tables show them."""

from __future__ import annotations

import math
import statistics
import textwrap
from collections.abc import Sequence

from scipy.stats import t

CONFIDENCE = 0.95
WIDTH = 120


def interval(values: Sequence[float]) -> float:
    """Half the width of the t interval of the mean; infinite for a single value."""
    if len(values) < 2:
        return math.inf
    return _quantile(len(values) - 1) * statistics.stdev(values) / math.sqrt(len(values))


def gap(a: Sequence[float], b: Sequence[float]) -> tuple[float, float]:
    """How far the mean of ``a`` is above that of ``b``, and half the width of the interval of it (Welch 1947)."""
    above = statistics.fmean(a) - statistics.fmean(b)
    if len(a) < 2 or len(b) < 2:
        return above, math.inf
    errors = [statistics.variance(values) / len(values) for values in (a, b)]
    if sum(errors) == 0.0:
        return above, 0.0
    freedom = sum(errors) ** 2 / sum(e**2 / (len(v) - 1) for e, v in zip(errors, (a, b), strict=True))
    return above, _quantile(freedom) * math.sqrt(sum(errors))


def shown(values: Sequence[float]) -> str:
    """The mean with four decimals, and half its interval where there is one."""
    mean = f"{statistics.fmean(values):.4f}"
    return f"{mean} ± {interval(values):.4f}" if len(values) > 1 else mean


def listed(values: Sequence[float], form: str = ".4f") -> str:
    """Every value, in the order of the seeds."""
    return ", ".join(format(value, form) for value in values)


def marked(text: str, is_met: bool) -> str:
    """``text``, in bold where it is below its target."""
    return text if is_met else f"**{text}**"


def wrapped(text: str) -> str:
    """A paragraph in lines of the width of RESULTS.md."""
    return textwrap.fill(" ".join(text.split()), WIDTH, break_on_hyphens=False)


def _quantile(freedom: float) -> float:
    return float(t.ppf((1 + CONFIDENCE) / 2, freedom))
