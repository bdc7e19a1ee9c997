"""Train: choose, press, watch."""

from __future__ import annotations

from ctr_app.ui import train

train.draw()
