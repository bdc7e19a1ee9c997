"""The frame around every page: configuration and navigation."""

from __future__ import annotations

import streamlit as st

from ctr_app.ui.navigation import page_of
from ctr_app.ui.words import _

st.set_page_config(page_title="CTR Lens", page_icon=":material/lens_blur:", layout="wide")

st.navigation(
    {
        "": [page_of("home")],
        _("Work"): [page_of(name) for name in ("data", "train", "runs")],
        _("Look inside"): [page_of(name) for name in ("interactions", "attention")],
    }
).run()
