"""Settings of the generators, drawn at random among all that are valid."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from ctr_app.data.synthetic.function_tables import CLICKS, NOISE_FREE, FunctionSettings
from ctr_app.data.synthetic.pair_settings import CHOSEN, DISJOINT, HUB, PairSettings

SEEDS = st.integers(0, 2**31 - 1)


@st.composite
def pair_settings(draw: st.DrawFn, **fixed: Any) -> PairSettings:
    """Tables of 2 to 10 fields."""
    categorical = draw(st.integers(0, 6))
    numeric = draw(st.integers(max(0, 2 - categorical), 4))
    names = [f"c{i + 1}" for i in range(categorical)] + [f"n{i + 1}" for i in range(numeric)]
    layout = draw(st.sampled_from((DISJOINT, HUB, CHOSEN)))
    planted: dict[str, Any] = {"layout": layout}
    if layout == CHOSEN:
        term = st.lists(st.sampled_from(names), min_size=2, max_size=3, unique=True)
        terms = draw(st.lists(term, min_size=1, max_size=4, unique_by=frozenset))
        planted["terms"] = ", ".join("*".join(names) for names in terms)
    else:
        most = len(names) // 2 if layout == DISJOINT else len(names) - 1
        planted["num_pairs"] = draw(st.integers(0, most))
        planted["num_triples"] = draw(st.integers(0, len(names) // 3))
    values = {
        "rows": draw(st.integers(100, 400)),
        "seed": draw(SEEDS),
        "num_categorical_fields": categorical,
        "num_numeric_fields": numeric,
        "vocabulary_size": draw(st.integers(2, 30)),
        "zipf_exponent": draw(st.floats(0.0, 2.0)),
        "pair_strength": draw(st.floats(0.05, 5.0)),
        "triple_strength": draw(st.floats(0.05, 5.0)),
        "main_strength": draw(st.floats(0.1, 2.0)),
        "click_rate": draw(st.floats(0.01, 0.99)),
        "noise": draw(st.floats(0.0, 0.4)),
        "correlation": draw(st.just(0.0) | st.floats(0.05, 0.9)),
        "follows": f"{names[-1]}<{names[0]}" if draw(st.booleans()) else "",
    }
    return PairSettings(**(values | planted | fixed))


@st.composite
def function_settings(draw: st.DrawFn) -> FunctionSettings:
    """Numbers and bins, clicks and probabilities."""
    return FunctionSettings(
        rows=draw(st.integers(100, 400)),
        seed=draw(SEEDS),
        bins=draw(st.just(0) | st.integers(2, 100).map(lambda half: 2 * half)),
        variant=draw(st.sampled_from((CLICKS, NOISE_FREE))),
        scale=draw(st.floats(0.1, 10.0)),
    )
