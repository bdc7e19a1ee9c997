"""Data: bring a table, say what its columns are."""

from __future__ import annotations

from ctr_app.ui import data

data.draw()
