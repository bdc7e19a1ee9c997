"""Generate on the Data page: the form, its live sentence, the table it makes, and the truth that is hidden."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from ctr_app.data.store import DatasetStore
from ctr_app.data.synthetic import GENERATORS
from ctr_app.ui.arcs import MOST_FIELDS, shown_fields

from .conftest import OpenPage
from .reading import charts, is_well, words

PAIRS = "generate-planted-pairs"


@pytest.fixture
def form(open_page: OpenPage) -> AppTest:
    """The form on planted pairs of few rows."""
    app = open_page("data")
    app.segmented_control(key="data-source").set_value("generate").run()
    app.number_input(key=f"{PAIRS}-rows").set_value(1500).run()
    assert is_well(app)
    return app


def functions(form: AppTest, name: str) -> AppTest:
    """The form on one of the ten functions, with few rows."""
    form.segmented_control(key="generate-family").set_value("functions").run()
    form.segmented_control(key="generate-function").set_value(name).run()
    return form.number_input(key=f"generate-{name}-rows").set_value(1500).run()


def drawn_arcs(app: AppTest, number: int = 0) -> int:
    """How many marks the picture has beside the nodes and their names."""
    return len(app.get("vega_lite_chart")[number].proto.spec.split('"mark"')) - 3


def test_the_sentence_follows_the_settings(form: AppTest) -> None:
    assert "**12** fields, **4** interacting pairs, best reachable AUC **0.8" in words(form)
    form.number_input(key=f"{PAIRS}-num-pairs").set_value(2).run()
    form.slider(key=f"{PAIRS}-noise").set_value(0.2).run()
    assert is_well(form)
    assert "**12** fields, **2** interacting pairs, best reachable AUC **0.6" in words(form)


def test_what_is_generated_is_what_the_form_says(form: AppTest) -> None:
    form.number_input(key=f"{PAIRS}-seed").set_value(5).run()
    form.selectbox(key=f"{PAIRS}-layout").set_value("hub").run()
    form.slider(key=f"{PAIRS}-correlation").set_value(0.35).run()
    form.text_input(key=f"{PAIRS}-follows").set_value("c2<c1").run()
    form.button(key="generate-start").click().run()
    assert is_well(form)
    (dataset,) = DatasetStore().list()
    assert form.selectbox(key="data-stored").value == dataset.id
    generator = GENERATORS["planted-pairs"]
    asked = {"rows": 1500, "seed": 5, "layout": "hub", "correlation": 0.35, "follows": "c2<c1"}
    assert dataset.truth == generator.make(generator.with_values(asked)).truth.to_json()
    assert dataset.truth["correlated"] == [["c2", "c1"]]
    assert (dataset.folder / "encoded").is_dir()


def test_pressed_twice_it_is_stored_once(form: AppTest) -> None:
    for _press in range(2):
        form.button(key="generate-start").click().run()
    assert is_well(form)
    assert len(DatasetStore().list()) == 1


def test_pairs_can_be_chosen_by_name(form: AppTest) -> None:
    form.selectbox(key=f"{PAIRS}-layout").set_value("chosen").run()
    assert not form.exception
    assert "name at least one pair" in form.warning[0].value
    assert form.button(key="generate-start").disabled
    form.multiselect(key="generate-terms").set_value(["c1*c2", "c3*n1"]).run()
    assert is_well(form)
    assert "**2** interacting pairs" in words(form)
    form.button(key="generate-start").click().run()
    (dataset,) = DatasetStore().list()
    assert dataset.truth["sets"] == [["c1", "c2"], ["c3", "n1"]]


def test_settings_that_contradict_each_other_are_answered_with_a_sentence(form: AppTest) -> None:
    form.number_input(key=f"{PAIRS}-num-pairs").set_value(7).run()
    assert not form.exception
    assert [warning.value for warning in form.warning] == [
        "7 pairs in the layout disjoint need 14 fields; there are 12."
    ]
    assert form.button(key="generate-start").disabled
    form.button(key="generate-defaults").click().run()
    assert is_well(form)
    assert form.number_input(key=f"{PAIRS}-num-pairs").value == 4


def test_a_text_that_cannot_be_is_answered_with_a_sentence(form: AppTest) -> None:
    form.slider(key=f"{PAIRS}-correlation").set_value(0.5).run()
    form.text_input(key=f"{PAIRS}-follows").set_value("c2<x*y_z").run()
    assert not form.exception
    assert "There is no field x\\*y\\_z" in form.warning[0].value


@pytest.mark.parametrize(("variant", "label"), [("clicks", "click"), ("noise-free", "probability")])
def test_a_standard_function_is_shown_and_generated(form: AppTest, variant: str, label: str) -> None:
    app = functions(form, "f3")
    app.number_input(key="generate-f3-bins").set_value(6).run()
    app.selectbox(key="generate-f3-variant").set_value(variant).run()
    assert is_well(app)
    assert "**10** fields, **9** interacting pairs" in words(app)
    assert "x_4^2+x_5^2" in app.latex[0].value
    app.button(key="generate-start").click().run()
    assert is_well(app)
    (dataset,) = DatasetStore().list()
    assert dataset.preparation.schema.label == label
    assert dataset.id.startswith("f3-")


def test_an_odd_number_of_bins_is_answered_with_a_sentence(form: AppTest) -> None:
    app = functions(form, "f1")
    app.number_input(key="generate-f1-bins").set_value(5).run()
    assert not app.exception
    assert "an even number from 4 on, not 5" in app.warning[0].value


def test_a_secret_is_kept_until_it_is_revealed(form: AppTest) -> None:
    app = functions(form, "f2")
    assert drawn_arcs(app) == 1
    app.toggle(key="generate-secret").set_value(True).run()
    assert is_well(app)
    assert drawn_arcs(app) == 0
    assert not app.latex
    assert "**11** interacting pairs" in words(app)
    app.button(key="generate-start").click().run()
    assert is_well(app)
    assert app.toggle(key="data-reveal").value is False
    assert charts(app) == 1
    assert "Planted:" not in words(app)
    app.toggle(key="data-reveal").set_value(True).run()
    assert is_well(app)
    assert drawn_arcs(app, 1) == 1
    assert "Planted: x1 × x2 × x3, x2 × x7, x3 × x5, x7 × x8 × x9 × x10." in words(app)


def test_what_is_generated_in_secret_is_hidden_though_another_was_revealed(form: AppTest) -> None:
    form.button(key="generate-start").click().run()
    form.toggle(key="data-reveal").set_value(True).run()
    assert "logits" in words(form)
    form.toggle(key="generate-secret").set_value(True).run()
    form.number_input(key=f"{PAIRS}-seed").set_value(9).run()
    form.button(key="generate-start").click().run()
    assert is_well(form)
    assert form.toggle(key="data-reveal").value is False
    assert "by 0.75 logits" not in words(form)


def test_the_form_is_as_it_was_left(form: AppTest) -> None:
    functions(form, "f9").number_input(key="generate-f9-bins").set_value(8).run()
    form.switch_page("../../pages/runs.py").run()
    form.switch_page("../../pages/data.py").run()
    form.segmented_control(key="data-source").set_value("generate").run()
    assert is_well(form)
    assert form.segmented_control(key="generate-function").value == "f9"
    assert form.number_input(key="generate-f9-bins").value == 8


def test_the_truth_of_planted_histories_can_be_revealed_too(open_page: OpenPage) -> None:
    DatasetStore().add_sample("planted-histories")
    app = open_page("data")
    app.toggle(key="data-reveal").set_value(True).run()
    assert is_well(app)
    assert "Planted: film × history." in words(app)


def test_a_row_of_many_fields_shows_those_with_arcs() -> None:
    fields = [f"c{i}" for i in range(100)]
    shown = shown_fields(fields, [("c99", "c50")])
    assert len(shown) == MOST_FIELDS
    assert {"c50", "c99"} <= set(shown)
    assert shown == sorted(shown, key=fields.index)
    assert shown_fields(fields[:MOST_FIELDS], []) == fields[:MOST_FIELDS]
