"""What a model knew before its first step, in words: its vectors may begin with what pairs of fields hold."""

from __future__ import annotations

import streamlit as st

from ..data.batch import FieldLayout
from ..data.settings import Config
from ..models.dcn import DCNConfig
from ..models.first_vectors import PAIRS
from ..models.fm import FMConfig
from ..models.numbers import reading
from ..training.pair_directions import MOST_VALUES
from ..training.run_store import Run
from . import services
from .words import _


@st.cache_resource(max_entries=256, show_spinner=False)
def began_with_pairs(run_id: str) -> bool:
    """Whether the vectors of a run's values began with what pairs of fields hold in its training rows."""
    run = services.runs().get(run_id)
    return begins_with_pairs(run.spec().model_config, run.encoder().layout)


def begins_with_pairs(config: Config, layout: FieldLayout) -> bool:
    """Whether a model of these settings begins so, if any pair of fields goes beyond main effects."""
    if isinstance(config, FMConfig):
        reads_vectors = bool(layout.numeric) and reading(config.numeric_embedding, layout) == "vector"
        return config.first_vectors == PAIRS and not reads_vectors
    return isinstance(config, DCNConfig) and config.first_vectors == PAIRS and _are_short(layout)


def before_training(run: Run) -> str:
    """What the map of epoch 0 is made of."""
    if not began_with_pairs(run.id):
        return _("all weights are chance")
    if run.spec().family == "fm":
        return _("vectors hold what pairs of fields show in the training rows; no step has been made yet")
    return _("vectors hold what pairs of fields show in the training rows; all other weights are chance")


def _are_short(layout: FieldLayout) -> bool:
    """Whether all values of each field have first vectors; where some have none, a DCN takes none."""
    sizes = [layout.vocabulary_sizes[name] - 1 for name in layout.categorical]  # PADDING is in no row
    return bool(sizes) and max(sizes) <= MOST_VALUES
