"""The Runs page: all runs, and what differs between those that are picked."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from streamlit.testing.v1 import AppTest

from ctr_app.data.store import DatasetStore
from ctr_app.training.run_store import Run, RunStore

from .conftest import OpenPage
from .prepared import queued_run, trained_run
from .reading import charts, is_well, words


def pick(app: AppTest, rows: Sequence[int]) -> AppTest:
    """Pick rows of the table."""
    app.session_state["runs-table"] = {"selection": {"rows": list(rows), "columns": []}}
    return app.run()


def row_of(app: AppTest, run: Run) -> int:
    """The row of the table that a run is in."""
    return list(app.dataframe[0].value["run"]).index(run.id)


@pytest.fixture
def twins(trained: dict[str, Run]) -> tuple[Run, Run, Run]:
    """Three runs of FM: one, one with two other settings, and one that repeats the first."""
    datasets, runs = DatasetStore(), RunStore()
    dataset = datasets.get(trained["FM"].spec().dataset_id)
    other = trained_run(runs, datasets, dataset, "fm", embedding_dim=4, seed=7)
    return trained["FM"], other, trained_run(runs, datasets, dataset, "fm")


def test_all_runs_are_listed_newest_first(open_page: OpenPage, trained: dict[str, Run]) -> None:
    app = open_page("runs")
    assert list(app.dataframe[0].value["run"]) == [run.id for run in RunStore().list()]
    assert len(trained) == 5
    assert "Pick one run to open it" in words(app)


def test_one_picked_run_leads_to_its_pages(open_page: OpenPage, trained: dict[str, Run]) -> None:
    app = open_page("runs")
    pick(app, [row_of(app, trained["DIN"])])
    assert is_well(app)
    assert [link.value for link in app.page_link] == ["Its training", "Its interactions", "Its attention"]
    assert charts(app) == 1


def test_the_reason_of_a_failed_run_is_shown_literally(open_page: OpenPage, trained: dict[str, Run]) -> None:
    trained["FM"].set_status("failed", "Column ![](http://x/y.png) is gone.")
    app = open_page("runs")
    pick(app, [row_of(app, trained["FM"])])
    assert "Column \\!\\[\\]\\(http\\://x/y.png\\) is gone." in words(app)


def test_the_comparison_lists_only_settings_that_differ(open_page: OpenPage, twins: tuple[Run, Run, Run]) -> None:
    app = open_page("runs")
    pick(app, [row_of(app, run) for run in twins[:2]])
    assert is_well(app)
    assert charts(app) == 1
    differing = app.dataframe[1].value
    assert sorted(differing.index) == ["embedding_dim", "seed"]
    assert differing[twins[1].id].to_dict() == {"embedding_dim": "4", "seed": "7"}


def test_runs_of_the_same_settings_are_said_to_differ_by_chance(
    open_page: OpenPage, twins: tuple[Run, Run, Run]
) -> None:
    app = open_page("runs")
    pick(app, [row_of(app, twins[0]), row_of(app, twins[2])])
    assert "differ by chance alone" in words(app)
    assert len(app.dataframe) == 1


def test_a_run_without_an_epoch_is_compared_with_one_that_has_some(
    open_page: OpenPage, trained: dict[str, Run]
) -> None:
    waiting = queued_run(RunStore(), DatasetStore().get(trained["FM"].spec().dataset_id))
    app = open_page("runs")
    pick(app, [row_of(app, waiting), row_of(app, trained["FM"])])
    assert is_well(app)
    assert charts(app) == 1
    pick(app, [row_of(app, waiting)])
    assert "No epoch of these runs has ended" in words(app)
