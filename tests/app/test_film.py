"""The film of learning on the Interactions page, and its pictures."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from streamlit.testing.v1 import AppTest

from ctr_app.explain.snapshots import snapshot
from ctr_app.training.run_store import Run, RunStore
from ctr_app.ui import interaction_film, services
from ctr_app.ui.film_charts import spread_out
from ctr_app.ui.words import plain

from .conftest import OpenPage
from .reading import charts, is_well, words


def open_film(open_page: OpenPage, run: Run) -> AppTest:
    app = open_page("interactions", run)
    app.get_by_key(f"interactions-section-{run.spec().title.lower()}").set_value("film").run()
    assert is_well(app)
    return app


def at(app: AppTest, run: Run) -> int:
    """The epoch that the slider stands at."""
    return int(app.select_slider(key=f"interactions-film-epoch-{run.id}").value)


@pytest.mark.parametrize(("model", "begun"), [("FM", "vectors hold what pairs"), ("DIN", "all weights are chance")])
def test_the_slider_goes_through_the_epochs(
    open_page: OpenPage, trained: dict[str, Run], model: str, begun: str
) -> None:
    run = trained[model]
    app = open_film(open_page, run)
    assert charts(app) >= 6
    evals = {event["epoch"]: event for event in run.history() if event["kind"] == "eval"}
    for epoch in (2, 1):
        app.select_slider(key=f"interactions-film-epoch-{run.id}").set_value(epoch).run()
        assert f"**Epoch {epoch} of 2** · validation AUC **{evals[epoch]['auc']:.4f}**" in words(app)
    app.select_slider(key=f"interactions-film-epoch-{run.id}").set_value(0).run()
    assert f"**Before training**: {begun}" in words(app)
    assert "The map of every epoch was kept." in words(app)
    assert is_well(app)
    app.toggle(key="interactions-reveal").set_value(True).run()
    assert "planted pairs found" in words(app)


def test_play_goes_on_epoch_by_epoch_and_ends_at_the_last(
    open_page: OpenPage, trained: dict[str, Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interaction_film, "FRAME_SECONDS", 1e-9)
    run = trained["FM"]
    app = open_film(open_page, run)
    assert (at(app, run), app.button(key="interactions-film-play").label) == (2, "Play")
    seen = []
    app.button(key="interactions-film-play").click().run()
    while app.button(key="interactions-film-play").label == "Pause" and len(seen) < 9:
        seen.append(at(app, run))
        app.run()
    assert seen[-2:] == [1, 2]
    assert at(app, run) == 2
    assert is_well(app)


def test_pause_and_the_slider_stop_the_film(
    open_page: OpenPage, trained: dict[str, Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(interaction_film, "FRAME_SECONDS", 3600.0)
    run = trained["FM"]
    app = open_film(open_page, run)
    for stop in ("button", "slider"):
        app.button(key="interactions-film-play").click().run()
        assert (at(app, run), app.button(key="interactions-film-play").label) == (0, "Pause")
        if stop == "button":
            app.button(key="interactions-film-play").click().run()
        else:
            app.select_slider(key=f"interactions-film-epoch-{run.id}").set_value(2).run()
        assert app.button(key="interactions-film-play").label == "Play"
        app.select_slider(key=f"interactions-film-epoch-{run.id}").set_value(2).run()


def test_a_run_without_a_film_can_be_trained_again(open_page: OpenPage, trained: dict[str, Run]) -> None:
    run = trained["FM"]
    shutil.rmtree(run.folder / "snapshots")
    app = open_film(open_page, run)
    assert "Train it again with the same settings" in words(app)
    app.button(key="interactions-film-train").click().run()
    again = next(other for other in RunStore().list() if other.id not in {run.id for run in trained.values()})
    services.jobs().join()
    assert again.status().state == "done"
    assert again.spec().training == run.spec().training
    assert len(list((again.folder / "snapshots").iterdir())) == 3


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8), st.floats(0.001, 0.2))
def test_names_at_the_ends_of_lines_stand_apart_in_their_order(places: list[float], gap: float) -> None:
    ordered = np.sort(places)[::-1]
    moved = spread_out(ordered, gap)
    assert (np.diff(moved) <= -gap * (1 - 1e-9)).all()
    assert moved.min() >= 0
    if (np.diff(ordered) <= -gap).all():
        assert moved == pytest.approx(ordered)


def test_the_map_grows_while_a_run_trains(open_page: OpenPage, trained: dict[str, Run]) -> None:
    run = trained["FM"]
    app = open_page("train", run)
    assert "is the strongest pair" not in words(app)
    run.set_status("running")
    app.run()
    best = snapshot(run, 2).iloc[0]  # type: ignore[union-attr]
    assert f"After epoch 2, {plain(best['field_a'])} × {plain(best['field_b'])} is the strongest pair." in words(app)
    for epoch in (1, 2):
        (run.folder / "snapshots" / f"{epoch:05d}.parquet").unlink()
    app.run()
    assert "Before training, vectors hold what pairs" in words(app)
    shutil.rmtree(run.folder / "snapshots")
    app.run()
    assert is_well(app)
    assert charts(app) == 2
