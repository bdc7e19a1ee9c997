"""Curves and the line on how far a run is."""

from __future__ import annotations

from ctr_app.data.store import DatasetStore
from ctr_app.training.driver import train_run
from ctr_app.training.progress import curves, how_far

from .conftest import NewRun


def test_before_the_first_line_there_is_nothing_to_tell() -> None:
    assert how_far([]) is None
    drawn = curves([])
    assert drawn.loss.empty
    assert drawn.evals.empty


def test_a_finished_run_is_all_the_way(new_run: NewRun, datasets: DatasetStore) -> None:
    run = new_run(epochs=2)
    train_run(run, datasets)
    history = run.history()
    far = how_far(history)
    assert far is not None
    assert (far.epoch, far.epochs, far.share, far.device, far.seconds_left) == (2.0, 2, 1.0, "cpu", 0.0)
    assert far.rows_per_second > 0
    drawn = curves(history)
    assert drawn.evals["epoch"].tolist() == [1, 2]
    assert drawn.evals["is_best"].iloc[0]
    assert drawn.loss[["epoch", "loss", "smoothed"]].notna().all(axis=None)
    just_begun = how_far(history[:1])
    assert just_begun is not None
    assert (just_begun.share, just_begun.seconds_left, just_begun.rows_per_second) == (0.0, None, 0.0)
