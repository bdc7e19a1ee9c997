"""The film of learning: what is kept of each epoch, what it costs, and that training does not notice."""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path

import pandas as pd
import polars as pl
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ctr_app.data.batch import Batch, FieldLayout
from ctr_app.data.store import DatasetStore
from ctr_app.explain import snapshots as film
from ctr_app.explain.behaviour import by_behaviour
from ctr_app.explain.readouts import sample_batch
from ctr_app.explain.snapshots import keep_snapshot, kept_epochs, num_row_pairs, snapshots, write_snapshot
from ctr_app.explain.weights import by_weights
from ctr_app.training.driver import train_run
from ctr_app.training.extra import new_extra_run
from ctr_app.training.launch import new_run
from ctr_app.training.run_store import Run, RunStore

from .examples import encoded, random_model

NAMES = st.text(st.characters(codec="utf-8"), max_size=8)
FRAMES = st.lists(st.tuples(NAMES, NAMES, NAMES, st.floats(0, 1e300)), max_size=4).map(
    lambda rows: pl.DataFrame(rows, schema=film.COLUMNS, orient="row")
)


@pytest.fixture(scope="module")
def datasets(tmp_path_factory: pytest.TempPathFactory) -> DatasetStore:
    return DatasetStore(tmp_path_factory.mktemp("data"))


def trained(folder: Path, datasets: DatasetStore, family: str, at_epoch=keep_snapshot) -> Run:
    sample = datasets.add_sample("planted-histories" if family == "din" else "planted-clicks", rows=600)
    run = new_run(RunStore(folder), sample, family, {"epochs": 2, "batch_size": 128}, "cpu")
    train_run(run, datasets, at_epoch=at_epoch)
    assert run.status().state == "done"
    return run


@settings(max_examples=25)
@given(st.dictionaries(st.integers(0, 200_000), FRAMES, max_size=3))
def test_what_is_written_by_epoch_is_read_back_in_the_order_of_epochs(written):
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder))
        for epoch, frame in written.items():
            write_snapshot(run, epoch, frame)
        read = snapshots(run)
    expected = [(epoch, *row) for epoch in sorted(written) for row in written[epoch].rows()]
    assert list(read.columns) == ["epoch", "readout", "field_a", "field_b", "strength"]
    assert list(read.itertuples(index=False, name=None)) == expected


def test_what_is_damaged_or_strange_is_passed_over(tmp_path):
    run, frame = Run(tmp_path), pl.DataFrame([("weights", "a", "b", 1.0)], schema=film.COLUMNS, orient="row")
    for epoch in range(5):
        write_snapshot(run, epoch, frame)
    folder = tmp_path / "snapshots"
    whole = (folder / "00001.parquet").read_bytes()
    (folder / "00001.parquet").write_bytes(whole[: len(whole) // 2])
    (folder / "00002.parquet").write_bytes(b"")
    frame.drop("field_b").write_parquet(folder / "00003.parquet")
    frame.cast({"strength": pl.String}).write_parquet(folder / "00004.parquet")
    (folder / ".00005.parquet.0123abcd").write_bytes(whole)
    (folder / "notes.parquet").write_bytes(whole)
    assert list(snapshots(run)["epoch"]) == [0]


def test_a_run_without_snapshots_has_a_frame_without_rows(tmp_path):
    assert snapshots(Run(tmp_path)).empty
    assert list(snapshots(Run(tmp_path)).columns) == ["epoch", *film.COLUMNS]


@given(st.lists(st.booleans(), max_size=500))
def test_thinning_as_epochs_come_keeps_what_thinning_at_the_end_keeps(improvements):
    kept, best = {0}, 0
    for epoch, is_best in enumerate(improvements, start=1):
        best = epoch if is_best else best
        kept = kept_epochs(kept | {epoch}, best)
    assert kept == kept_epochs(range(len(improvements) + 1), best)
    assert {0, best, len(improvements), *range(min(64, len(improvements)) + 1)} <= kept


def test_even_ten_thousand_epochs_are_a_short_film():
    kept = sorted(kept_epochs(range(10_001), best=9_999))
    assert len(kept) < 350
    assert kept[-2:] == [9_999, 10_000]
    assert all(later - earlier <= max(1, earlier / 32) for earlier, later in pairwise(kept))


@given(st.integers(1, 3000), st.integers(1, 50_000_000))
def test_behaviour_at_an_epoch_passes_few_rows_through_the_model(num_fields, train_rows):
    num_pairs = num_row_pairs(num_fields, train_rows)
    passed = (1 + num_fields + num_fields * (num_fields - 1) // 2) * num_pairs
    assert passed <= max(film.LEAST_ROWS, film.SHARE_OF_EPOCH * train_rows)
    assert num_pairs == 0 or film.FEWEST_PAIRS <= num_pairs <= film.MOST_PAIRS


def test_behaviour_is_left_out_where_it_takes_too_long():
    assert [num_row_pairs(fields, 24_000) for fields in (1, 10, 39)] == [128, 73, 0]
    assert num_row_pairs(39, 1_000_000) == 38


@pytest.mark.parametrize("family", ["fm", "dcn", "din"])
def test_training_does_not_notice_that_it_is_filmed(tmp_path, datasets, family):
    filmed, plain = (trained(tmp_path, datasets, family, keep) for keep in (keep_snapshot, None))
    a, b = (run.load_model()[0].state_dict() for run in (filmed, plain))
    assert all(torch.equal(a[name], b[name]) for name in a)
    assert [e for e in filmed.history() if e["kind"] == "eval"] == [e for e in plain.history() if e["kind"] == "eval"]
    assert not (plain.folder / "snapshots").exists()
    frame = snapshots(filmed)
    assert list(frame["epoch"].unique()) == [0, 1, 2]
    assert set(frame["readout"]) == ({"behaviour"} if family == "din" else {"behaviour", "weights"})
    again = snapshots(trained(tmp_path, datasets, family))
    pd.testing.assert_frame_equal(frame, again)


def test_of_an_extra_training_nothing_is_kept(tmp_path, datasets):
    run = trained(tmp_path, datasets, "fm")
    extra = new_extra_run(run, "seeds", seed=7)
    train_run(extra, datasets, at_epoch=keep_snapshot)
    assert extra.status().state == "done"
    assert snapshots(extra).empty


def test_the_film_ends_with_what_is_read_of_the_model_that_was_kept(tmp_path, datasets):
    run = trained(tmp_path, datasets, "fm")
    model, encoder = run.load_model()
    rows = sample_batch(datasets.get(run.spec().dataset_id).encoded().batch("train"), film.SAMPLE_ROWS)
    best = snapshots(run).query(f"epoch == {run.metrics()['best_epoch']}")
    for readout, expected in {
        "weights": by_weights(model, rows),
        "behaviour": by_behaviour(model, encoder.layout, rows, film.MOST_PAIRS),
    }.items():
        shown = best[best["readout"] == readout].drop(columns=["epoch", "readout"]).reset_index(drop=True)
        pd.testing.assert_frame_equal(shown, expected[["field_a", "field_b", "strength"]])


def test_one_field_makes_no_film():
    encoder, batch = encoded()
    layout = FieldLayout(("price",), (), (), {})
    alone = Batch(batch.numeric[:, :1], batch.categorical[:, :0], {}, batch.labels)
    assert film.measured("FM", random_model("fm", layout), layout, alone).is_empty()
    assert len(film.measured("FM", random_model("fm", encoder.layout), encoder.layout, batch)) == 2 * 21
