"""Forecasts beside what was measured: the data sets they are made on, and the table."""

from pathlib import Path

import forecast
import numpy as np
import pytest
from peers import rows
from peers.ours import layout_of

from ctr_app.data.store import DatasetStore
from ctr_app.models.registry import resolve
from ctr_app.training.launch import configs_for, new_run
from ctr_app.training.run_store import RunStore

FOUND = forecast.Found(1234567, seconds_forecast=1.2, seconds=1.0, mb_counted=150.0, mb_forecast=90.0, mb=100.0)


@pytest.mark.parametrize("make", [rows.make_clicks, rows.make_histories])
def test_a_made_table_is_stored_as_it_is(tmp_path: Path, make) -> None:
    table, store = make(200), DatasetStore(tmp_path)
    assert store.get(forecast.store_table(table, "made", store).id).name == "made"
    (dataset,) = store.list()
    encoded = dataset.encoded()
    assert encoded.encoder.layout == layout_of(table)
    for split in ("train", "valid"):
        stored, made = encoded.rows(split), getattr(table, split)
        for name in ("numeric", "categorical", "labels"):
            np.testing.assert_array_equal(getattr(stored, name), getattr(made, name))
        for history in stored.sequences.values():
            np.testing.assert_array_equal(history, made.history)


@pytest.mark.parametrize("name", forecast.cases())
def test_every_case_can_be_trained_on_its_data(tmp_path: Path, name: str) -> None:
    case, store = forecast.cases()[name], DatasetStore(tmp_path)
    if case.data in ("clicks", "histories"):
        table = rows.make_clicks(100, 5_000) if case.data == "clicks" else rows.make_histories(100)
        dataset = forecast.store_table(table, case.data, store)
    else:
        dataset = store.add_sample(case.data.lower().replace(" ", "-"), rows=500)
        assert dataset.name == case.data
    family, implied = resolve(case.model)
    assert configs_for(family.name, {**implied, **case.settings})
    assert new_run(RunStore(tmp_path / "runs"), dataset, family.name, {**implied, **case.settings, "epochs": 1}, "cpu")


def test_a_row_has_medians_and_marks_what_is_far_off() -> None:
    others = [
        forecast.Found(1234567, 9.0, 1.0, 150.0, 60.0, 100.0),
        forecast.Found(1234567, 0.1, 9.0, 1.0, 95.0, 999.0),
    ]
    assert forecast.row("FM", [FOUND, *others]) == [
        "FM",
        "1,234,567",
        "1.2 (1.20×)",
        "1",
        "**150 (1.50×)**",
        "90 (0.90×)",
        "100",
    ]


def test_the_section_tells_how_it_was_made() -> None:
    text = forecast.section({"fm": [FOUND, FOUND]}, "python benchmarks/forecast.py", 1000, 12.3)
    assert text.startswith("## Forecasts\n")
    assert "| FM, clicks | 1,234,567 |" in text
    assert "1,000 rows of clicks and 500 of histories, 2 repeats, 12 s." in text
