"""Seeds and noise on the Interactions page: started, stopped, gone on with, and drawn."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest

from ctr_app.training.repeats import missing, standing
from ctr_app.training.run_store import Run
from ctr_app.ui import services

from .conftest import OpenPage
from .reading import charts, is_well, words

START, STOP = "interactions-stability-start", "interactions-stability-stop"


def opened(open_page: OpenPage, run: Run, seeds: int, nulls: int) -> AppTest:
    """The section of a run, with so many repeats asked for."""
    app = open_page("interactions", run)
    app.get_by_key(f"interactions-section-{run.spec().title.lower()}").set_value("stability").run()
    app.number_input(key=f"interactions-stability-seeds-{run.id}").set_value(seeds)
    app.number_input(key=f"interactions-stability-nulls-{run.id}").set_value(nulls).run()
    assert is_well(app)
    return app


def test_a_run_is_repeated_and_its_line_is_drawn(open_page: OpenPage, trained: dict[str, Run]) -> None:
    run = trained["FM"]
    app = opened(open_page, run, 1, 3)
    assert "Would another seed show the same pairs" in words(app)
    assert app.button(key=START).label == "Train 4 times"
    assert "in all." in words(app)
    before = charts(app)
    app.button(key=START).click().run()
    services.jobs().join()
    app.run()
    assert is_well(app)
    assert charts(app) == before + 1
    spec = app.get("vega_lite_chart")[-1].proto.spec
    assert "of 66 pairs stand above the null line" in spec
    assert "Mean of 2 seeds with its 95 % interval" in spec
    assert app.button(key=START).label == "All are trained"
    assert app.button(key=START).disabled
    app.get_by_key("interactions-stability-readout-fm").set_value("behaviour")
    app.toggle(key="interactions-reveal").set_value(True).run()
    assert is_well(app)
    assert "of 5** planted pairs are above it" in words(app)
    again = open_page("interactions", run)
    again.get_by_key("interactions-section-fm").set_value("stability").run()
    assert "of 66 pairs stand above the null line" in again.get("vega_lite_chart")[-1].proto.spec


def test_a_batch_is_stopped_and_gone_on_with(
    open_page: OpenPage, trained: dict[str, Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trained["DIN"]
    app = opened(open_page, run, 1, 1)
    with monkeypatch.context() as patch:
        patch.setattr(services.jobs(), "submit", lambda _run: None)  # as if others were trained first
        app.button(key=START).click().run()
    assert "2" in app.get("progress")[0].proto.text
    app.button(key=STOP).click().run()
    app.run()
    assert is_well(app)
    assert standing(run).live == []
    assert app.button(key=START).label == "Train 2 times"
    app.button(key=START).click().run()
    services.jobs().join()
    app.run()
    assert is_well(app)
    assert missing(run, 1, 1) == []
    assert "interact most over 2 seeds" in app.get("vega_lite_chart")[-1].proto.spec
    assert "there must be at least 3 trainings" in words(app)


def test_a_run_that_still_trains_is_not_repeated(open_page: OpenPage, trained: dict[str, Run]) -> None:
    run = trained["FM"]
    run.set_status("running")
    app = open_page("interactions", run)
    app.get_by_key("interactions-section-fm").set_value("stability").run()
    assert "This run is still training" in words(app)
    assert START not in [button.key for button in app.button]
