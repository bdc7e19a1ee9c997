"""The server: ``streamlit run app.py`` serves ctr_app/ui/main.py and keeps the training workers alive beside it."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import streamlit as st

# Threads that wait for each other sleep instead of spinning; torch reads it when it is loaded.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from ctr_app.ui import services


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[None]:
    """Start the workers and warm up in the background; on the way out, let no run be cut off without a word."""
    warming = asyncio.create_task(asyncio.to_thread(services.start))
    yield
    await asyncio.wait([warming], timeout=30)
    await asyncio.to_thread(services.stop)


app = st.App("ctr_app/ui/main.py", lifespan=lifespan)
