"""Interactions: which pairs of fields matter together."""

from __future__ import annotations

from ctr_app.ui import interactions

interactions.draw()
