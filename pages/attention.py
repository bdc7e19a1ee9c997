"""Attention: which past clicks explain this one."""

from __future__ import annotations

from ctr_app.ui import attention

attention.draw()
