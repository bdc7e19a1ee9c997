"""Looking through a table once, column by column, and what is guessed of numbers and codes."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ctr_app.data.coded import CodedTable, write_coded
from ctr_app.data.facts import facts_of
from ctr_app.data.profiling import SAMPLE_ROWS, guess_role, survey
from ctr_app.data.schema import Role
from ctr_app.data.tables import ParquetTable

ROWS = 300
LONG_CODES = "whole numbers too long for arithmetic: codes"


def test_a_survey_of_a_file_is_that_of_the_same_table_in_memory(tmp_path):
    frame = pl.DataFrame({"x": [f"v{i % 7}" for i in range(ROWS)], "y": [i / 3 for i in range(ROWS)]})
    frame.write_parquet(tmp_path / "table.parquet")
    here, there = survey(frame), survey(ParquetTable(tmp_path / "table.parquet"))
    assert replace(here.facts["y"], mean=0.0) == replace(there.facts["y"], mean=0.0)
    assert here.facts["x"] == there.facts["x"]
    assert here.sample.equals(there.sample)
    assert here.sample.equals(frame)


CELLS = st.sampled_from([None, "3", "3.0", "-2.5", "1,204", "unknown", "unk", "inf", "site a", "é"]) | st.text(
    "ab9", min_size=1
)


@given(st.lists(CELLS, min_size=1, max_size=40), st.integers(1, 9))
@settings(max_examples=50, deadline=None)
def test_a_survey_of_codes_is_that_of_the_same_texts_in_memory(cells, rows):
    frame = pl.DataFrame({"x": pl.Series(cells, dtype=pl.String), "row": list(map(str, range(len(cells))))})
    with tempfile.TemporaryDirectory() as folder:
        write_coded(Path(folder) / "table", frame.columns, frame.iter_slices(rows))
        here, there = survey(frame), survey(CodedTable(Path(folder) / "table"))
    assert here.sample.equals(there.sample)
    for name in frame.columns:
        first, second = (
            replace(looked.facts[name], mean=0.0, unknown=tuple(sorted(looked.facts[name].unknown)))
            for looked in (here, there)
        )
        assert first == second
        assert here.facts[name].mean == pytest.approx(there.facts[name].mean)


def test_of_a_long_table_rows_are_drawn_and_the_counts_are_of_all():
    rows = SAMPLE_ROWS + 5000
    looked = survey(pl.DataFrame({"x": np.arange(rows), "y": np.arange(rows) % 3}))
    assert looked.sample.height == SAMPLE_ROWS
    assert (np.diff(looked.sample_rows) > 0).all()
    assert looked.sample["x"].to_list() == looked.sample_rows.tolist()
    assert looked.sample_rows[-1] > SAMPLE_ROWS
    assert looked.facts["x"].distinct == rows


@pytest.mark.parametrize(
    ("name", "values", "role", "reason"),
    [
        ("Unnamed: 0", range(ROWS), Role.IGNORED, "counts the rows"),
        ("index", range(1, ROWS + 1), Role.IGNORED, "counts the rows"),
        ("", [str(i) for i in range(ROWS)], Role.IGNORED, "counts the rows"),
        ("amount", range(ROWS), Role.NUMERIC, "300 whole numbers"),
        (
            "hash",
            [2**60 + i % 9 for i in range(ROWS)],
            Role.CATEGORICAL,
            LONG_CODES,
        ),
        ("hash", [str(2**63 + i) for i in range(ROWS)], Role.IGNORED, "nearly every row has a value of its own"),
        ("hash", [float(2**60 + 2**20 * (i % 30)) for i in range(ROWS)], Role.NUMERIC, "30 whole numbers"),
        ("pay", [f"{i + 1},000" for i in range(ROWS)], Role.NUMERIC, "300 whole numbers"),
        ("age", ["unknown" if i % 3 == 0 else str(i) for i in range(ROWS)], Role.NUMERIC, "200 whole numbers"),
    ],
)
def test_numbers_are_told_from_codes_and_from_counts_of_the_rows(name, values, role, reason):
    series = pl.Series(list(values))
    found, why, separator = guess_role(name, series, facts_of(series))
    assert (found, str(why), separator) == (role, reason, None)
