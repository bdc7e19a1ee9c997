"""Pages are timed on a real server, on the data that were meant, while the training goes on."""

import browser_tab
import pytest
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

import pages
from ctr_app.training.run_store import RunStore


def test_every_page_is_measured_while_the_table_that_was_meant_is_trained_on(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(pages, "OPENINGS", 2)
    monkeypatch.setattr(pages, "PAUSES", (0.0, 0.01))
    found = pages.measure(tmp_path, rows=3_000, count=1)
    titles = {page.title for page in pages.PAGES}
    assert set(found.busy) == titles
    assert all(len(seconds) == 1 and seconds[0] > 0 for seconds in found.busy.values())
    assert set(found.quiet) == set(found.cpu) == {page.title for page in pages.PAGES if page.run != "long"}
    assert set(found.opened) == {page.title for page in pages.PAGES if not page.is_fragment}
    assert all(len(seconds) == 2 for seconds in found.opened.values())
    assert found.rows_per_second > 0
    long = next(run.spec() for run in RunStore(tmp_path / "runs").list() if run.spec().training["epochs"] > 1)
    assert long.title == "DCN-V2"
    assert long.training["patience"] == pages.LONG["patience"]
    table = pages.table(found)
    assert len(table.splitlines()) == 2 + len(pages.PAGES)


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(number) for number in range(40, 0, -1)]
    assert pages.percentile(values, 0.5) == 21.0
    assert pages.percentile(values, 0.95) == 39.0
    assert pages.percentile([7.0], 0.95) == 7.0


def test_a_slow_page_is_in_bold_and_only_where_it_is_slow_while_training() -> None:
    times = {page.title: [0.2] for page in pages.PAGES}
    found = pages.Findings(times, times | {"Data": [0.301], "Runs": [0.2999]}, times, {"Data": [0.03, 0.05]})
    lines = {line.split(" | ")[0]: line for line in pages.table(found).splitlines()}
    assert lines["| Data"] == "| Data | 40 | 200 | 200 | 301 | **301** | 200 |"
    assert lines["| Runs"] == "| Runs | – | 200 | 200 | 300 | 300 | 200 |"


def test_a_widget_is_found_by_its_key_alone() -> None:
    drawn = browser_tab.Drawn(widgets=["$$ID-abc-train-start", "$$ID-def-restart"])
    assert drawn.widget("train-start") == "$$ID-abc-train-start"
    with pytest.raises(browser_tab.PageFailed, match="no widget train-stop"):
        drawn.widget("train-stop")


def test_an_error_on_a_page_is_no_measurement() -> None:
    tab, message = browser_tab.Tab.__new__(browser_tab.Tab), ForwardMsg()
    tab._page = "data"
    message.delta.new_element.exception.message = "it broke"
    with pytest.raises(browser_tab.PageFailed, match="The page data shows an error: it broke"):
        tab._note("delta", message, browser_tab.Drawn())
