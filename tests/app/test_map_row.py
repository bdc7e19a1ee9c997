"""Several maps on one scale: what is said where one of them looks empty."""

from __future__ import annotations

import pandas as pd
import pytest

from ctr_app.ui.map_row import FAINT, too_faint


@pytest.mark.parametrize(("strength", "is_told"), [(0.99 * FAINT, True), (1.01 * FAINT, False), (1.0, False)])
def test_a_map_that_looks_empty_beside_the_others_is_told(strength: float, is_told: bool) -> None:
    frame = pd.DataFrame({"field_a": ["a", "a"], "field_b": ["b", "c"], "strength": [2.0 * strength, 0.0]})
    words = too_faint(frame, 2.0, "logits")
    assert words.startswith(f" Its strongest pair has {2.0 * strength:.3f} logits, too little" if is_told else "")
    assert bool(words) == is_told
