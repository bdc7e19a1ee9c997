"""Cut the wire and Three at once, on the Interactions page."""

from __future__ import annotations

import threading

import pytest
import torch
from streamlit.testing.v1 import AppTest

from ctr_app.explain.cuts import Cut
from ctr_app.training.run_store import Run
from ctr_app.ui import readouts, tasks

from .conftest import OpenPage
from .reading import charts, is_well, words


def open_section(open_page: OpenPage, run: Run, name: str) -> AppTest:
    app = open_page("interactions", run)
    app.get_by_key(f"interactions-section-{run.spec().title.lower()}").set_value(name)
    return app.run()


def specs(app: AppTest) -> str:
    return "\n".join(chart.proto.spec for chart in app.get("vega_lite_chart"))


@pytest.mark.parametrize("model", ["FM", "DCN-V2", "DIN"])
def test_a_pair_is_cut_taken_back_and_cut_again(open_page: OpenPage, trained: dict[str, Run], model: str) -> None:
    run = trained[model]
    app = open_section(open_page, run, "cuts")
    assert is_well(app)
    before, drawn = app.metric[0].value, charts(app)
    assert app.metric[0].delta == ""
    assert "Nothing is cut" in words(app)
    app.button(key="interactions-cut-one").click().run()
    assert is_well(app)
    assert charts(app) == drawn + 1
    assert "±" in app.metric[0].delta
    assert " × " in app.multiselect(key=f"interactions-cut-pairs-{run.id}").proto.options[0]
    assert len(app.multiselect(key=f"interactions-cut-pairs-{run.id}").value) == 1
    app.button(key="interactions-cut-undo").click().run()
    assert (app.metric[0].value, charts(app)) == (before, drawn)
    assert app.button(key="interactions-cut-undo").disabled
    assert app.button(key="interactions-cut-reset").disabled


def test_several_cuts_add_up_and_are_reset_at_once(open_page: OpenPage, trained: dict[str, Run]) -> None:
    run = trained["FM"]
    model = readouts.model_of(run.id)[0]
    weights = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    app = open_section(open_page, run, "cuts")
    before = app.metric[0].value
    for _ in range(2):
        app.button(key="interactions-cut-one").click().run()
    app.multiselect(key=f"interactions-cut-fields-{run.id}").set_value([("price",)]).run()
    assert is_well(app)
    assert "and 2 more the AUC" in specs(app)
    assert "the sum of each alone" in specs(app)
    app.toggle(key="interactions-reveal").set_value(True).run()
    assert is_well(app)
    app.button(key="interactions-cut-reset").click().run()
    assert app.metric[0].value == before
    assert app.multiselect(key=f"interactions-cut-fields-{run.id}").value == []
    assert readouts.model_of(run.id)[0] is model
    assert not model.training
    assert all(torch.equal(tensor, weights[name]) for name, tensor in model.state_dict().items())


def test_cuts_stay_while_one_looks_elsewhere_and_are_each_session_s_own(
    open_page: OpenPage, trained: dict[str, Run]
) -> None:
    run = trained["DCN-V2"]
    app, other = (open_section(open_page, run, "cuts") for _ in range(2))
    app.button(key="interactions-cut-one").click().run()
    cut = app.metric[0].value
    app.get_by_key("interactions-section-dcn-v2").set_value("layers").run()
    app.get_by_key("interactions-section-dcn-v2").set_value("cuts").run()
    assert app.metric[0].value == cut
    assert "Nothing is cut" in words(other.run())


def test_every_way_to_cut_that_is_offered_works(open_page: OpenPage, trained: dict[str, Run]) -> None:
    app = open_section(open_page, trained["DCN-Mix"], "cuts")
    app.button(key="interactions-cut-one").click().run()
    for way in ("weights", "raw", "behaviour"):
        app.get_by_key("interactions-cut-way-dcn-mix").set_value(way).run()
        assert is_well(app)
        assert "Nothing is trained anew" in words(app)


def test_a_cut_that_takes_long_can_be_stopped_and_measured_after_all(
    open_page: OpenPage, trained: dict[str, Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    app, may_stop = open_section(open_page, trained["DIN"], "cuts"), threading.Event()
    measured = readouts.cuts

    def slow(run_id: str, chosen: tuple[Cut, ...], way: str, on_progress: tasks.OnProgress) -> object:
        on_progress(0, 2)
        may_stop.wait(60)
        return measured(run_id, chosen, way, on_progress)

    monkeypatch.setattr(readouts, "cuts", slow)
    monkeypatch.setattr(tasks, "PATIENCE_SECONDS", 0.0)
    app.button(key="interactions-cut-one").click().run()
    assert is_well(app)
    app.button(key="interactions-cuts-stop").click().run()
    monkeypatch.setattr(tasks, "PATIENCE_SECONDS", 60.0)
    may_stop.set()
    app.run()
    assert "Stopped before its end" in words(app)
    app.button(key="interactions-cuts-again").click().run()
    assert is_well(app)
    assert "±" in app.metric[0].delta


def test_three_at_once_are_drawn_where_a_model_can_have_them(open_page: OpenPage, trained: dict[str, Run]) -> None:
    app = open_section(open_page, trained["DCN-V2"], "triples")
    assert is_well(app)
    assert "220 triples measured" in specs(app)
    app = open_section(open_page, trained["FM"], "triples")
    assert is_well(app)
    assert "every three-way term is exactly zero" in words(app)
