"""Scoring tables with a stored run."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from ctr_app.data.errors import InputError
from ctr_app.data.store import DataSet, DatasetStore
from ctr_app.training.driver import train_run
from ctr_app.training.metrics import auc
from ctr_app.training.run_store import Run
from ctr_app.training.scoring import evaluate_table, score_table

from .conftest import NewRun


@pytest.fixture
def trained(new_run: NewRun, datasets: DatasetStore) -> Run:
    run = new_run()
    train_run(run, datasets)
    return run


def test_ctr_is_that_of_each_row_whatever_stands_beside_it(trained: Run, clicks: DataSet) -> None:
    frame = clicks.part(0, clicks.rows)
    ctr = score_table(trained, frame)
    assert ((ctr > 0) & (ctr < 1)).all()
    assert score_table(trained, frame[::-1].drop("click")[:50]) == pytest.approx(ctr[::-1][:50], abs=1e-7)
    assert score_table(trained, frame.head(1)) == pytest.approx(ctr[:1], abs=1e-7)
    assert evaluate_table(trained, frame).auc == pytest.approx(auc(frame["click"].to_numpy(), ctr), abs=1e-9)


def test_values_that_training_never_saw_and_missing_ones_are_scored(trained: Run, clicks: DataSet) -> None:
    strange = clicks.frame.head(20).with_columns(
        site=pl.lit("never seen"), ad=pl.lit(None, dtype=pl.String), price=pl.lit("not a number")
    )
    assert np.isfinite(score_table(trained, strange)).all()


def test_rows_without_a_label_are_not_measured(trained: Run, clicks: DataSet) -> None:
    whole = clicks.part(0, clicks.rows)
    half = whole.with_columns(click=pl.when(pl.int_range(pl.len()) < 700).then("click"))
    assert evaluate_table(trained, half).rows == 700
    assert evaluate_table(trained, half) == evaluate_table(trained, clicks.frame.head(700))
    for unlabelled in (whole.drop("click"), whole.with_columns(click=pl.lit(None))):
        with pytest.raises(InputError, match="No row of the table has the label click"):
            evaluate_table(trained, unlabelled)


def test_a_table_without_a_field_is_told_so(trained: Run, clicks: DataSet) -> None:
    with pytest.raises(InputError, match="The table lacks price, site, which the model was trained on"):
        score_table(trained, clicks.part(0, 20).drop("price", "site"))
