"""The line on the Train page that says what a training will cost."""

from __future__ import annotations

import re
import time

import pytest
from streamlit.testing.v1 import AppTest

from ctr_app.data.store import DatasetStore
from ctr_app.models.registry import sketch
from ctr_app.training import memory
from ctr_app.training.launch import configs_for
from ctr_app.training.probe import EpochCost
from ctr_app.training.run_store import RunStore
from ctr_app.ui import parts, services

from .conftest import OpenPage
from .prepared import PretendProbe, queued_run
from .reading import is_well, words


@pytest.fixture
def train(open_page: OpenPage) -> AppTest:
    """The Train page where planted clicks are stored, once an epoch's time is known."""
    DatasetStore().add_sample("planted-clicks")
    return until_known(open_page("train"))


def until_known(app: AppTest) -> AppTest:
    """The page when nothing is being measured any more; a fragment does not look again by itself here."""
    give_up = time.monotonic() + 60
    while "Measuring" in cost(app):
        assert time.monotonic() < give_up
        time.sleep(0.01)
        app.run()
    return app


def cost(app: AppTest) -> str:
    """The line."""
    return next(caption.value for caption in app.caption if " parameters" in caption.value)


def test_the_line_says_parameters_memory_and_seconds(train: AppTest) -> None:
    (dataset,) = DatasetStore().list()
    drawn = sketch("fm", dataset.encoded().encoder.layout, configs_for("fm", {})[0])
    parameters = parts.count(sum(parameter.numel() for parameter in drawn.parameters()))
    assert cost(train).startswith(f"FM: {parameters} parameters, about ")
    assert "about 120 MB of memory." in cost(train)
    assert cost(train).endswith("About 2.1 s per epoch, at most 20 epochs (about 42 s).")
    assert is_well(train)


def test_its_help_says_what_memory_and_time_are_made_of(train: AppTest) -> None:
    shown = next(caption.help for caption in train.caption if " parameters" in caption.value)
    for part in ("vectors of values ", "layers ", "one step ", "one evaluation ", "rows ", "the rest "):
        assert re.search(rf"{part}[\d.]+ [kM]?B", shown), part
    assert "2 steps 2 s, evaluation 0.09 s, writing the weights 0.012 s" in shown


def test_it_follows_the_settings(train: AppTest, probe: PretendProbe) -> None:
    probe.epoch = EpochCost(100.0, 0.0, 0.0, memory=None)
    train.number_input(key="train-fm-embedding-dim").set_value(17).run()
    small = cost(until_known(train))
    train.number_input(key="train-fm-embedding-dim").set_value(500)
    train.number_input(key="train-fm-epochs").set_value(3).run()
    large = cost(until_known(train))
    assert memory_in(large) > memory_in(small)
    assert large.endswith("About 2 min per epoch, at most 3 epochs (about 5 min).")


def memory_in(line: str) -> float:
    """Megabytes in the line."""
    found = re.search(r"about ([\d.]+) MB", line)
    assert found
    return float(found[1])


def test_settings_that_cost_nothing_are_not_measured_again(train: AppTest, probe: PretendProbe) -> None:
    train.number_input(key="train-fm-seed").set_value(7).run()
    train.number_input(key="train-fm-epochs").set_value(2).run()
    assert "at most 2 epochs (about 4.2 s)" in cost(train)
    assert len(probe.asked) == 1


def test_nobody_waits_for_what_is_being_measured(open_page: OpenPage, probe: PretendProbe) -> None:
    DatasetStore().add_sample("planted-clicks")
    probe.may_answer.clear()
    app = open_page("train")
    assert cost(app).endswith("Measuring how long an epoch takes; at most 20 epochs.")
    assert 5 < memory_in(cost(app)) < 100
    assert not app.button(key="train-start").disabled
    probe.may_answer.set()
    assert cost(until_known(app)).endswith("(about 42 s).")


def test_what_could_not_be_measured_is_said(open_page: OpenPage, probe: PretendProbe) -> None:
    DatasetStore().add_sample("planted-clicks")
    probe.epoch = None
    app = until_known(open_page("train"))
    assert cost(app).endswith("How long an epoch takes could not be measured; at most 20 epochs.")
    assert is_well(app)


def test_another_run_that_trains_is_told_of(train: AppTest, probe: PretendProbe) -> None:
    (dataset,) = DatasetStore().list()
    run = queued_run(RunStore(), dataset, epochs=10_000, patience=1000)
    services.jobs().submit(run)
    train.run()
    assert cost(until_known(train)).endswith("Another run is training now.")
    run.ask_to_stop()
    services.jobs().join()
    train.run()
    assert "Another run" not in cost(until_known(train))
    assert [request.is_busy for request in probe.asked] == [False, True]


def test_what_cannot_fit_is_refused_before_it_is_pressed(train: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    free = [5_000_000]
    monkeypatch.setattr(memory, "free_memory", lambda _device: free[0])
    train.run()
    (warning,) = train.warning
    assert re.search(r"needs about [\d.]+ MB of memory and 5\.00 MB is free; choose", warning.value)
    assert train.button(key="train-start").disabled
    assert " parameters" not in words(train)
    free[0] = 10**12
    train.run()
    assert is_well(train)
    assert not train.button(key="train-start").disabled


def test_memory_that_is_gone_when_it_is_pressed_is_a_sentence(train: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    free = [5_000_000, 10**12]  # enough when the page is drawn, not when the run is made
    monkeypatch.setattr(memory, "free_memory", lambda _device: free.pop())
    train.button(key="train-start").click().run()
    (error,) = train.error
    assert "5.00 MB is free; choose" in error.value
    assert RunStore().list() == []
