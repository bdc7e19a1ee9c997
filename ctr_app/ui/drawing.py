"""Charts that are built once and drawn again and again: a Vega-Lite spec, and the frames whose rows it shows."""

from __future__ import annotations

import functools
import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ParamSpec

import altair
import pandas as pd
import streamlit as st
from streamlit.dataframe_util import convert_pandas_df_to_arrow_bytes

from . import saving, vega_names

P = ParamSpec("P")
MOST_KEPT = 256

altair.theme.enable("none")  # no sizes by default: those are the page's
altair.data_transformers.disable_max_rows()


@dataclass(frozen=True)
class Drawing:
    """A chart as the browser gets it. Shared between sessions, so never changed. ``name`` is that of its builder."""

    spec: Mapping[str, Any]
    frames: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    name: str = "chart"

    def filled(self, **frames: pd.DataFrame) -> Drawing:
        """The same chart with the rows of its named data."""
        return replace(self, frames={**self.frames, **frames})

    def entitled(self, title: dict[str, str]) -> Drawing:
        """The same chart under another title."""
        return replace(self, spec={**self.spec, "title": title})

    def ordered(self, channel: str, values: list[str]) -> Drawing:
        """The same chart with the values of a channel in this order; a browser that gets rows alone keeps the old."""
        encoding = self.spec["encoding"]
        ordered = {**encoding, channel: {**encoding[channel], "sort": values}}
        return replace(self, spec={**self.spec, "encoding": ordered})

    def draw(self, alt: str, **options: Any) -> Any:
        """Put it on the page, described by ``alt``, with a menu to save it.

        ``options`` and what is returned are st.vega_lite_chart's.
        """
        with st.container(gap="xsmall"):
            event = st.vega_lite_chart({**vega_names.held(self.spec), "datasets": self._rows}, alt=alt, **options)
            saving.menu(self.spec, self.frames, _file_name(alt), options.get("key") or self._key(), is_dark())
        return event

    @functools.cached_property
    def _rows(self) -> dict[str, bytes]:
        """The frames as they are sent, in Arrow's format: made once for a drawing that is kept."""
        return {name: convert_pandas_df_to_arrow_bytes(vega_names.held(f)) for name, f in self.frames.items()}

    def _key(self) -> str:
        """The same for one picture while its rows change: who built it, and its title."""
        title = repr(self.spec.get("title")).encode()
        return f"{self.name}-{hashlib.sha256(title).hexdigest()[:8]}"


def kept(build: Callable[P, Any]) -> Callable[P, Drawing]:
    """Make a builder of Altair charts give drawings, built once for the same arguments on the same background.

    Building and checking a chart in Altair takes tens of milliseconds, which each rerun of a page would pay.
    """

    @functools.wraps(build)
    def kept_build(*args: P.args, **kwargs: P.kwargs) -> Drawing:
        return _drawing((f"{build.__module__}.{build.__qualname__}", is_dark(), args, kwargs), build)

    return kept_build


def is_dark() -> bool:
    """Whether this session shows the dark theme."""
    return st.context.theme.type == "dark"


@st.cache_resource(max_entries=MOST_KEPT, show_spinner=False)
def _drawing(key: tuple[str, bool, tuple[Any, ...], dict[str, Any]], _build: Callable[..., Any]) -> Drawing:
    """The drawing for a builder's name, whether the background is dark, and the builder's arguments."""
    _name, _is_dark, args, kwargs = key
    spec = _build(*args, **kwargs).to_dict()
    frames = {name: pd.DataFrame(rows) for name, rows in spec.pop("datasets", {}).items()}
    return Drawing(spec, frames, _name.rpartition(".")[2].strip("_").replace("_", "-"))


def _file_name(words: str) -> str:
    """A name for a file made of what a chart says."""
    return re.sub(r"\W+", "-", words).strip("-").lower()[:80] or "chart"
