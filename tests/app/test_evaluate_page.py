"""The Evaluate page: every model, every split, another table, and rows that nothing can be said about."""

from __future__ import annotations

import io

import polars as pl
import pytest

from ctr_app.data.reading import read_table
from ctr_app.data.store import DatasetStore
from ctr_app.explain import importance
from ctr_app.explain.evaluation import Groups
from ctr_app.training.run_store import Run
from ctr_app.ui import scores
from ctr_app.ui import state as app_state

from .conftest import OpenPage
from .reading import charts, is_well, words


@pytest.mark.parametrize("model", ["FM", "DIN"])
def test_a_run_is_measured_on_each_split(open_page: OpenPage, trained: dict[str, Run], model: str) -> None:
    run = trained[model]
    app = open_page("evaluate", run)
    assert is_well(app)
    shown = {metric.label: float(metric.value) for metric in app.metric}
    assert shown["AUC"] == pytest.approx((run.metrics() or {})["test"]["auc"], abs=1e-4)
    assert ("GAUC" in shown) == ("gauc" in (run.metrics() or {})["test"])
    assert charts(app) == 3
    app.selectbox(key=f"evaluate-rows-{run.id}").set_value("valid").run()
    assert is_well(app)
    assert float(app.metric[0].value) == pytest.approx((run.metrics() or {})["valid"]["auc"], abs=1e-4)


def test_every_curve_and_slice_is_drawn_and_the_fields_are_weighed(
    open_page: OpenPage, trained: dict[str, Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importance, "ATTRIBUTED_ROWS", 10)
    app = open_page("evaluate", trained["FM"])
    for curve in ("precision", "lift", "scores"):
        app.get_by_key("evaluate-curve").set_value(curve)
        app.run()
        assert is_well(app)
        assert charts(app) == 3
    app.selectbox(key=f"evaluate-field-{trained['FM'].id}").set_value("site")
    app.toggle(key=f"evaluate-importance-{trained['FM'].id}").set_value(True).run()
    assert is_well(app)
    assert charts(app) == 4


def test_another_table_is_measured_and_what_does_not_fit_is_said(
    open_page: OpenPage, trained: dict[str, Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trained["FM"]
    dataset = DatasetStore().get(run.spec().dataset_id)
    frame = dataset.frame.head(300).drop("hour").with_columns(site=pl.lit("never seen"))
    content = io.BytesIO()
    frame.write_parquet(content)
    brought = app_state.AppState(evaluated=read_table(content.getvalue(), "monday.parquet"))
    monkeypatch.setattr(app_state, "AppState", lambda: brought)
    app = open_page("evaluate", run)
    app.selectbox(key=f"evaluate-rows-{run.id}").set_value("table").run()
    assert not app.exception
    assert "300 rows" in words(app)
    assert [warning.value for warning in app.warning] == ["Not in the table, so read as missing in every row: hour."]
    assert "100.0% of site" in words(app)


def test_rows_of_one_label_are_met_with_a_sentence(
    open_page: OpenPage, trained: dict[str, Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = trained["FM"]
    dataset = DatasetStore().get(run.spec().dataset_id)
    content = io.BytesIO()
    dataset.frame.head(200).with_columns(pl.lit(0).alias("click")).write_parquet(content)
    brought = app_state.AppState(evaluated=read_table(content.getvalue(), "quiet.parquet"))
    monkeypatch.setattr(app_state, "AppState", lambda: brought)
    monkeypatch.setattr(scores, "groups", lambda _rows: Groups(0, 7))
    app = open_page("evaluate", run)
    app.selectbox(key=f"evaluate-rows-{run.id}").set_value("table").run()
    assert is_well(app)
    assert "All rows have one label" in words(app)
    assert "None of the 7 groups has rows of both labels, so there is no GAUC." in words(app)
    assert "AUC" not in {metric.label for metric in app.metric}
