"""Runs: every run, side by side."""

from __future__ import annotations

from ctr_app.ui import runs

runs.draw()
