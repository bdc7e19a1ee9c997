"""Work of some seconds in a thread of its own, so that a page can show how far it is, and stop it."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import streamlit as st

from .words import _

OnProgress = Callable[[int, int], bool]
Work = Callable[[OnProgress], Any]

PATIENCE_SECONDS = 0.5
REFRESH_SECONDS = 0.5
_SEATS = threading.BoundedSemaphore(2)  # so many tasks compute at the same time, the others wait


class Task:
    """Work that has begun. Shared between sessions: all that ask for the same wait for the one."""

    def __init__(self, work: Work) -> None:
        self.share = 0.0
        self.is_cut_short = False
        self._wants_stop = False
        self.result: Any = None
        self.error: Exception | None = None
        self._thread = threading.Thread(target=self._do, args=(work,), daemon=True)
        self._thread.start()

    @property
    def is_live(self) -> bool:
        """Whether it goes on."""
        return self._thread.is_alive()

    def wait(self, seconds: float) -> None:
        """Until it has ended, at most so long."""
        self._thread.join(seconds)

    def stop(self) -> None:
        """Let it end after this step; what is done counts."""
        self._wants_stop = True

    def _do(self, work: Work) -> None:
        with _SEATS:
            try:
                self.result = work(self._go_on)
            except Exception as error:  # told to whoever asks for the result
                self.error = error

    def _go_on(self, done: int, total: int) -> bool:
        self.share = done / total
        self.is_cut_short = self._wants_stop and done < total
        return not self.is_cut_short


def result_of(key: tuple[Any, ...], name: str, words: str, work: Work) -> Any:
    """What ``work`` came to, begun once for each ``key``; None while it goes on, with a bar, ``words`` and Stop.

    ``name`` is part of the widgets' keys. What was stopped can be begun again. Raises what the work raised.
    """
    task = _task(key, work)
    task.wait(PATIENCE_SECONDS)
    if task.is_live:
        st.fragment(_progress, run_every=REFRESH_SECONDS)(task, name, words)
        return None
    if task.error is not None:
        _task.clear(key, work)
        raise task.error
    if task.is_cut_short:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(_("Stopped before its end: what was done by then counts."))
            st.button(
                _("Do it whole"), key=f"{name}-again", icon=":material/replay:", on_click=_task.clear, args=(key, work)
            )
    return task.result


@st.cache_resource(max_entries=64, show_spinner=False)
def _task(key: tuple[Any, ...], _work: Work) -> Task:  # noqa: ARG001
    return Task(_work)


def _progress(task: Task, name: str, words: str) -> None:
    """How far it is, and Stop; draws the page anew once it has ended."""
    if not task.is_live:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.progress(min(1.0, task.share), text=words)
        is_pressed = st.button(_("Stop"), key=f"{name}-stop", icon=":material/stop:")
    if is_pressed:
        task.stop()
