"""A peer trained until it gets no better, and the rows that it reads beside us."""

import json
import sys
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
import quality_movielens as movielens
import torch
from peers import fitting
from peers.recipes import Recipe
from peers.rows import Rows, Table, make_histories, write_table
from peers.worker import Stopwatch

from ctr_app.data.ingest import Request, ingest
from ctr_app.data.schema import Corrections
from ctr_app.data.store import DatasetStore
from ctr_app.training.launch import configs_for
from ctr_app.training.metrics import Metrics

LABELS = np.array([0, 1, 0, 1, 1, 0], dtype=np.float32)
RECIPE = Recipe("din", "DIN", "histories", 0.01, batch_size=64, embedding_dim=4, mlp_sizes=(8,), attention_sizes=(4,))


class PretendLearner:
    """Its validation AUC follows a list; its test scores are the epoch's number."""

    def __init__(self, *is_right: float) -> None:
        self.is_right, self.epoch, self.slowed = is_right, 0, []
        self.model = SimpleNamespace(lr_decay=lambda: self.slowed.append(self.epoch))

    def train_epoch(self, watch: Stopwatch) -> None:
        self.epoch += 1
        watch.wall += 1.0

    def scores(self) -> np.ndarray:
        of_valid = LABELS[:4] * self.is_right[self.epoch - 1]
        return np.concatenate([of_valid, [self.epoch, self.epoch]])


def job(**changes: object) -> fitting.FitJob:
    return fitting.FitJob(
        **{"recipe": RECIPE, "table": "", "num_valid": 4, "seed": 0, "epochs": 9, "patience": 2} | changes
    )


def test_a_fit_ends_when_patience_is_out_and_keeps_the_best_epochs_scores() -> None:
    learner = PretendLearner(-1, 1, 0, 1, 1)
    done, scores = fitting.fit(learner, job(), LABELS)
    assert (done.valid_auc, done.best_epoch, done.epochs, done.seconds) == (1.0, 2, 4, 4.0)
    assert scores.tolist() == [2, 2]
    assert learner.slowed == [3], "FuxiCTR lowers its learning rate after an epoch without gain"


def test_a_fit_ends_with_its_epochs_and_a_peer_without_a_schedule_has_none() -> None:
    learner = PretendLearner(1, 0, 0)
    learner.model = torch.nn.Linear(1, 1)
    done, scores = fitting.fit(learner, job(epochs=2, patience=5), LABELS)
    assert (done.best_epoch, done.epochs, scores.tolist()) == (1, 2, [1, 1])


def test_a_job_survives_its_file() -> None:
    assert fitting.FitJob.from_json(job().to_json()) == job()


def test_a_peer_is_fitted_in_a_process_of_its_own_and_its_words_are_told_if_it_fails(tmp_path) -> None:
    made = make_histories(400)
    path = write_table(made, tmp_path / "table")
    asked = job(table=str(path), num_valid=50, epochs=2)
    done, scores = movielens.fit_peer(sys.executable, "ours", asked, tmp_path / "fit")
    assert done.epochs == 2
    assert 0.0 < done.valid_auc < 1.0
    assert scores.shape == (30,)
    assert json.loads((tmp_path / "fit" / "fit.json").read_text())["best_epoch"] == done.best_epoch
    with pytest.raises(SystemExit, match=r"No module named 'peers\.nobody'"):
        movielens.fit_peer(sys.executable, "nobody", asked, tmp_path / "nobody")


def test_peers_have_the_sizes_of_our_defaults() -> None:
    model, training = configs_for("din", {})
    asked = movielens.job_for("table", 0.5, 3, 10)
    assert (asked.recipe.learning_rate, asked.seed, asked.num_valid) == (0.5, 3, 10)
    assert (asked.recipe.embedding_dim, asked.recipe.mlp_sizes) == (model.embedding_dim, model.mlp_sizes)
    assert (asked.recipe.batch_size, asked.patience) == (training.batch_size, training.patience)


def test_peers_read_our_arrays_the_test_rows_after_the_validation_rows(tmp_path) -> None:
    random, sizes = np.random.default_rng(0), {"train": 80, "valid": 20, "test": 30}
    for split, rows in sizes.items():
        items = random.integers(0, 9, (rows, 4)).astype(str)
        columns = {name: random.integers(0, 5, rows).astype(str) for name in movielens.CATEGORICAL}
        frame = pl.DataFrame(columns | {"history": items.tolist(), "label": np.arange(rows) % 2})
        frame.write_parquet(tmp_path / f"{split}.parquet")
    said = Corrections(label="label", categorical=movielens.CATEGORICAL, sequences={"history": "item"}, group="user")
    paths = [str(tmp_path / f"{split}.parquet") for split in sizes]
    encoded = ingest(Request(*paths, corrections=said), DatasetStore(tmp_path / "data"))[0].encoded()
    table = movielens.table_of(encoded)
    assert list(table.sizes) == list(movielens.CATEGORICAL)
    assert (len(table.train), len(table.valid)) == (80, 50)
    np.testing.assert_array_equal(table.valid.labels[20:], encoded.rows("test").labels)
    np.testing.assert_array_equal(table.valid.history[20:], encoded.rows("test").sequences["history"])
    np.testing.assert_array_equal(table.train.categorical, encoded.rows("train").categorical)


def scored(title: str, *aucs: float) -> movielens.Scored:
    return movielens.Scored(title, [0.7] * len(aucs), [Metrics(10, auc, 0.5, auc - 0.1) for auc in aucs])


def test_our_din_is_in_bold_where_a_peers_is_better() -> None:
    ours, weaker, stronger = scored("ours", 0.70, 0.72), scored("weaker", 0.70, 0.71), scored("stronger", 0.72, 0.73)
    without = scored("without", 0.65, 0.66)
    assert "| ours | 0.7100 ±" in movielens.table_100k([ours, weaker], without)
    assert "| ours | **0.7100 ±" in movielens.table_100k([ours, weaker, stronger], without)


def test_more_than_the_interval_is_said_in_numbers() -> None:
    ours = scored("ours", 0.70, 0.71, 0.72)
    assert "**" not in movielens.over_in_words(ours, scored("without", 0.60, 0.61, 0.62))
    assert "**+0.0050 ±" in movielens.over_in_words(ours, scored("without", 0.695, 0.705, 0.715))
    assert movielens.over_in_words(scored("ours", 0.7), scored("without", 0.6)).count("+0.1000 in") == 2


def test_the_table_of_a_peer_can_be_read_back(tmp_path) -> None:
    empty = np.zeros((2, 0), np.float32)
    rows = Rows(empty, np.ones((2, 1), np.int32), np.ones((2, 3), np.int32), np.array([0, 1], np.float32))
    assert fitting.read_table(write_table(Table({"item": 5}, rows, rows), tmp_path / "t")).has_history
