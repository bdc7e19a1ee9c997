"""Planted pairs before any row is drawn: the values of each field, the terms of the logit, and their effects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from .dependence import Joint, drawn_ranks, purified, shared_ranks
from .effects import scaled, zipf
from .pair_settings import CHOSEN, HUB, PairSettings
from .truth import sigmoid

# A numeric field takes so many values, evenly from 0 to 1.
LEVELS = 1000
RANK = 2
REFERENCE_ROWS = 2**15
Codes = Mapping[str, np.ndarray]


@dataclass(frozen=True)
class Term:
    """The effect of two or three fields: Σ over k of their factors' products; each factor is (values, K)."""

    fields: tuple[str, ...]
    strength: float
    factors: tuple[np.ndarray, ...]

    def effect(self, codes: Codes) -> np.ndarray:
        """What the term adds to the logit of each row, (n,)."""
        product = np.prod([factor[codes[name]] for name, factor in zip(self.fields, self.factors, strict=True)], axis=0)
        return self.strength * product.sum(axis=-1)


@dataclass(frozen=True)
class PairPlan:
    """All that a table of planted pairs is made from but for its rows.

    A row is given by its codes: for each field the number of its value, int (n,). ``shares`` holds for each field the
    shares of its values, and ``mains`` what each value adds to the logit, both (values,).
    """

    settings: PairSettings
    shares: dict[str, np.ndarray]
    mains: dict[str, np.ndarray]
    terms: tuple[Term, ...]

    @cached_property
    def intercept(self) -> float:
        """What makes the share of clicks among reference rows that of the settings."""
        effects = self._effects(self.draw(np.random.default_rng([self.settings.seed, 2]), REFERENCE_ROWS))
        low, high = -100.0, 100.0
        for _ in range(60):
            middle = (low + high) / 2
            is_low = sigmoid(middle + effects).mean() < self.settings.click_rate
            low, high = (middle, high) if is_low else (low, middle)
        return (low + high) / 2

    def logits(self, codes: Codes) -> np.ndarray:
        """The true logit of each row before labels are flipped, (n,)."""
        return self.intercept + self._effects(codes)

    def probabilities(self, codes: Codes) -> np.ndarray:
        """The true probability of each row that its label, flipped or not, is a click: (n,)."""
        clean = sigmoid(self.logits(codes))
        return clean + self.settings.noise * (1.0 - 2.0 * clean)

    def draw(self, generator: np.random.Generator, rows: int) -> dict[str, np.ndarray]:
        """Codes of new rows, int (rows,) by field."""
        settings = self.settings
        ranks = drawn_ranks(generator, settings.fields, settings.following(), settings.correlation, rows)
        return {
            name: np.searchsorted(np.cumsum(shares)[:-1], ranks[name], side="right")
            for name, shares in self.shares.items()
        }

    def joint(self, first: str, second: str) -> Joint:
        """How the values of two fields go together."""
        share = shared_ranks(first, second, self.settings.following(), self.settings.correlation)
        return Joint.of(self.shares[first], self.shares[second], share)

    def _effects(self, codes: Codes) -> np.ndarray:
        mains = sum(effect[codes[name]] for name, effect in self.mains.items())
        return np.asarray(sum((term.effect(codes) for term in self.terms), mains))


def pair_plan(settings: PairSettings) -> PairPlan:
    """Draw the terms and the effects that the settings ask for; the number of rows has no part in it."""
    generator = np.random.default_rng([settings.seed, 0])
    names = settings.fields
    sets = _drawn_sets(generator, settings)
    shares = {name: _shares(name, settings) for name in names}
    mains = {name: settings.main_strength * _main_effect(generator, name, shares[name]) for name in names}
    bare = PairPlan(settings, shares, mains, ())
    terms = tuple(_pair(generator, bare, s) if len(s) == 2 else _triple(generator, bare, s) for s in sets)
    return PairPlan(settings, shares, mains, terms)


def is_numeric(name: str) -> bool:
    """Whether a field's name is that of a numeric one."""
    return name.startswith("n")


def level_values() -> np.ndarray:
    """The values of a numeric field in rising order, (LEVELS,)."""
    return (np.arange(LEVELS) + 0.5) / LEVELS


def _drawn_sets(generator: np.random.Generator, settings: PairSettings) -> tuple[tuple[str, ...], ...]:
    """The fields of each term: the chosen ones, or pairs from the front and triples from the back of a random order."""
    order = [str(name) for name in generator.permutation(settings.fields)]
    if settings.layout == CHOSEN:
        return settings.chosen_terms
    if settings.layout == HUB:
        pairs = [(order[0], other) for other in order[1 : settings.num_pairs + 1]]
    else:
        pairs = [(order[2 * i], order[2 * i + 1]) for i in range(settings.num_pairs)]
    rest = order[::-1]
    triples = [tuple(rest[3 * i : 3 * i + 3]) for i in range(settings.num_triples)]
    place = {name: i for i, name in enumerate(settings.fields)}
    return tuple(tuple(sorted(names, key=place.__getitem__)) for names in (*pairs, *triples))


def _shares(name: str, settings: PairSettings) -> np.ndarray:
    return zipf(LEVELS, 0.0) if is_numeric(name) else zipf(settings.vocabulary_size, settings.zipf_exponent)


def _main_effect(generator: np.random.Generator, name: str, shares: np.ndarray) -> np.ndarray:
    """Mean 0 and mean square 1 over the rows, (values,)."""
    if is_numeric(name):
        return scaled(generator.choice([-1.0, 1.0]) * level_values(), shares)
    return scaled(generator.normal(size=len(shares)), shares)


def _factor(generator: np.random.Generator, name: str, plan: PairPlan) -> np.ndarray:
    """What a field brings to a product: random numbers by value, or a number's own value, (values, RANK)."""
    if is_numeric(name):
        return np.tile(level_values()[:, None], RANK)
    return generator.normal(size=(len(plan.shares[name]), RANK))


def _pair(generator: np.random.Generator, plan: PairPlan, fields: tuple[str, ...]) -> Term:
    """A pair without main effects under the joint distribution of its two fields."""
    left, right = (_factor(generator, name, plan) for name in fields)
    return Term(fields, plan.settings.pair_strength, purified(plan.joint(*fields), left, right))


def _triple(generator: np.random.Generator, plan: PairPlan, fields: tuple[str, ...]) -> Term:
    """A triple without main effects and without pairs, if its fields were independent."""
    shares = [plan.shares[name] for name in fields]
    factors = [_factor(generator, name, plan) for name in fields]
    factors = [factor - weights @ factor for factor, weights in zip(factors, shares, strict=True)]
    products = [(factor.T * weights) @ factor for factor, weights in zip(factors, shares, strict=True)]
    factors[0] = factors[0] / np.sqrt(np.prod(products, axis=0).sum())
    return Term(fields, plan.settings.triple_strength, tuple(factors))
