"""Tables made with the standard functions: numbers or bins, clicks or the probability itself."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np
import polars as pl

from ..errors import InputError
from ..schema import Column, Role, Schema
from ..settings import Config, setting
from .functions import FUNCTIONS, NUM_VARIABLES, StandardFunction, Variables
from .tables import LEAST_ROWS, MOST_ROWS, Planted, in_blocks
from .truth import Truth, best_auc, pairs_within, sigmoid

CLICKS, NOISE_FREE = "clicks", "noise-free"
LABELS = {CLICKS: "click", NOISE_FREE: "probability"}
REFERENCE_ROWS, REFERENCE_SEED = 2**17, 2018
# Numbers stand in the table with so many decimals, and the function is that of the numbers in the table.
DECIMALS = 6


@dataclass(frozen=True)
class FunctionSettings(Config):
    """How a table is made with one of the standard functions."""

    rows: int = setting(100_000, "Number of rows.", group="table", unit="rows", minimum=LEAST_ROWS, maximum=MOST_ROWS)
    seed: int = setting(0, "Another seed draws other rows.", group="table", minimum=0, maximum=2**31 - 1)
    bins: int = setting(
        0,
        "Cut every field into so many bins of equal width, which makes it categorical; 0 keeps the numbers. "
        "An even number, at least 4.",
        group="fields",
        unit="bins",
        minimum=0,
        maximum=200,
        step=10,
    )
    variant: str = setting(
        CLICKS,
        "Clicks: the label is drawn with the true probability. Noise-free: the label is that probability itself.",
        group="labels",
        choices=(CLICKS, NOISE_FREE),
    )
    scale: float = setting(
        1.5,
        "Root mean square of the logit, which is the function with mean 0: the larger, the surer the clicks.",
        group="labels",
        unit="logits",
        minimum=0.1,
        maximum=10.0,
        step=0.1,
    )

    def __post_init__(self) -> None:
        super().__post_init__()
        # The middle bin of an odd number would stand for 0, where F3 and F4 are not finite; with 2 bins all that F3
        # reads are the same magnitude, and pairs of it vanish.
        if self.bins % 2 or self.bins == 2:
            raise InputError("Setting bins must be 0 or an even number from 4 on, not {value}.", value=self.bins)


@dataclass(frozen=True)
class FunctionPlan:
    """A standard function as the logit of a click: its mean and its spread taken out, then scaled."""

    function: StandardFunction
    scale: float
    mean: float
    spread: float

    def logits(self, x: Variables) -> np.ndarray:
        """The true logit of variables 1 to 10, (n,)."""
        return self.scale * (self.function.values(x) - self.mean) / self.spread


def function_plan(name: str, settings: FunctionSettings) -> FunctionPlan:
    """The function called ``name``, its mean and spread taken over reference rows that are the same for every seed."""
    function = FUNCTIONS[name]
    generator = np.random.default_rng(REFERENCE_SEED)
    values = function.values(_drawn(function, settings.bins, REFERENCE_ROWS, generator)[1])
    return FunctionPlan(function, settings.scale, float(values.mean()), float(values.std()))


def function_table(name: str, settings: FunctionSettings) -> Planted:
    """A table of fields x1 to x10, drawn independently and evenly, whose true logit is the function of that name.

    With bins, the function is that of the middle of each bin, so that the bins tell all there is to know.
    """
    plan = function_plan(name, settings)
    generator = np.random.default_rng([settings.seed, 0])
    frame, probabilities = in_blocks(settings.rows, partial(_block, plan, settings, generator))
    label, *fields = frame.columns
    role = Role.CATEGORICAL if settings.bins else Role.NUMERIC
    schema = Schema(
        (Column(label, Role.LABEL), *(Column(field, role) for field in fields)),
        None if settings.variant == NOISE_FREE else "1",
    )
    sets = tuple(tuple(f"x{i}" for i in variables) for variables in plan.function.sets)
    return Planted(frame, schema, Truth(pairs_within(sets), best_auc(probabilities), sets=sets), probabilities)


def _block(
    plan: FunctionPlan, settings: FunctionSettings, generator: np.random.Generator, rows: int
) -> tuple[pl.DataFrame, np.ndarray]:
    """The next rows and their probabilities; both variants draw alike, so they are the same rows."""
    codes, x = _drawn(plan.function, settings.bins, rows, generator)
    probabilities = sigmoid(plan.logits(x))
    clicks = (generator.random(rows) < probabilities).astype(np.int64)
    labels = probabilities if settings.variant == NOISE_FREE else clicks
    names = {i: pl.Series(bin_names(plan.function, i, settings.bins)) for i in codes}
    fields = {f"x{i}": names[i][codes[i]] if codes else x[i] for i in x}
    return pl.DataFrame({LABELS[settings.variant]: labels} | fields), probabilities


def middles(function: StandardFunction, variable: int, bins: int) -> np.ndarray:
    """What each bin of a variable stands for: the value in its middle, (bins,)."""
    low, high = function.bounds(variable)
    return low + (np.arange(bins) + 0.5) * (high - low) / bins


def bin_names(function: StandardFunction, variable: int, bins: int) -> list[str]:
    """From where to where each bin reaches, ``-0.50 to 0.00``, with as many decimals as tell neighbours apart."""
    low, high = function.bounds(variable)
    decimals = max(2, 1 - math.floor(math.log10((high - low) / bins)))
    edges = [f"{round(edge, decimals) + 0.0:.{decimals}f}" for edge in np.linspace(low, high, bins + 1)]
    return [f"{start} to {end}" for start, end in pairwise(edges)]


def _drawn(
    function: StandardFunction, bins: int, rows: int, generator: np.random.Generator
) -> tuple[dict[int, np.ndarray], dict[int, np.ndarray]]:
    """Bins by variable (none without bins), and what the function reads: both variable -> (rows,)."""
    variables = range(1, NUM_VARIABLES + 1)
    if not bins:
        return {}, {i: np.round(generator.uniform(*function.bounds(i), size=rows), DECIMALS) for i in variables}
    codes = {i: generator.integers(bins, size=rows) for i in variables}
    return codes, {i: middles(function, i, bins)[codes[i]] for i in variables}
