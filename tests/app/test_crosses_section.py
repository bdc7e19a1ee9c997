"""Take crosses along, on the Interactions page."""

from __future__ import annotations

import json

import pytest

from ctr_app.data.files import write_json
from ctr_app.explain import cross_jobs
from ctr_app.explain.cross_study import Study
from ctr_app.explain.gains import Gain
from ctr_app.training.run_store import Run
from ctr_app.ui import services
from ctr_app.ui.interaction_crosses import gains_frame, models_frame, sentence_of

from .conftest import OpenPage
from .reading import charts, is_well, words


def made_up(gain: float, reach: float, fm: float = 0.8) -> Study:
    """A study in which crosses take logistic regression from 0.7 to so much more, and do nothing to FM."""
    gains = {
        "lr": {"test": {"auc": Gain(gain, reach / 2, gain - reach, gain + reach)}},
        "fm": {"test": {"auc": Gain(0.0, 0.01, -0.02, 0.02)}},
    }
    aucs = {"lr": 0.7, "lr+": 0.7 + gain, "fm": fm, "fm+": fm}
    metrics = {model: {"test": {"auc": auc}} for model, auc in aucs.items()}
    return Study([("a", "b"), ("c", "d")], 1, {"test": 100}, metrics, gains)


@pytest.mark.parametrize(
    ("study", "sentence"),
    [
        (made_up(0.05, 0.01), "gains 0.0500 ± 0.0100 AUC and reaches 50% of the way to FM"),
        (made_up(0.11, 0.01), "gains 0.1100 ± 0.0100 AUC and reaches FM"),
        (made_up(0.05, 0.01, fm=0.69), "gains 0.0500 ± 0.0100 AUC; FM was not ahead of it"),
        (made_up(0.05, 0.06), "gains nothing clear of chance: 0.0500 ± 0.0600 AUC"),
        (made_up(-0.05, 0.01), "loses: -0.0500 ± 0.0100 AUC"),
    ],
)
def test_the_sentence_says_no_more_than_the_numbers(study: Study, sentence: str) -> None:
    assert sentence_of(study) == f"With 2 crosses logistic regression {sentence}"


def test_whiskers_are_laid_at_the_model_without_crosses() -> None:
    frame = models_frame(made_up(0.05, 0.01))
    assert frame["has_crosses"].tolist() == [False, True, False, True]
    assert frame["auc"].tolist() == pytest.approx([0.7, 0.75, 0.8, 0.8])
    assert frame["low"].iloc[[1, 3]].tolist() == pytest.approx([0.74, 0.78])
    assert frame["low"].isna().tolist() == [True, False, True, False]
    assert gains_frame(made_up(0.05, 0.01))["with"].tolist() == pytest.approx([0.75, 0.8])


def test_chosen_pairs_are_trained_and_their_gain_stays_after_a_reload(
    open_page: OpenPage, trained: dict[str, Run]
) -> None:
    run = trained["DCN-V2"]
    app = open_page("interactions", run)
    app.get_by_key("interactions-section-dcn-v2").set_value("crosses").run()
    assert is_well(app)
    before = charts(app)
    pairs = app.multiselect(key=f"interactions-crosses-pairs-{run.id}")
    assert len(pairs.value) == 3
    pairs.set_value(pairs.value[:1]).run()
    app.button(key="interactions-crosses-train").click().run()
    assert is_well(app)
    services.jobs().join()
    (study,) = cross_jobs.studies(run)
    assert study.status().state == "done"
    app = open_page("interactions", run)
    app.get_by_key("interactions-section-dcn-v2").set_value("crosses").run()
    assert is_well(app)
    assert charts(app) == before + 1
    titles = [json.loads(chart.proto.spec).get("title", {}).get("text", "") for chart in app.get("vega_lite_chart")]
    assert sum(title.startswith("With 1 cross logistic regression") for title in titles) == 1
    assert "A cross lets a linear model use a pair" in words(app)


def test_a_study_that_failed_says_why_and_nothing_chosen_cannot_be_trained(
    open_page: OpenPage, trained: dict[str, Run]
) -> None:
    run = trained["FM"]
    study = cross_jobs.new_study(run, run.encoder().layout, [("site", "device")])
    study.set_status("failed", "The loss is no number any more.")
    app = open_page("interactions", run)
    app.get_by_key("interactions-section-fm").set_value("crosses").run()
    assert [error.value for error in app.error] == ["The loss is no number any more."]
    app.multiselect(key=f"interactions-crosses-pairs-{run.id}").set_value([]).run()
    assert app.button(key="interactions-crosses-train").disabled
    assert not app.error
    write_json(study.folder / "result.json", {"damaged": True})
    assert cross_jobs.result_of(study) is None
