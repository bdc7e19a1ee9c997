"""Predictions: one row, one number, and what it is made of."""

from __future__ import annotations

from ctr_app.ui import predictions

predictions.draw()
