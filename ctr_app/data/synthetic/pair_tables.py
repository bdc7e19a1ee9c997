"""Tables with planted pairs: rows, labels and truth from a plan."""

from __future__ import annotations

from functools import partial

import numpy as np
import polars as pl

from ..schema import Column, Role, Schema
from .pair_plan import PairPlan, is_numeric, level_values, pair_plan
from .pair_settings import PairSettings
from .tables import Planted, in_blocks
from .truth import Truth, best_auc, pairs_within

LABEL = "click"


def pair_table(settings: PairSettings) -> Planted:
    """A table whose true logit is an intercept, main effects, and the terms of the plan; see ``PairSettings``.

    A pair's term has mean 0 wherever one of its two fields is known, under their own joint distribution, so it holds
    no main effect of either, correlated or not. The truth is that of the logit before labels are flipped.
    """
    plan = pair_plan(settings)
    generator = np.random.default_rng([settings.seed, 1])
    values = {name: _values(plan, name) for name in settings.fields}
    frame, probabilities = in_blocks(settings.rows, partial(_block, plan, values, generator))
    roles = {name: Role.NUMERIC if is_numeric(name) else Role.CATEGORICAL for name in settings.fields}
    schema = Schema((Column(LABEL, Role.LABEL), *(Column(name, role) for name, role in roles.items())), "1")
    return Planted(frame, schema, pair_truth(plan, probabilities), probabilities)


def _block(
    plan: PairPlan, values: dict[str, pl.Series], generator: np.random.Generator, rows: int
) -> tuple[pl.DataFrame, np.ndarray]:
    """The next rows and their probabilities."""
    codes = plan.draw(generator, rows)
    probabilities = plan.probabilities(codes)
    labels = (generator.random(rows) < probabilities).astype(np.int64)
    return pl.DataFrame({LABEL: labels} | {name: values[name][codes[name]] for name in values}), probabilities


def pair_truth(plan: PairPlan, probabilities: np.ndarray) -> Truth:
    """What the plan plants, and the best AUC on rows with these true probabilities."""
    sets = tuple(term.fields for term in plan.terms)
    return Truth(
        pairs_within(sets),
        best_auc(probabilities),
        sets=sets,
        strengths=tuple(term.strength for term in plan.terms),
        main_strength=plan.settings.main_strength,
        correlated=tuple(plan.settings.following().items()),
    )


def _values(plan: PairPlan, name: str) -> pl.Series:
    """The values of a field by their number; the most frequent category comes first."""
    if is_numeric(name):
        return pl.Series(level_values())
    count = len(plan.shares[name])
    return pl.Series([f"v{i:0{len(str(count))}d}" for i in range(1, count + 1)])
