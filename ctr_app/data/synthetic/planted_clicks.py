"""Planted clicks: ads on sites, with five pairs of fields that interact."""

from __future__ import annotations

import numpy as np
import polars as pl

from ..schema import Column, Role, Schema
from .effects import pair_effect, scaled, zipf
from .tables import Planted, check_rows
from .truth import Truth, best_auc
from .words import AGE_GROUPS, CATEGORIES, COUNTRIES, DEVICES, SLOTS, WEEKDAYS

# Planted clicks: name -> (values, Zipf exponent). Numeric fields act through their quantile.
CLICK_CATEGORICAL: dict[str, tuple[tuple[str, ...], float]] = {
    "hour": (tuple(f"{hour:02d}:00" for hour in range(24)), 0.0),
    "weekday": (WEEKDAYS, 0.0),
    "site": (tuple(f"site {i:02d}" for i in range(1, 61)), 0.8),
    "device": (DEVICES, 0.6),
    "country": (COUNTRIES, 0.5),
    "ad": (tuple(f"ad {i:03d}" for i in range(1, 121)), 0.8),
    "category": (CATEGORIES, 0.4),
    "age_group": (AGE_GROUPS, 0.2),
    "slot": (SLOTS, 0.3),
}
CLICK_NUMERIC = ("price", "visits", "scroll_depth")
CLICK_PAIRS = (
    ("hour", "category"),
    ("site", "device"),
    ("country", "ad"),
    ("age_group", "price"),
    ("weekday", "visits"),
)


def planted_clicks(
    rows: int,
    seed: int = 0,
    pairs: tuple[tuple[str, str], ...] = CLICK_PAIRS,
    pair_strength: float = 0.75,
    main_strength: float = 0.35,
) -> Planted:
    """Clicks whose logit is a sum of main effects and of the effects of the chosen ``pairs``, and nothing else.

    Each pair's effect has rank 2 (rank 1 with a numeric field), is centred so that it holds no main effect, and has
    a root mean square of ``pair_strength`` logits; each main effect has one of ``main_strength`` logits.
    """
    check_rows(rows)
    generator = np.random.default_rng(seed)
    weights = {name: zipf(len(values), exponent) for name, (values, exponent) in CLICK_CATEGORICAL.items()}
    codes = {name: generator.choice(len(p), size=rows, p=p) for name, p in weights.items()}
    quantiles = {name: generator.random(rows) for name in CLICK_NUMERIC}
    centred = {name: (q - 0.5) * np.sqrt(12.0) for name, q in quantiles.items()}

    logit = np.full(rows, -1.3)
    for name, p in weights.items():
        logit += main_strength * scaled(generator.normal(size=len(p)), p)[codes[name]]
    for z in centred.values():
        logit += main_strength * generator.choice([-1.0, 1.0]) * z
    for first, second in pairs:
        logit += pair_strength * pair_effect(generator, first, second, weights, codes, centred)

    probabilities = 1.0 / (1.0 + np.exp(-logit))
    columns: dict[str, object] = {"click": (generator.random(rows) < probabilities).astype(np.int64)}
    for name, (values, _) in CLICK_CATEGORICAL.items():
        columns[name] = pl.Series(values)[codes[name]]
    columns["price"] = np.round(np.exp(2.5 + 1.2 * _normal_quantile(quantiles["price"])), 2)
    columns["visits"] = np.round(-20.0 * np.log1p(-quantiles["visits"]), 1)
    columns["scroll_depth"] = np.round(100.0 * quantiles["scroll_depth"] ** 2, 2)
    roles = dict.fromkeys(CLICK_CATEGORICAL, Role.CATEGORICAL) | dict.fromkeys(CLICK_NUMERIC, Role.NUMERIC)
    schema = Schema((Column("click", Role.LABEL), *(Column(name, role) for name, role in roles.items())), "1")
    return Planted(pl.DataFrame(columns), schema, Truth(pairs, best_auc(probabilities)), probabilities)


def _normal_quantile(quantiles: np.ndarray) -> np.ndarray:
    return np.sqrt(2.0) * _inverse_error_function(2.0 * np.clip(quantiles, 1e-6, 1 - 1e-6) - 1.0)


def _inverse_error_function(x: np.ndarray) -> np.ndarray:
    """Winitzki's approximation, good to 0.002: enough for a price that looks like one."""
    a = 0.147
    logarithm = np.log1p(-(x**2))
    middle = 2.0 / (np.pi * a) + logarithm / 2.0
    return np.sign(x) * np.sqrt(np.sqrt(middle**2 - logarithm / a) - middle)
