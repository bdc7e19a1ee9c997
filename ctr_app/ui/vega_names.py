"""The one name that a drawn chart cannot hold, and what stands for it there.

Vega keeps the labels of axes and legends in plain JavaScript objects by name. Under ``__proto__`` it finds nothing
again, and the chart breaks as soon as its rows change.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

BREAKING = "__proto__"
HELD = BREAKING + "\u2060"  # ends in a word joiner, which takes no room


def held(part: Any) -> Any:
    """The same part of a Vega-Lite spec, a frame among them, with what stands for the name."""
    if isinstance(part, pd.DataFrame):
        return _held_frame(part)
    return _exchanged(part, BREAKING, HELD)


def meant(event: Any, selection: str) -> list[dict[str, Any]]:
    """What was pressed in a chart, a mapping for each mark of that selection, with the data's own names."""
    return _exchanged(list(event.selection.get(selection) or []), HELD, BREAKING)


def _held_frame(frame: pd.DataFrame) -> pd.DataFrame:
    texts = frame.select_dtypes(exclude=["number", "bool", "datetime"])
    broken = [name for name in texts if (texts[name] == BREAKING).any()]
    return frame.assign(**{str(name): frame[name].astype(object).replace(BREAKING, HELD) for name in broken})


def _exchanged(part: Any, old: str, new: str) -> Any:
    if isinstance(part, Mapping):
        return {key: _exchanged(inner, old, new) for key, inner in part.items()}
    if isinstance(part, list | tuple):
        return [_exchanged(inner, old, new) for inner in part]
    return new if isinstance(part, str) and part == old else part
