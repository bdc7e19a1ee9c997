"""Planted samples: tables made by code, whose interactions and best reachable AUC are known."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from .errors import InputError
from .schema import Column, Role, Schema

CATEGORIES = (
    "sports",
    "finance",
    "travel",
    "music",
    "news",
    "games",
    "food",
    "health",
    "fashion",
    "cars",
    "garden",
    "books",
    "film",
    "science",
    "home",
    "pets",
    "art",
    "history",
)
COUNTRIES = (
    "Brazil",
    "Canada",
    "Chile",
    "China",
    "Denmark",
    "Egypt",
    "Finland",
    "France",
    "Germany",
    "Ghana",
    "Greece",
    "India",
    "Ireland",
    "Italy",
    "Japan",
    "Kenya",
    "Mexico",
    "Morocco",
    "Nepal",
    "Norway",
    "Peru",
    "Poland",
    "Portugal",
    "Spain",
    "Sweden",
    "Thailand",
    "Turkey",
    "Uruguay",
    "Vietnam",
    "Zambia",
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
AGE_GROUPS = ("under 18", "18-24", "25-34", "35-44", "45-54", "55-64", "65 and over")
DEVICES = ("phone", "tablet", "laptop", "desktop", "television")
SLOTS = ("top", "side", "inline", "bottom")
GENRES = (
    "drama",
    "comedy",
    "thriller",
    "romance",
    "western",
    "animation",
    "documentary",
    "horror",
    "musical",
    "war",
    "fantasy",
    "crime",
)
TITLE_STARTS = (
    "Quiet",
    "Silver",
    "Broken",
    "Hidden",
    "Distant",
    "Golden",
    "Last",
    "Empty",
    "Burning",
    "Frozen",
    "Second",
    "Secret",
    "Northern",
    "Crooked",
    "Midnight",
    "Paper",
    "Velvet",
    "Hollow",
    "Scarlet",
    "Wandering",
)
TITLE_ENDS = (
    "Harbor",
    "River",
    "Garden",
    "Mirror",
    "Letter",
    "Station",
    "Orchard",
    "Lantern",
    "Bridge",
    "Island",
    "Signal",
    "Road",
)
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


@dataclass(frozen=True)
class Truth:
    """What a planted table was made with: interacting pairs, best reachable AUC, and each item's kind if it has one."""

    pairs: tuple[tuple[str, str], ...]
    best_auc: float
    kinds: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, object]:
        """A plain dictionary for ``truth.json``."""
        return {"pairs": [list(pair) for pair in self.pairs], "best_auc": self.best_auc, "kinds": self.kinds}


@dataclass(frozen=True)
class Planted:
    """A planted table with its schema, its truth, and the true click probability of each row, float64 (n,)."""

    frame: pl.DataFrame
    schema: Schema
    truth: Truth
    probabilities: np.ndarray


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
    _check_rows(rows)
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


