"""Evaluate: how good the predictions are, on any rows, and where they are off."""

from __future__ import annotations

from ctr_app.ui import evaluate

evaluate.draw()
