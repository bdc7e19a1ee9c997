"""Studies of crosses: trained, stopped and read back; and the table with the crosses."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from ctr_app.data.store import DatasetStore
from ctr_app.explain import cross_jobs
from ctr_app.explain.cross_study import Study
from ctr_app.explain.cross_tables import write_crossed
from ctr_app.training.extra import extra_runs
from ctr_app.training.jobs import JobQueue
from ctr_app.training.run_store import Run, RunStore
from tests.app.prepared import trained_run

PLANTED = [("device", "site"), ("hour", "category")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("crosses")


@pytest.fixture(scope="module")
def datasets(folder: Path) -> DatasetStore:
    return DatasetStore(folder / "data")


@pytest.fixture(scope="module")
def run(folder: Path, datasets: DatasetStore) -> Run:
    """An FM on planted clicks."""
    clicks = datasets.add_sample("planted-clicks", rows=6000)
    return trained_run(RunStore(folder / "runs"), datasets, clicks, "fm", epochs=3, embedding_dim=4)


@pytest.fixture(scope="module")
def study(run: Run, datasets: DatasetStore) -> Run:
    made = cross_jobs.new_study(run, run.encoder().layout, PLANTED, seeds=2)
    cross_jobs.train_study(made, datasets)
    return made


def test_planted_crosses_are_worth_much_to_logistic_regression(study: Run) -> None:
    result = cross_jobs.result_of(study)
    assert isinstance(result, Study)
    assert result.pairs == [("site", "device"), ("hour", "category")]
    gain = result.gains["lr"]["test"]["auc"]
    assert 0 < gain.low < gain.value < gain.high
    for model, by_split in result.gains.items():
        for split, by_metric in by_split.items():
            plain, crossed = result.metrics[model][split], result.metrics[f"{model}+"][split]
            assert by_metric["auc"].value == pytest.approx(crossed["auc"] - plain["auc"], abs=1e-9)
            assert by_metric["logloss"].value == pytest.approx(plain["logloss"] - crossed["logloss"], abs=1e-9)
    plain, crossed, fm = (result.metrics[model]["test"]["auc"] for model in ("lr", "lr+", "fm"))
    assert result.way_to_fm == (pytest.approx((crossed - plain) / (fm - plain)) if fm > plain + 0.0005 else None)
    assert all(0 <= cross["unknown"] < 0.5 and cross["values"] > 10 for cross in result.crosses)


def test_a_study_is_an_extra_training_that_is_found_again(run: Run, study: Run) -> None:
    assert [found.id for found in cross_jobs.studies(run)] == [study.id]
    assert study.id in [extra.id for extra in extra_runs(run, cross_jobs.PURPOSE)]
    assert study.status().state == "done"
    assert cross_jobs.pairs_of(study) == [("site", "device"), ("hour", "category")]
    share, model = cross_jobs.how_far(study)
    assert 0 < share <= 1
    assert model in ("lr", "lr+", "fm", "fm+")


def test_a_study_stops_when_it_is_asked_to_and_leaves_no_result(run: Run, datasets: DatasetStore) -> None:
    made = cross_jobs.new_study(run, run.encoder().layout, PLANTED[:1], seeds=1)
    cross_jobs.train_study(made, datasets, lambda *_: made.ask_to_stop())
    assert (made.status().state, made.status().reason) == ("stopped", "Stopped by hand.")
    assert cross_jobs.result_of(made) is None


def test_the_queue_does_other_work_than_training_and_goes_on_when_that_fails(
    run: Run, datasets: DatasetStore, caplog: pytest.LogCaptureFixture
) -> None:
    queue = JobQueue(RunStore(run.folder.parent), datasets)
    done = []
    made = [cross_jobs.new_study(run, run.encoder().layout, PLANTED[:1]) for _ in range(3)]

    def work(one: Run, given: DatasetStore) -> None:
        assert given is datasets
        done.append(one.id)
        if one.id == made[0].id:
            raise ZeroDivisionError

    made[2].ask_to_stop()
    for one in made:
        queue.submit(one, work)
    queue.join()
    queue.close()
    assert done == [made[0].id, made[1].id]
    assert f"Run {made[0].id} failed" in caplog.text


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
def test_the_table_with_crosses_holds_every_row_and_the_values_side_by_side(
    run: Run, datasets: DatasetStore, tmp_path: Path, suffix: str
) -> None:
    dataset = datasets.get(run.spec().dataset_id)
    path = tmp_path / f"crossed{suffix}"
    assert write_crossed(run, dataset, [("site", "device")], path) == 6000
    found = pl.read_csv(path) if suffix == ".csv" else pl.read_parquet(path)
    table = dataset.frame.head(6000)
    assert found.columns == [*table.columns, "site × device"]
    assert found["click"].to_list() == table["click"].to_list()
    crossed = found.filter(pl.col("site × device") != "(unknown)")
    assert crossed.height > 5000
    together = crossed["site"].cast(pl.String) + " × " + crossed["device"].cast(pl.String)
    known = together.str.contains("site") & crossed["site × device"].str.contains("(unknown)", literal=True).not_()
    assert crossed.filter(known)["site × device"].to_list() == together.filter(known).to_list()