def planted_histories(rows: int, seed: int = 0) -> Planted:
    """Users with tastes, films with a genre, a candidate film; clicks depend on the history's films of its genre.

    The logit grows with the logarithm of one plus the number of films of the candidate's genre in the history; film,
    device and age group have small main effects.
    """
    _check_rows(rows)
    generator = np.random.default_rng(seed)
    titles, genres = _films(generator)
    num_items = len(titles)
    tastes = generator.dirichlet(np.full(len(GENRES), 0.25), size=max(50, rows // 20))
    users = generator.integers(len(tastes), size=rows)
    lengths = np.clip(generator.geometric(0.12, size=rows) + 1, 2, 20)
    history = _drawn_by_taste(generator, np.repeat(users, lengths), tastes, genres)
    is_to_taste = generator.random(rows) < 0.4
    candidates = np.where(
        is_to_taste, _drawn_by_taste(generator, users, tastes, genres), generator.integers(num_items, size=rows)
    )
    devices, ages = generator.integers(len(DEVICES), size=rows), generator.integers(len(AGE_GROUPS), size=rows)

    starts = np.concatenate([[0], np.cumsum(lengths)[:-1]])
    is_alike = genres[history] == np.repeat(genres[candidates], lengths)
    num_alike = np.add.reduceat(is_alike.astype(np.int64), starts)
    logit = -2.2 + 1.8 * np.log1p(num_alike)
    for codes, count in ((candidates, num_items), (devices, len(DEVICES)), (ages, len(AGE_GROUPS))):
        logit += 0.3 * generator.normal(size=count)[codes]

    probabilities = 1.0 / (1.0 + np.exp(-logit))
    items = pl.Series(titles)[history].to_frame("history").with_columns(row=np.repeat(np.arange(rows), lengths))
    frame = pl.DataFrame(
        {
            "click": (generator.random(rows) < probabilities).astype(np.int64),
            "user": pl.Series([f"user {user + 1:04d}" for user in users]),
            "age_group": pl.Series(AGE_GROUPS)[ages],
            "device": pl.Series(DEVICES)[devices],
            "film": pl.Series(titles)[candidates],
            "history": items.group_by("row", maintain_order=True).agg(pl.col("history").str.join("|"))["history"],
        }
    )
    schema = Schema(
        (
            Column("click", Role.LABEL),
            Column("user", Role.IGNORED),
            Column("age_group", Role.CATEGORICAL),
            Column("device", Role.CATEGORICAL),
            Column("film", Role.CATEGORICAL),
            Column("history", Role.SEQUENCE, separator="|", candidate="film", max_length=20),
        ),
        "1",
        group="user",
    )
    kinds = {title: GENRES[genre] for title, genre in zip(titles, genres, strict=True)}
    return Planted(frame, schema, Truth((("film", "history"),), best_auc(probabilities), kinds), probabilities)


def best_auc(probabilities: np.ndarray) -> float:
    """The AUC that the true probabilities can be expected to reach on labels drawn from them.

    A pair of rows counts with the chance that the first is a click and the second is not; ties count half.
    """
    values, inverse = np.unique(probabilities, return_inverse=True)
    clicks = np.bincount(inverse, weights=probabilities, minlength=len(values))
    others = np.bincount(inverse, weights=1.0 - probabilities, minlength=len(values))
    below = np.cumsum(others) - others
    return float((clicks * (below + others / 2)).sum() / (clicks.sum() * others.sum()))


def _check_rows(rows: int) -> None:
    if not 100 <= rows <= 10_000_000:
        raise InputError("A planted sample has between 100 and 10 000 000 rows, not {rows}.", rows=rows)


def zipf(count: int, exponent: float) -> np.ndarray:
    """Shares of ``count`` values that fall with their rank to the power of ``exponent``: float64 (count,), sum 1."""
    weights = 1.0 / np.arange(1, count + 1) ** exponent
    return weights / weights.sum()


def scaled(values: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Values of weighted mean 0 and weighted mean square 1."""
    values = values - weights @ values
    return values / np.sqrt(weights @ values**2)


def pair_effect(
    generator: np.random.Generator,
    first: str,
    second: str,
    weights: dict[str, np.ndarray],
    codes: dict[str, np.ndarray],
    centred: dict[str, np.ndarray],
) -> np.ndarray:
    """The effect of one pair on each row, (n,), of mean square 1 under independent fields and without main effects."""
    if first in centred and second in centred:
        return centred[first] * centred[second]
    if first in centred or second in centred:
        number, category = (first, second) if first in centred else (second, first)
        slopes = scaled(generator.normal(size=len(weights[category])), weights[category])
        return centred[number] * slopes[codes[category]]
    p, q = weights[first], weights[second]
    left, right = generator.normal(size=(len(p), 2)), generator.normal(size=(len(q), 2))
    table = (left - p @ left) @ (right - q @ right).T
    table /= np.sqrt(p @ table**2 @ q)
    return table[codes[first], codes[second]]


def _normal_quantile(quantiles: np.ndarray) -> np.ndarray:
    return np.sqrt(2.0) * _inverse_error_function(2.0 * np.clip(quantiles, 1e-6, 1 - 1e-6) - 1.0)


def _inverse_error_function(x: np.ndarray) -> np.ndarray:
    """Winitzki's approximation, good to 0.002: enough for a price that looks like one."""
    a = 0.147
    logarithm = np.log1p(-(x**2))
    middle = 2.0 / (np.pi * a) + logarithm / 2.0
    return np.sign(x) * np.sqrt(np.sqrt(middle**2 - logarithm / a) - middle)


def _films(generator: np.random.Generator) -> tuple[list[str], np.ndarray]:
    """240 film titles, each with its genre in brackets, and the genres int (240,)."""
    names = [f"{start} {end}" for start in TITLE_STARTS for end in TITLE_ENDS]
    genres = generator.permutation(np.arange(len(names)) % len(GENRES))
    return [f"{name} ({GENRES[genre]})" for name, genre in zip(names, genres, strict=True)], genres


def _drawn_by_taste(
    generator: np.random.Generator, users: np.ndarray, tastes: np.ndarray, genres: np.ndarray
) -> np.ndarray:
    """For each entry of ``users`` a film: a genre by the user's taste, then any film of that genre."""
    cumulative = tastes.cumsum(axis=1)
    drawn = (generator.random(len(users))[:, None] > cumulative[users]).sum(axis=1).clip(max=len(GENRES) - 1)
    by_genre = np.stack([np.flatnonzero(genres == genre) for genre in range(len(GENRES))])
    return by_genre[drawn, generator.integers(by_genre.shape[1], size=len(users))]
