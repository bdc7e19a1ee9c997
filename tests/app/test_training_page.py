"""The Train page: what is chosen, which settings there are, and why a model cannot be trained."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from ctr_app.data.settings import Setting
from ctr_app.data.store import DatasetStore
from ctr_app.models.registry import FAMILIES
from ctr_app.training.config import TrainingConfig
from ctr_app.training.jobs import JobQueue
from ctr_app.training.run_store import RunStore
from ctr_app.ui import services, tours
from ctr_app.ui.forms import ONLY_WHEN, label_of

from .conftest import OpenPage
from .reading import is_well, words


def settings_of(family: str) -> tuple[Setting, ...]:
    """All settings of a family and its training, those left out that only matter under another choice."""
    described = FAMILIES[family].config.settings() + TrainingConfig.settings()
    return tuple(setting for setting in described if setting.name not in ONLY_WHEN)


def key_of(family: str, setting: Setting) -> str:
    return f"train-{family}-{setting.name.replace('_', '-')}"


def choose(app: AppTest, family: str) -> AppTest:
    """Press a family's name."""
    app.get_by_key("train-family").set_value(family)
    return app.run()


@pytest.fixture
def train(open_page: OpenPage) -> AppTest:
    """The Train page where planted clicks are stored."""
    DatasetStore().add_sample("planted-clicks")
    return open_page("train")


@pytest.mark.parametrize("family", FAMILIES)
def test_every_setting_is_shown_with_its_default_and_its_range(train: AppTest, family: str) -> None:
    choose(train, family)
    suited = FAMILIES[family].training
    for setting in settings_of(family):
        widget = train.get_by_key(key_of(family, setting))
        assert widget.label == label_of(setting)
        default = suited.get(setting.name, setting.default)
        if setting.kind == "int":
            assert (widget.value, widget.min, widget.max) == (default, setting.minimum, setting.maximum)
        elif setting.kind == "choice":
            assert widget.value == default
            assert len(widget.options) == len(setting.choices)
        else:
            assert setting.parse(widget.value) == default
            assert f"{setting.minimum:g}" in widget.help
            assert f"{setting.maximum:g}" in widget.help
        assert setting.help in widget.help
        assert "Default: " in widget.help


@pytest.mark.parametrize("family", FAMILIES)
def test_a_default_that_suits_the_family_is_the_one_that_is_named(train: AppTest, family: str) -> None:
    choose(train, family)
    shown = train.text_input(key=f"train-{family}-learning-rate")
    assert f"Default: {shown.value}." in shown.help


def test_one_data_set_after_another_can_be_chosen(open_page: OpenPage) -> None:
    datasets = [DatasetStore().add_sample(name) for name in ("planted-clicks", "planted-histories")]
    app = open_page("train")
    for dataset in (*datasets, *datasets):
        app.selectbox(key="train-dataset").set_value(dataset.id).run()
        assert is_well(app)
        assert app.selectbox(key="train-dataset").value == dataset.id
        assert ("history" in words(app)) == (dataset.name == "Planted histories")


def test_settings_of_experts_appear_only_with_experts(train: AppTest) -> None:
    choose(train, "dcn")
    assert not [widget for widget in train.number_input if widget.key == "train-dcn-rank"]
    train.selectbox(key="train-dcn-cross").set_value("mix").run()
    assert is_well(train)
    assert train.number_input(key="train-dcn-rank").value == 32
    assert "DCN-Mix: " in words(train)


@pytest.mark.parametrize("bad", ["many", "0", "64,99999", "-3", "64;32", "1.5"])
def test_a_bad_text_for_sizes_is_a_sentence_and_training_is_still_possible(train: AppTest, bad: str) -> None:
    choose(train, "dcn")
    train.text_input(key="train-dcn-mlp-sizes").set_value(bad).run()
    assert not train.exception
    assert len(train.error) == 1
    assert "MLP" in train.error[0].value or "mlp\\_sizes" in train.error[0].value
    assert not train.button(key="train-start").disabled
    train.button(key="train-start").click().run()
    (run,) = RunStore().list()
    assert run.spec().model["mlp_sizes"] == [128, 64]


def test_settings_are_kept_between_pages_and_go_back_to_their_defaults_on_request(train: AppTest) -> None:
    train.number_input(key="train-fm-embedding-dim").set_value(5).run()
    train.text_input(key="train-fm-learning-rate").set_value("0.02").run()
    train.switch_page("../../pages/runs.py").run()
    train.switch_page("../../pages/train.py").run()
    assert train.number_input(key="train-fm-embedding-dim").value == 5
    train.button(key="train-defaults").click().run()
    assert train.number_input(key="train-fm-embedding-dim").value == 16
    assert train.text_input(key="train-fm-learning-rate").value == f"{FAMILIES['fm'].training['learning_rate']:g}"


def test_what_was_set_is_what_is_trained(train: AppTest) -> None:
    train.number_input(key="train-fm-embedding-dim").set_value(3).run()
    train.number_input(key="train-fm-epochs").set_value(1).run()
    assert "at most 1 epochs" in words(train)
    train.button(key="train-start").click().run()
    services.jobs().join()
    train.run()
    (run,) = RunStore().list()
    assert (run.spec().model["embedding_dim"], run.spec().training["epochs"]) == (3, 1)
    assert "See what it learned" in [button.label for button in train.button]
    assert is_well(train)


def test_din_on_data_without_a_history_says_so_and_cannot_be_pressed(train: AppTest) -> None:
    choose(train, "din")
    assert not train.exception
    assert len(train.warning) == 1
    assert "no history" in train.warning[0].value
    assert train.button(key="train-start").disabled
    choose(train, "fm")
    assert is_well(train)
    assert not train.button(key="train-start").disabled


def test_a_new_session_is_told_of_a_training_and_can_begin_its_own(open_page: OpenPage) -> None:
    first = open_page()
    first.button(key="home-tour-dcn").click().run()
    second = open_page("train")
    if RunStore().list()[0].status().is_live:
        assert "Now training: DCN\\-V2" in words(second)
    assert not second.button(key="train-start").disabled


def test_another_training_can_begin_after_one_has_ended(train: AppTest) -> None:
    train.number_input(key="train-fm-epochs").set_value(1).run()
    train.button(key="train-start").click().run()
    services.jobs().join()
    train.run()
    train.button(key="train-another").click().run()
    assert train.title[0].value == "Train a model"
    assert train.number_input(key="train-fm-epochs").value == 1
    assert "run" not in train.query_params


@pytest.fixture
def waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs that are submitted wait for ever."""
    monkeypatch.setattr(JobQueue, "submit", lambda *_: None)


@pytest.mark.usefixtures("waiting")
def test_a_second_press_in_the_same_moment_begins_no_second_run(
    open_page: OpenPage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tours, "DOUBLE_PRESS_SECONDS", 3600.0)
    home = open_page()
    home.button(key="home-tour-fm").click().run()
    home.switch_page("../../pages/home.py").run()
    home.button(key="home-tour-fm").click().run()
    (run,) = RunStore().list()
    assert run.id in home.query_params["run"]
    home.switch_page("../../pages/home.py").run()
    home.button(key="home-tour-dcn").click().run()
    assert len(RunStore().list()) == 2


@pytest.mark.usefixtures("waiting")
def test_the_same_can_be_trained_once_more_later(open_page: OpenPage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tours, "DOUBLE_PRESS_SECONDS", 0.0)
    home = open_page()
    for number in (1, 2):
        home.button(key="home-tour-fm").click().run()
        assert len(RunStore().list()) == number
        home.switch_page("../../pages/home.py").run()
