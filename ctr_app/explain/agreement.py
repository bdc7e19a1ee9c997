"""How far the maps of a run agree, where they do not, and what to make of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from ..data.errors import join_names
from ..data.sentences import Sentence, say
from .pairs import LEAST_STRENGTH

TRUSTED = 0.5
# Weaker pairs of a map than this part of its strongest count as equally weak.
NOISE_PART = 0.2
# A pair stands out in a map if it is among so large a part of its pairs, and has so much of the strongest's strength.
STRONGEST_PART, STRENGTH_PART = 0.1, 1 / 3
FEWEST = 3
NAMED = 3
# What a map is held against. Weights may miss what the rest of a model does, so both others judge them; behaviour is
# all that a model does, and counts know no model, so these two judge each other.
JUDGES = {"weights": ("behaviour", "counts"), "behaviour": ("counts",), "counts": ("behaviour",)}

Maps = Mapping[str, pd.DataFrame]
Pair = tuple[str, str]


@dataclass(frozen=True)
class Agreement:
    """How far one map, ``readout``, agrees with those that it is held against.

    ``with_others`` holds the rank correlation with each of them (``rank_correlation``), None where one ranks nothing.
    ``shared`` are the pairs that stand out in all of them, strongest first.
    """

    readout: str
    with_others: dict[str, float | None]
    shared: list[Pair]

    @property
    def spearman(self) -> float | None:
        """The lowest of them, since each alone can refute the map; None if there is none."""
        return min((value for value in self.with_others.values() if value is not None), default=None)

    @property
    def is_trusted(self) -> bool:
        """Whether the map may be believed; also where there is nothing to compare it with."""
        return self.spearman is None or self.spearman >= TRUSTED


def agreement(readout: str, maps: Maps) -> Agreement:
    """How far the map ``readout`` agrees with others of the same pairs, each a frame (field_a, field_b, strength)."""
    others = {name: maps[name] for name in JUDGES[readout] if name in maps}
    outstanding = [set(standing_out(frame)) for frame in others.values()]
    shared = [pair for pair in standing_out(maps[readout]) if all(pair in found for found in outstanding)]
    return Agreement(readout, {name: rank_correlation(maps[readout], frame) for name, frame in others.items()}, shared)


def verdict(found: Agreement) -> Sentence:
    """What to make of it, in a sentence."""
    if found.spearman is None:
        return say("This map or the others tell no pairs apart, so there is nothing to compare.")
    told: dict[str, object] = {"spearman": f"{_rounded_down(found.spearman):.2f}", "pairs": _named(found.shared)}
    return _of_two(found, told) if len(found.with_others) == 1 else _of_all(found, told)


def _of_all(found: Agreement, told: Mapping[str, object]) -> Sentence:
    """The verdict where every map of the run was asked."""
    if found.is_trusted and found.shared:
        return say("The maps agree (Spearman {spearman}); all of them show {pairs}.", **told)
    if found.is_trusted:
        return say("The maps agree on the whole (Spearman {spearman}), but not on the strongest pairs.", **told)
    if found.shared:
        return say(
            "Do not trust this picture yet: the maps disagree (Spearman {spearman}). All of them show only {pairs}.",
            **told,
        )
    return say("Do not trust this picture yet: the maps disagree (Spearman {spearman}), on the strongest too.", **told)


def _of_two(found: Agreement, told: Mapping[str, object]) -> Sentence:
    """The verdict where behaviour and counts judged each other, whatever a map by weights shows beside them."""
    if found.is_trusted and found.shared:
        return say("Behaviour and counts agree (Spearman {spearman}); both show {pairs}.", **told)
    if found.is_trusted:
        return say(
            "Behaviour and counts agree on the whole (Spearman {spearman}), but not on the strongest pairs.", **told
        )
    if found.shared:
        return say(
            "Do not trust this picture yet: behaviour and counts disagree (Spearman {spearman}). "
            "Both of them show only {pairs}.",
            **told,
        )
    return say(
        "Do not trust this picture yet: behaviour and counts disagree (Spearman {spearman}), on the strongest too.",
        **told,
    )


def rank_correlation(first: pd.DataFrame, second: pd.DataFrame, level: float = NOISE_PART) -> float | None:
    """Spearman's rank correlation of two maps over the same pairs, ties sharing their ranks.

    Strengths below ``level`` of a map's strongest count as equal: noise has an order too, but none to agree on, and
    most pairs of most tables are noise. None for fewer than three pairs, and where a map makes all pairs equal or
    nothing (``LEAST_STRENGTH``).
    """
    a, b = _ranks(first, level), _ranks(second, level)
    b = b.reindex(a.index)
    if len(a) < FEWEST or a.nunique() == 1 or b.nunique() == 1:
        return None
    return float(np.corrcoef(a, b)[0, 1])


def correlations(maps: Maps) -> pd.DataFrame:
    """Columns first, second, spearman, of_all: of every two maps; the last with the order of all weak pairs in it."""
    found = [
        (a, b, rank_correlation(maps[a], maps[b]), rank_correlation(maps[a], maps[b], 0.0))
        for a, b in combinations(maps, 2)
    ]
    return pd.DataFrame(found, columns=["first", "second", "spearman", "of_all"])


def standing_out(frame: pd.DataFrame) -> list[Pair]:
    """The pairs, strongest first, that are among the strongest tenth (at least three) and have a third of the top."""
    strengths = _strengths(frame)
    strongest = strengths.head(max(FEWEST, math.ceil(STRONGEST_PART * len(strengths))))
    return list(strongest[(strongest >= LEAST_STRENGTH) & (strongest >= STRENGTH_PART * strengths.max())].index)


def disagreements(maps: Maps) -> pd.DataFrame:
    """Columns field_a, field_b, seen, missed: pairs that stand out in one map and are in the weaker half of another.

    ``seen`` and ``missed`` name these maps; one in which all is nothing has no halves. Were ranks drawn by lot, every
    second pair that stands out in a map would be in the weaker half of another; where maps agree hardly one is.
    """
    strengths = {name: _strengths(frame) for name, frame in maps.items()}
    ranks = {name: found.rank(pct=True).to_dict() for name, found in strengths.items() if _is_something(found)}
    seen: dict[Pair, list[str]] = {}
    for name, frame in maps.items():
        for pair in standing_out(frame):
            seen.setdefault(pair, []).append(name)
    lines = [
        (*pair, ", ".join(names), ", ".join(missed))
        for pair, names in seen.items()
        if (missed := [other for other, rank in ranks.items() if rank[pair] <= 0.5])
    ]
    return pd.DataFrame(lines, columns=["field_a", "field_b", "seen", "missed"])


def _strengths(frame: pd.DataFrame) -> pd.Series:
    """Strengths by pair, strongest first."""
    index = pd.Index(list(zip(frame["field_a"], frame["field_b"], strict=True)), tupleize_cols=False)
    strengths = pd.Series(frame["strength"].to_numpy(dtype=float), index=index)
    return strengths.sort_values(ascending=False, kind="stable")


def _ranks(frame: pd.DataFrame, level: float) -> pd.Series:
    """Rank of each pair, 1 for the weakest; those below ``level`` of the strongest share theirs."""
    strengths = _strengths(frame)
    return strengths.where(strengths >= max(LEAST_STRENGTH, level * strengths.max()), 0.0).rank()


def _is_something(strengths: pd.Series) -> bool:
    return bool(strengths.max() >= LEAST_STRENGTH)


def _rounded_down(number: float) -> float:
    """To two decimals, so that what is below the line of trust does not read as if it were on it."""
    return math.floor(100 * number + 1e-9) / 100


def _named(pairs: list[Pair]) -> str:
    return join_names([f"{a} × {b}" for a, b in pairs], NAMED)
