"""The frame around every page: configuration and navigation."""

from __future__ import annotations

import streamlit as st

from ctr_app.ui.home import PICTURES
from ctr_app.ui.navigation import PAGES, page_of

st.set_page_config(page_title="CTR Lens", page_icon=str(PICTURES / "icon.png"), layout="wide")

st.navigation([page_of(name) for name in PAGES], position="top").run()
