"""The Predictions page: every model, every method, edits, the fewest edits, curves."""

from __future__ import annotations

import pytest

from ctr_app.training.run_store import Run
from ctr_app.ui import row_words, what_if

from .conftest import OpenPage
from .reading import charts, is_well, words


@pytest.mark.parametrize("model", ["FM", "DCN-V2", "DIN"])
def test_a_prediction_is_taken_apart_by_every_method(open_page: OpenPage, trained: dict[str, Run], model: str) -> None:
    app = open_page("predictions", trained[model])
    for method in ["gradients", "ablation", *(["exact"] if model == "FM" else [])]:
        app.get_by_key(f"predictions-method-{model.lower()}").set_value(method)
        app.run()
        assert not app.exception
        assert charts(app) == 1
        assert "not accounted for" in words(app)
    app.toggle(key="predictions-compare").set_value(True).run()
    assert not app.exception
    assert charts(app) == 2


def test_rows_are_chosen_by_what_they_are(open_page: OpenPage, trained: dict[str, Run]) -> None:
    app = open_page("predictions", trained["DIN"])
    seen = []
    for chosen in ("wrong", "clicked", "unclicked", "long"):
        app.selectbox(key="predictions-filter").set_value(chosen).run()
        assert is_well(app), chosen
        seen.append(app.metric[2].value)
    assert seen[1:3] == ["1", "0"]
    app.button(key="predictions-random").click().run()
    assert is_well(app)


def test_two_edits_are_split_and_a_combination_that_never_was_is_warned_of(
    open_page: OpenPage, trained: dict[str, Run]
) -> None:
    run = trained["FM"]
    app = open_page("predictions", run)
    app.multiselect(key=f"predictions-edit-{run.id}").set_value(["site", "slot"]).run()
    assert is_well(app)
    assert charts(app) == 2
    assert "training rows have this combination" in words(app)
    logit = next(metric for metric in app.metric if metric.label == "Logit after the edits")
    assert float(logit.delta) == 0
    site = next(box for box in app.selectbox if box.label == "site")
    site.set_value(what_if.UNKNOWN_VALUE)
    app.toggle(key="predictions-many").set_value(True).run()
    assert not app.exception
    assert "No training row has this combination" in app.warning[0].value
    assert "the mean CTR goes from" in words(app)


def test_the_fewest_edits_are_found(open_page: OpenPage, trained: dict[str, Run]) -> None:
    run = trained["FM"]
    app = open_page("predictions", run)
    app.get_by_key("predictions-ask").set_value("fewest")
    app.run()
    assert is_well(app)
    row = app.number_input[0]
    assert row.label.startswith("Row, 1 to")
    threshold = next(box for box in app.number_input if box.label == "Threshold, CTR in %")
    threshold.set_value(float(app.metric[0].value.rstrip("%")) + 0.2).run()
    assert is_well(app)
    assert "suffice" in words(app)
    next(box for box in app.number_input if box.label == "Threshold, CTR in %").set_value(99.9).run()
    assert "come no nearer than" in app.info[0].value
    app.multiselect(key=f"predictions-allowed-{run.id}").set_value([]).run()
    assert "Choose at least one field" in app.error[0].value


def test_values_are_told_with_the_digits_that_count() -> None:
    told = [row_words.value_in_words(value, {"7": "Heat"}) for value in (279.998, 0.123456, 1147.0, "7", "8", None)]
    assert told == ["280", "0.1235", "1147", "Heat", "8", "(missing)"]


def test_curves_are_drawn_of_numbers_and_of_categories(open_page: OpenPage, trained: dict[str, Run]) -> None:
    run = trained["FM"]
    app = open_page("predictions", run)
    app.get_by_key("predictions-ask").set_value("curve")
    app.run()
    box = app.selectbox(key=f"predictions-curve-{run.id}")
    for field in (box.options[0], box.options[-1]):
        app.selectbox(key=f"predictions-curve-{run.id}").set_value(field).run()
        assert is_well(app), field
        assert charts(app) == 2
