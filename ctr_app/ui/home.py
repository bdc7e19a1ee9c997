"""What the Home page draws."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from ..models.registry import FAMILIES
from . import parts
from .navigation import go_to, link_to
from .runs_table import runs_table
from .tours import TOURS, start_tour
from .words import _

PICTURES = Path(__file__).with_name("pictures")
ANSWERS = {
    "fm": "A map of field pairs: the stronger the colour, the more two fields matter together.",
    "dcn": "The cross matrix W: which fields it multiplies with which, layer by layer.",
    "din": "One user's history: how much attention each past film gets for a new one.",
}


def draw() -> None:
    """The whole page."""
    st.title(_("See what a click model learns"))
    st.markdown(_("Train FM, DCN or DIN on a table of clicks, watch it learn, and look at how fields interact."))
    for name, column in zip(TOURS, st.columns(3), strict=True):
        with column:
            _card(name)
    st.subheader(_("Recent runs"))
    runs_table(limit=5)
    with st.container(horizontal=True, vertical_alignment="center"):
        link_to("data", _("Bring your own table"), icon=":material/upload_file:")
        link_to("runs", _("All runs"))


def _card(name: str) -> None:
    tour, family = TOURS[name], FAMILIES[TOURS[name].family]
    with st.container(border=True, height="stretch", vertical_alignment="distribute"):
        st.image(PICTURES / f"{name}.svg", width=230, alt=_(ANSWERS[name]))
        st.subheader(family.title if name != "dcn" else "DCN-V2")
        st.markdown(f"**{_(family.question)}**  \n{_(ANSWERS[name])}")
        if st.button(_(tour.title), key=f"home-tour-{name}", icon=":material/play_arrow:", width="stretch"):
            with st.spinner(_("Loading the sample")), parts.sentences():
                run = start_tour(name)
                go_to("train", run)
