"""Work in the background of a page: waited for, stopped, and failing."""

from __future__ import annotations

import threading

import pytest
from streamlit.testing.v1 import AppTest

from ctr_app.data.errors import InputError
from ctr_app.ui import tasks

from .reading import words

PAGE = f"""
import streamlit as st
from ctr_app.ui import parts, tasks
from {__name__} import WORK
with parts.sentences():
    found = tasks.result_of(("work",), "work", "Counting", WORK[0])
    st.write("nothing yet" if found is None else f"counted to {{found}}")
"""
WORK: list[tasks.Work] = []


def shown(work: tasks.Work) -> AppTest:
    WORK[:] = [work]
    return AppTest.from_string(PAGE, default_timeout=60).run()


def test_what_is_done_soon_is_simply_there() -> None:
    assert "counted to 7" in words(shown(lambda on_progress: 7 if on_progress(1, 1) else 0))


def test_long_work_shows_how_far_it_is_and_can_be_stopped_and_begun_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tasks, "PATIENCE_SECONDS", 0.0)
    may_go_on = threading.Event()

    def count(on_progress: tasks.OnProgress) -> int:
        for number in range(1, 4):
            if not on_progress(number, 4):
                return number
            may_go_on.wait(60)
        return 4

    app = shown(count)
    assert "nothing yet" in words(app)
    app.button(key="work-stop").click().run()
    monkeypatch.setattr(tasks, "PATIENCE_SECONDS", 60.0)
    may_go_on.set()
    app.run()
    assert "counted to 2" in words(app)
    assert "what was done by then counts" in words(app)
    app.button(key="work-again").click().run()
    assert "counted to 4" in words(app)


def test_what_goes_wrong_is_told_and_can_be_tried_again() -> None:
    def fail(_on_progress: tasks.OnProgress) -> None:
        raise InputError("There is no moon.")

    app = shown(fail)
    assert "There is no moon." in app.error[0].value
    WORK[:] = [lambda _on_progress: 3]
    assert "counted to 3" in words(app.run())
