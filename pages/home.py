"""Home: one sentence, three cards, the latest runs."""

from __future__ import annotations

from ctr_app.ui import home

home.draw()
