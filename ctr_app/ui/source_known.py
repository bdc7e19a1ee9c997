"""Data sets that are known by name."""

from __future__ import annotations

import streamlit as st

from ..data.catalogue import READY_MADE, SAMPLES
from . import parts, services
from .state import state
from .words import _


def draw() -> None:
    """One button per sample: it is made here, stored, and becomes the session's data set."""
    st.markdown(_("Samples, made here, whose interactions are known:"))
    with st.container(horizontal=True):
        for name in READY_MADE:
            sample = SAMPLES[name]
            if st.button(
                _(sample.title), key=f"data-sample-{name}", help=_(sample.description), icon=":material/science:"
            ):
                with parts.sentences(), st.spinner(_("Making the sample")):
                    state().dataset_id = services.datasets().add_sample(name).id
